#include "rules/decide/urlmatch.h"

#include "rules/bundle/urlrules.h"

/* Eight bytes at once: a byte gets 0x20 where it is A to Z. */
static uint64_t lower_word(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = word & ones * 0x7f;
    uint64_t from_a = low + ones * (0x80 - 'A');
    uint64_t beyond_z = low + ones * (0x7f - 'Z');

    return word | (((from_a ^ beyond_z) & ~word & ones * 0x80) >> 2);
}

static void lower_copy(char *to, const char *from, size_t n)
{
    uint64_t word;

    for (; n >= sizeof(word); n -= sizeof(word)) {
        memcpy(&word, from, sizeof(word));
        word = lower_word(word);
        memcpy(to, &word, sizeof(word));
        from += sizeof(word);
        to += sizeof(word);
    }
    for (; n != 0; n--) {
        *to++ = (char)lower_word((unsigned char)*from++);
    }
}

void urlmatch_init(struct urlmatch *out, const struct cop_url *url,
    const struct cop_facts *facts)
{
    out->url = url;
    out->source =
        facts != NULL && facts->source != NULL ? facts->source : &url->host;
    out->party = PARTY_UNKNOWN;
    out->host_at = (uint16_t)(strlen(cop_scheme_name(url->scheme)) + 3);
    out->type =
        (uint16_t)(1U << (facts != NULL ? (unsigned)facts->resource & 15U
                                        : (unsigned)COP_RESOURCE_DOCUMENT));
    out->method = urlrule_method(
        facts != NULL && facts->method.n != 0 ? facts->method : COP_LIT("GET"));
    lower_copy(out->store, url->text.p, url->text.n);
    out->lower = (struct cop_slice){out->store, url->text.n};
}

/* What ^ stands for. */
static bool is_separator(char c)
{
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
             c == '%');
}

/* Whether what is left of a body needs no text: ^ also stands for the end. */
static bool is_spent(struct cop_slice body, size_t at)
{
    while (at < body.n && (body.p[at] == '^' || body.p[at] == '*')) {
        at++;
    }
    return at == body.n;
}

/* The next place from `at` where a literal byte is; the end when none is. */
static size_t seek(struct cop_slice text, size_t at, char c)
{
    const char *found = memchr(text.p + at, c, text.n - at);

    return found != NULL ? (size_t)(found - text.p) : text.n;
}

/* Match a body from `at`, or anywhere behind it when it floats. Only the last
 * star is ever gone back to, which is enough: what is before it has matched as
 * early as can be. */
static bool glob(
    struct cop_slice text, size_t at, struct cop_slice body, unsigned how)
{
    enum { FLOATS = 1, TO_END = 2 };
    bool has_star = (how & FLOATS) != 0;
    size_t star = 0; /* in the body, behind the star */
    size_t mark = at;
    size_t i = 0;

    for (;;) {
        if (i < body.n && body.p[i] == '*') {
            has_star = true;
            star = ++i;
            mark = at;
            continue;
        }
        if (i == body.n && ((how & TO_END) == 0 || at == text.n)) {
            return true;
        }
        if (at == text.n) {
            if (i < body.n && is_spent(body, i)) {
                return true;
            }
        } else if (i < body.n &&
                   (body.p[i] == text.p[at] ||
                       (body.p[i] == '^' && is_separator(text.p[at])))) {
            i++;
            at++;
            continue;
        }
        if (!has_star || mark >= text.n) {
            return false;
        }
        mark++;
        if (star < body.n && body.p[star] != '^' && body.p[star] != '*') {
            mark = seek(text, mark, body.p[star]);
        }
        at = mark;
        i = star;
    }
}

/* The labels of the host, one after the other. */
static bool at_a_label(const struct urlmatch *match, struct cop_slice text,
    struct cop_slice body, unsigned how)
{
    const struct cop_host *host = &match->url->host;
    size_t at = match->host_at;

    if (host->kind != COP_HOST_NAME) {
        return glob(text, at, body, how);
    }
    for (size_t i = 0; i < host->n; i++) {
        if ((i == 0 || host->text[i - 1] == '.') &&
            glob(text, at + i, body, how)) {
            return true;
        }
    }
    return false;
}

bool urlmatch_text(const struct urlmatch *match, struct cop_slice body,
    uint16_t flags, int start)
{
    struct cop_slice text =
        (flags & URLRULE_MATCH_CASE) != 0 ? match->url->text : match->lower;
    unsigned how = (flags & URLRULE_ANCHOR_END) != 0 ? 2 : 0;

    if ((flags & URLRULE_ANCHOR_HOST) != 0) {
        return start >= 0 ? glob(text, (size_t)start, body, how)
                          : at_a_label(match, text, body, how);
    }
    if ((flags & URLRULE_ANCHOR_START) != 0) {
        return glob(text, 0, body, how);
    }
    return glob(text, 0, body, how | 1);
}
