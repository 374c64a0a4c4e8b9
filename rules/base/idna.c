/* Rules H3 and H4 of docs/canonical-form.md: mapping through libidn2, and where
 * that is not what browsers do.
 *
 * libidn2 applies UTS-46 and then, in addition, the rules of IDNA2008 for
 * looking names up (RFC 5891, section 5.4), which forbid symbols. Browsers
 * apply UTS-46 alone, so names with symbols, emoji above all, exist and are
 * visited. Of an A-label, libidn2 checks UTS-46 validity first and fails with
 * IDN2_INVALID_NONTRANSITIONAL; if it says IDN2_DISALLOWED, that part was
 * good and only IDNA2008 objects. So we accept such an A-label as it is, and
 * bring a U-label that was refused so into A-label form to ask again.
 *
 * Labels are mapped one by one, because libidn2 would judge plain ASCII labels
 * too, by rules that browsers do not have ("ab--c"). */
#include "rules/base/idna.h"

#include <stdbool.h>
#include <string.h>

#include <idn2.h>

#include "cop/host.h"
#include "rules/base/punycode.h"

static const char ace[] = "xn--";
enum {
    ACE_BYTES = 4,
    /* Bytes of one label that are worth mapping: 63 characters of four bytes,
     * and as many that the mapping drops. */
    LABEL_INPUT_MAX = 2 * 4 * COP_LABEL_MAX,
    IDN2_FLAGS = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT
};

struct writer {
    char *p;
    size_t n;
    size_t cap;
};

static bool writer_add(struct writer *w, const char *bytes, size_t n)
{
    if (n > w->cap - w->n) {
        return false;
    }
    memcpy(w->p + w->n, bytes, n);
    w->n += n;
    return true;
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_ascii(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if ((unsigned char)text.p[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* Bytes of a full stop at p: U+002E, or one that UTS-46 maps to it (U+3002,
 * U+FF0E, U+FF61); 0 for anything else. */
static size_t stop_bytes(const char *p, size_t n)
{
    if (*p == '.') {
        return 1;
    }
    if (n >= 3 && (memcmp(p, "\xE3\x80\x82", 3) == 0 ||
                      memcmp(p, "\xEF\xBC\x8E", 3) == 0 ||
                      memcmp(p, "\xEF\xBD\xA1", 3) == 0)) {
        return 3;
    }
    return 0;
}

/* A code point of UTF-8 that libidn2 found well-formed. */
static uint32_t point_read(const unsigned char *p, size_t *n)
{
    if (p[0] < 0x80) {
        *n = 1;
        return p[0];
    }
    if (p[0] < 0xE0) {
        *n = 2;
        return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
    }
    if (p[0] < 0xF0) {
        *n = 3;
        return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
    }
    *n = 4;
    return (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 |
           (p[3] & 0x3Fu);
}

static enum cop_status status_of(int rc)
{
    switch (rc) {
    case IDN2_OK:
        return COP_OK;
    case IDN2_MALLOC:
        return COP_E_NOMEM;
    case IDN2_TOO_BIG_LABEL:
    case IDN2_TOO_BIG_DOMAIN:
    case IDN2_PUNYCODE_BIG_OUTPUT:
        return COP_E_LIMIT;
    default:
        return COP_E_SYNTAX;
    }
}

static enum cop_status map_with_idn2(
    const char *label, struct writer *w, int *rc)
{
    uint8_t *mapped = NULL;
    bool fits;

    *rc = idn2_lookup_u8((const uint8_t *)label, &mapped, IDN2_FLAGS);
    if (*rc != IDN2_OK) {
        return status_of(*rc);
    }
    fits = writer_add(w, (const char *)mapped, strlen((const char *)mapped));
    idn2_free(mapped);
    return fits ? COP_OK : COP_E_LIMIT;
}

/* Letters written from right to left, by the blocks that hold them. */
static bool is_rtl(uint32_t point)
{
    return (point >= 0x0590 && point <= 0x08FF) || point == 0x200F ||
           (point >= 0xFB1D && point <= 0xFDFF) ||
           (point >= 0xFE70 && point <= 0xFEFF) ||
           (point >= 0x10800 && point <= 0x10FFF) ||
           (point >= 0x1E800 && point <= 0x1EFFF);
}

/* What libidn2 would have judged after the symbols: joiners, whose contexts
 * (RFC 5892, appendix A) hold no symbol, and the Bidi rule (RFC 5893), by which
 * we allow no mixture. */
static enum cop_status symbols_check(const char *label)
{
    enum cop_status status = COP_OK;
    uint32_t *points = NULL;
    int rc = idn2_to_unicode_8z4z(label, &points, 0);

    if (rc != IDN2_OK) {
        return status_of(rc);
    }
    for (size_t i = 0; points[i] != 0; i++) {
        if (points[i] == 0x200C || points[i] == 0x200D || is_rtl(points[i])) {
            status = COP_E_SYNTAX;
        }
    }
    idn2_free(points);
    return status;
}

/* An A-label in lower case that ends in NUL. */
static enum cop_status map_ace(const char *label, struct writer *w)
{
    int rc;
    enum cop_status status = map_with_idn2(label, w, &rc);

    if (rc != IDN2_DISALLOWED) {
        return status;
    }
    status = symbols_check(label);
    if (status != COP_OK) {
        return status;
    }
    return writer_add(w, label, strlen(label)) ? COP_OK : COP_E_LIMIT;
}

/* A U-label that libidn2 refuses for its symbols. */
static enum cop_status map_symbols(const char *label, struct writer *w)
{
    uint32_t points[COP_LABEL_MAX];
    char text[COP_LABEL_MAX + 1];
    size_t points_n = 0;
    size_t n = strlen(label);
    size_t text_n = 0;

    for (size_t i = 0; i < n;) {
        size_t bytes;

        if (points_n == COP_LABEL_MAX) {
            return COP_E_LIMIT;
        }
        points[points_n++] =
            point_read((const unsigned char *)label + i, &bytes);
        i += bytes;
    }
    memcpy(text, ace, ACE_BYTES);
    if (!punycode_encode(points, points_n, text + ACE_BYTES,
            COP_LABEL_MAX - ACE_BYTES, &text_n)) {
        return COP_E_LIMIT;
    }
    text[ACE_BYTES + text_n] = '\0';
    return map_ace(text, w);
}

/* ASCII in lower case, and U+1E9E to U+00DF: libidn2's tables still say "ss",
 * UTS-46 has changed in Unicode 15.1. Ends in NUL; returns the bytes before. */
static size_t label_lower(struct cop_slice label, char out[LABEL_INPUT_MAX + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < label.n; i++) {
        if (label.n - i >= 3 && memcmp(label.p + i, "\xE1\xBA\x9E", 3) == 0) {
            out[n++] = '\xC3';
            out[n++] = '\x9F';
            i += 2;
        } else {
            out[n++] = ascii_lower(label.p[i]);
        }
    }
    out[n] = '\0';
    return n;
}

static enum cop_status label_map(struct cop_slice label, struct writer *w)
{
    char lower[LABEL_INPUT_MAX + 1];
    int rc;

    if (label.n > LABEL_INPUT_MAX) {
        return COP_E_LIMIT;
    }
    size_t n = label_lower(label, lower);
    bool is_ace = n >= ACE_BYTES && memcmp(lower, ace, ACE_BYTES) == 0;

    if (is_ascii(label) && is_ace) {
        return map_ace(lower, w);
    }
    if (is_ascii(label)) {
        return writer_add(w, lower, n) ? COP_OK : COP_E_LIMIT;
    }
    enum cop_status status = map_with_idn2(lower, w, &rc);

    if (rc == IDN2_DISALLOWED && !is_ace) {
        return map_symbols(lower, w);
    }
    return status;
}

/* The next label of *rest, which moves behind the full stop that ended it.
 * Returns whether there was one. */
static bool label_take(struct cop_slice *rest, struct cop_slice *label)
{
    size_t stop = 0;
    size_t i = 0;

    while (i < rest->n && stop == 0) {
        stop = stop_bytes(rest->p + i, rest->n - i);
        i += stop == 0;
    }
    *label = (struct cop_slice){rest->p, i};
    rest->p += i + stop;
    rest->n -= i + stop;
    return stop != 0;
}

enum cop_status idna_map(
    struct cop_slice name, char *out, size_t cap, size_t *out_n)
{
    struct writer w = {.p = out, .cap = cap};
    struct cop_slice label;
    bool more;

    do {
        more = label_take(&name, &label);
        enum cop_status status = label_map(label, &w);

        if (status != COP_OK) {
            return status;
        }
        if (more && !writer_add(&w, ".", 1)) {
            return COP_E_LIMIT;
        }
    } while (more);
    *out_n = w.n;
    return COP_OK;
}
