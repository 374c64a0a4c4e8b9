#include "gateway/notice/choose.h"

#include "gateway/http/syntax.h"

enum { RANGES_MAX = 16, TAG_MAX = 35, ACCEPT_BYTES_MAX = 2048 };

/* A qvalue (RFC 9110 12.4.2) in thousandths; -1 when it is none. */
static int read_q(struct cop_slice text)
{
    static const int units[] = {1000, 0, 100, 10, 1};
    int q = 0;

    if (text.n == 0 || text.n > 5) {
        return -1;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (i == 1 ? text.p[i] != '.' : text.p[i] < '0' || text.p[i] > '9') {
            return -1;
        }
        q += i == 1 ? 0 : (text.p[i] - '0') * units[i];
    }
    return q <= 1000 ? q : -1;
}

unsigned choose_weight(struct cop_slice member, struct cop_slice *value)
{
    struct cop_slice rest;
    int q = 1000;

    *value = http_trim(http_cut(member, ';', &rest));
    while (rest.n != 0) {
        struct cop_slice parameter = http_trim(http_cut(rest, ';', &rest));

        if (parameter.n >= 2 &&
            (parameter.p[0] == 'q' || parameter.p[0] == 'Q') &&
            parameter.p[1] == '=') {
            parameter.p += 2;
            parameter.n -= 2;
            q = read_q(parameter);
        }
    }
    return q > 0 ? (unsigned)q : 0;
}

bool choose_is_tag(struct cop_slice tag)
{
    size_t letters = 0;

    for (size_t i = 0; i < tag.n; i++) {
        char c = tag.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (i > 1 && c >= '0' && c <= '9');

        if (c == '-' ? letters == 0 : !is_plain || letters == 8) {
            return false;
        }
        letters = c == '-' ? 0 : letters + 1;
    }
    return tag.n <= TAG_MAX && letters != 0;
}

bool choose_is_rtl(struct cop_slice tag)
{
    static const char *const languages[] = {"ar", "arc", "ckb", "dv", "fa",
        "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"};
    struct cop_slice rest;
    struct cop_slice primary = http_cut(tag, '-', &rest);

    for (size_t i = 0; i < sizeof(languages) / sizeof(*languages); i++) {
        if (http_same(primary, cop_slice_of(languages[i]))) {
            return true;
        }
    }
    return false;
}

static void add(struct choice *choice, struct cop_slice tag)
{
    for (size_t i = 0; i < choice->n; i++) {
        if (http_same(choice->tags[i], tag)) {
            return;
        }
    }
    if (choice->n < CHOOSE_LANGUAGES_MAX && choose_is_tag(tag)) {
        choice->tags[choice->n++] = tag;
    }
}

struct range {
    struct cop_slice tag;
    unsigned weight;
};

/* Keep `ranges` ordered by weight, equals as they came. */
static void insert(struct range *ranges, size_t n, struct range range)
{
    size_t at = n;

    while (at != 0 && ranges[at - 1].weight < range.weight) {
        ranges[at] = ranges[at - 1];
        at--;
    }
    ranges[at] = range;
}

static void add_accepted(struct choice *choice, struct cop_slice list)
{
    struct range ranges[RANGES_MAX];
    size_t n = 0;

    list.n = list.n < ACCEPT_BYTES_MAX ? list.n : ACCEPT_BYTES_MAX;
    while (list.n != 0 && n < RANGES_MAX) {
        struct range range;
        struct cop_slice member = http_cut(list, ',', &list);

        range.weight = choose_weight(member, &range.tag);
        if (range.weight != 0 && choose_is_tag(range.tag)) {
            insert(ranges, n, range);
            n++;
        }
    }
    for (size_t i = 0; i < n; i++) {
        add(choice, ranges[i].tag);
    }
}

void choose_languages(const struct http_head *request,
    const struct cop_slice *site, uint32_t site_n, struct choice *out)
{
    const struct http_field *accept =
        request != NULL ? http_field_find(request, FIELD_ACCEPT_LANGUAGE)
                        : NULL;

    out->n = 0;
    if (accept != NULL) {
        add_accepted(out, accept->value);
    }
    for (uint32_t i = 0; i < site_n; i++) {
        add(out, site[i]);
    }
    add(out, COP_LIT("en"));
}
