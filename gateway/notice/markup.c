#include "gateway/notice/markup.h"

/* Bytes of the UTF-8 sequence that a text begins with (RFC 3629 4); 0 when it
 * is malformed. */
static size_t sequence(struct cop_slice text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    unsigned first = p[0];
    size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (n == 1) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4 || text.n < n) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates, and what is beyond U+10FFFF. */
    if ((first == 0xe0 && p[1] < 0xa0) || (first == 0xed && p[1] > 0x9f) ||
        (first == 0xf0 && p[1] < 0x90) || (first == 0xf4 && p[1] > 0x8f)) {
        return 0;
    }
    return n;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* C0, DEL, and C1, which is C2 80 to C2 9F. */
static bool is_control(struct cop_slice text)
{
    unsigned char first = (unsigned char)text.p[0];

    return first < 0x20 || first == 0x7f ||
           (first == 0xc2 && (unsigned char)text.p[1] < 0xa0);
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void add_text(struct buf *out, struct cop_slice text, bool is_html)
{
    while (text.n != 0) {
        size_t n = sequence(text);
        const char *name = is_html ? entity(*text.p) : NULL;

        if (is_space(*text.p)) {
            buf_add_char(out, ' ');
        } else if (n == 0 || is_control(text)) {
            buf_add_slice(out, COP_LIT("\xef\xbf\xbd"));
        } else if (name != NULL) {
            buf_add_slice(out, cop_slice_of(name));
        } else {
            buf_add(out, text.p, n);
        }
        n = n != 0 ? n : 1;
        text.p += n;
        text.n -= n;
    }
}

void markup_plain(struct buf *out, struct cop_slice text)
{
    add_text(out, text, false);
}

void markup_text(struct buf *out, struct cop_slice text)
{
    add_text(out, text, true);
}

static size_t scheme_length(struct cop_slice text)
{
    static const struct {
        const char *text;
        size_t n;
    } schemes[] = {{"https://", 8}, {"http://", 7}};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        if (text.n > schemes[i].n &&
            memcmp(text.p, schemes[i].text, schemes[i].n) == 0) {
            return schemes[i].n;
        }
    }
    return 0;
}

static bool is_url_byte(char c)
{
    return c > ' ' && c < 0x7f && c != '<' && c != '>' && c != '"' &&
           c != '\\' && c != '^' && c != '`' && c != '{' && c != '|' &&
           c != '}';
}

/* Bytes of the URL that a text begins with; 0 for none. Punctuation at its end
 * belongs to the sentence. */
static size_t url_length(struct cop_slice text)
{
    size_t scheme = scheme_length(text);
    size_t n = scheme;

    if (scheme == 0) {
        return 0;
    }
    while (n < text.n && is_url_byte(text.p[n])) {
        n++;
    }
    while (n > scheme && strchr(".,;:!?)'", text.p[n - 1]) != NULL) {
        n--;
    }
    return n > scheme ? n : 0;
}

bool markup_is_url(struct cop_slice text)
{
    return text.n != 0 && url_length(text) == text.n;
}

static void add_link(struct buf *out, struct cop_slice url)
{
    buf_add_slice(out, COP_LIT("<a rel=\"noreferrer\" dir=\"ltr\" href=\""));
    markup_text(out, url);
    buf_add_slice(out, COP_LIT("\">"));
    markup_text(out, url);
    buf_add_slice(out, COP_LIT("</a>"));
}

void markup_links(struct buf *out, struct cop_slice text)
{
    size_t from = 0;
    size_t at = 0;

    if (text.n == 0) {
        return;
    }
    while (at < text.n) {
        struct cop_slice url = {text.p + at, text.n - at};

        url.n = url_length(url);
        if (url.n == 0) {
            at++;
            continue;
        }
        markup_text(out, (struct cop_slice){text.p + from, at - from});
        add_link(out, url);
        at += url.n;
        from = at;
    }
    markup_text(out, (struct cop_slice){text.p + from, at - from});
}
