#include "rules/base/urltext.h"

#include <string.h>

#include "rules/base/hex.h"

/* What a byte may be in a path (P_) and in a query (Q_). */
enum {
    P_RAW = 1,  /* stands for itself */
    P_SAME = 2, /* and its triplet means the same: decoded */
    Q_RAW = 4,
    Q_SAME = 8,
    ANY = P_RAW | P_SAME | Q_RAW | Q_SAME
};

/* U9, U10: unreserved characters of RFC 3986, and the "marks" that RFC 2396
 * counted among them, are the same in either spelling; so are those delimiters
 * that delimit nothing in a path. The others may be told apart by a server. */
static const unsigned char url_byte[256] = {
    ['a' ... 'z'] = ANY,
    ['A' ... 'Z'] = ANY,
    ['0' ... '9'] = ANY,
    ['-'] = ANY,
    ['.'] = ANY,
    ['_'] = ANY,
    ['~'] = ANY,
    ['!'] = ANY,
    ['*'] = ANY,
    ['('] = ANY,
    [')'] = ANY,
    ['\''] = P_RAW | P_SAME, /* U12: browsers encode it in a query */
    ['$'] = P_RAW | P_SAME | Q_RAW,
    [','] = P_RAW | P_SAME | Q_RAW,
    [':'] = P_RAW | P_SAME | Q_RAW,
    ['@'] = P_RAW | P_SAME | Q_RAW,
    ['+'] = P_RAW | Q_RAW,
    ['&'] = P_RAW | Q_RAW,
    [';'] = P_RAW | Q_RAW,
    ['='] = P_RAW | Q_RAW,
    ['/'] = Q_RAW,
    ['?'] = Q_RAW,
};

static void text_add_char(struct urltext *t, char c)
{
    if (t->n == sizeof(t->text)) {
        t->is_full = true;
        return;
    }
    t->text[t->n++] = c;
}

void urltext_add(struct urltext *t, struct cop_slice text)
{
    if (text.n > sizeof(t->text) - t->n) {
        t->is_full = true;
        return;
    }
    memcpy(t->text + t->n, text.p, text.n);
    t->n += text.n;
}

static void text_add_encoded(struct urltext *t, char c)
{
    unsigned char byte = (unsigned char)c;
    char triplet[] = {'%', hex_digit(byte >> 4), hex_digit(byte & 15)};

    urltext_add(t, (struct cop_slice){triplet, sizeof(triplet)});
}

/* U9: a triplet. It is decoded if its byte means the same either way, unless
 * the byte would become part of a new triplet with a "%" that stands alone
 * before it: "%%341" must not become "%41", which is another spelling of "A".
 *
 * stray   bytes at the end of the text that such a "%" began: 0, 1 or 2 */
static void triplet_add(
    struct urltext *t, char c, unsigned char same, unsigned stray)
{
    bool joins = stray != 0 && hex_value(c) >= 0;

    if ((url_byte[(unsigned char)c] & same) != 0 && !joins) {
        text_add_char(t, c);
    } else {
        text_add_encoded(t, c);
    }
}

/* U9, U10, U11: a run of bytes without delimiters that are ours.
 * raw, same   the bits of url_byte for this part of the URL */
static void text_add_run(struct urltext *t, struct cop_slice text,
    unsigned char raw, unsigned char same)
{
    unsigned stray = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '%') {
            int high = text.n - i > 2 ? hex_value(text.p[i + 1]) : -1;
            int low = text.n - i > 2 ? hex_value(text.p[i + 2]) : -1;

            if (high < 0 || low < 0) {
                text_add_char(t, c);
                stray = 1;
                continue;
            }
            triplet_add(t, (char)(high << 4 | low), same, stray);
            i += 2;
            stray = 0;
        } else if ((url_byte[(unsigned char)c] & raw) != 0) {
            text_add_char(t, c);
            stray = stray == 1 && hex_value(c) >= 0 ? 2 : 0;
        } else {
            text_add_encoded(t, c);
            stray = 0;
        }
    }
}

/* Where the segment before the one at `start` begins; the root has none. */
static size_t segment_before(const struct urltext *t, size_t start)
{
    size_t slash = start - 1;
    const char *before;

    if (slash == t->path) {
        return start;
    }
    before = memrchr(t->text + t->path, '/', slash - t->path);
    return (size_t)(before + 1 - t->text);
}

/* U8: whether the segment that ends the text was a dot segment; it is then
 * gone, and with ".." the one before it. */
static bool segment_resolve(struct urltext *t, size_t start)
{
    size_t n = t->n - start;

    if (n == 1 && t->text[start] == '.') {
        t->n = start;
        return true;
    }
    if (n == 2 && t->text[start] == '.' && t->text[start + 1] == '.') {
        t->n = segment_before(t, start);
        return true;
    }
    return false;
}

static size_t segment_bytes(struct cop_slice path)
{
    size_t n = 0;

    while (n < path.n && path.p[n] != '/' && path.p[n] != '\\') {
        n++;
    }
    return n;
}

/* U7 to U11. `path` is empty or begins with a slash of either kind. */
void urltext_add_path(struct urltext *t, struct cop_slice path)
{
    t->path = t->n;
    text_add_char(t, '/');
    while (path.n != 0 && !t->is_full) {
        size_t start = t->n;

        path.p++;
        path.n--;
        size_t n = segment_bytes(path);

        text_add_run(t, (struct cop_slice){path.p, n}, P_RAW, P_SAME);
        path.p += n;
        path.n -= n;
        if (!segment_resolve(t, start) && path.n != 0) {
            text_add_char(t, '/');
        }
    }
}

/* U15: in order, and "?" alone stays. */
void urltext_add_query(struct urltext *t, struct cop_slice query)
{
    t->query = t->n;
    if (query.p != NULL) {
        text_add_char(t, '?');
        text_add_run(t, query, Q_RAW, Q_SAME);
    }
}
