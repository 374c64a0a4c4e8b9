#include "rules/bundle/urlrules.h"

#include <strings.h>

/* What comes before the three texts of a packed rule. */
struct packed {
    uint16_t flags, types, methods;
    uint16_t text_n, from_n, to_n;
};

enum cop_status urlrule_pack(const struct urlrule *rule, struct buf *out)
{
    struct packed head = {
        .flags = rule->flags,
        .types = rule->types,
        .methods = rule->methods,
        .text_n = (uint16_t)rule->text.n,
        .from_n = (uint16_t)rule->from.n,
        .to_n = (uint16_t)rule->to.n,
    };

    if (rule->text.n + rule->from.n + rule->to.n + sizeof(head) > UINT16_MAX) {
        return COP_E_LIMIT;
    }
    buf_add(out, &head, sizeof(head));
    buf_add_slice(out, rule->text);
    buf_add_slice(out, rule->from);
    buf_add_slice(out, rule->to);
    return out->failed ? COP_E_NOMEM : COP_OK;
}

bool urlrule_unpack(struct cop_slice bytes, struct urlrule *out)
{
    struct packed head;

    if (bytes.n < sizeof(head)) {
        return false;
    }
    memcpy(&head, bytes.p, sizeof(head));
    const char *p = bytes.p + sizeof(head);

    *out = (struct urlrule){
        .flags = head.flags,
        .types = head.types,
        .methods = head.methods,
        .text = {p, head.text_n},
        .from = {p + head.text_n, head.from_n},
        .to = {p + head.text_n + head.from_n, head.to_n},
    };
    return bytes.n == sizeof(head) + head.text_n + head.from_n + head.to_n;
}

struct cop_slice urlrule_body(struct cop_slice text, uint16_t flags)
{
    size_t front = (flags & (URLRULE_REGEX | URLRULE_ANCHOR_START)) != 0 ? 1
                   : (flags & URLRULE_ANCHOR_HOST) != 0                  ? 2
                                                                         : 0;
    size_t back = (flags & (URLRULE_REGEX | URLRULE_ANCHOR_END)) != 0 ? 1 : 0;

    if (text.n < front + back) {
        return (struct cop_slice){text.p, 0};
    }
    return (struct cop_slice){text.p + front, text.n - front - back};
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

struct cop_slice urlrule_host(struct cop_slice body)
{
    size_t n = 0;

    while (n < body.n && is_name_byte(body.p[n])) {
        n++;
    }
    if (n == body.n || n > COP_HOST_MAX || body.p[0] == '.' ||
        memchr("^/:?", body.p[n], 4) == NULL) {
        n = 0;
    }
    return (struct cop_slice){body.p, n};
}

uint16_t urlrule_method(struct cop_slice method)
{
    static const char *const methods[] = {"get", "head", "post", "put",
        "delete", "connect", "options", "trace", "patch"};

    if (cop_slice_eq(method, COP_LIT("GET"))) {
        return 1; /* as nearly always */
    }
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (method.n == strlen(methods[i]) &&
            strncasecmp(method.p, methods[i], method.n) == 0) {
            return (uint16_t)(1U << i);
        }
    }
    return (uint16_t)(1U << URLRULE_METHOD_OTHER);
}

bool urlrule_name_next(
    struct cop_slice *names, struct cop_slice *name, bool *is_not)
{
    if (names->n == 0) {
        return false;
    }
    const char *bar = memchr(names->p, '|', names->n);
    size_t n = bar != NULL ? (size_t)(bar - names->p) : names->n;

    *name = (struct cop_slice){names->p, n};
    *is_not = n != 0 && names->p[0] == '~';
    if (*is_not) {
        name->p++;
        name->n--;
    }
    names->p += bar != NULL ? n + 1 : n;
    names->n -= bar != NULL ? n + 1 : n;
    return true;
}

bool urlrule_is_entity(struct cop_slice name)
{
    return name.n > 2 && memcmp(name.p + name.n - 2, ".*", 2) == 0;
}

void urlrule_entities(const struct cop_bundle *bundle,
    const struct cop_host *host, size_t suffix_at, struct hostindex_names *out)
{
    char text[COP_HOST_MAX + 1];

    out->first = 0;
    out->n = 0;
    if (host->kind != COP_HOST_NAME || suffix_at == 0 || suffix_at > host->n) {
        return;
    }
    memcpy(text, host->text, suffix_at);
    text[suffix_at] = '*';
    for (size_t at = 0; at < suffix_at && out->n < HOSTINDEX_NAMES_MAX; at++) {
        if (at == 0 || text[at - 1] == '.') {
            out->hash[out->n++] = hostindex_hash(bundle_header(bundle)->key,
                (struct cop_slice){text + at, suffix_at + 1 - at});
        }
    }
}

uint64_t urlkey_make(enum urlkey_kind kind, bool is_exception, uint64_t hash)
{
    uint64_t salt = (uint64_t)kind * 2 + is_exception + 1;
    uint64_t key = hash ^ salt * UINT64_C(0xd6e8feb86659fd93);

    key ^= key >> 32;
    key *= UINT64_C(0x9e3779b97f4a7c15);
    return key ^ key >> 29;
}

struct urlgram_map urlgram_map(
    const struct cop_bundle *bundle, bool is_exception)
{
    uint32_t words = section_count(bundle, SECTION_URLRULE_GRAMS) / 2;
    struct urlgram_map map = {NULL, 0};

    if (words == 0) {
        return map;
    }
    map.words =
        section_at(bundle, SECTION_URLRULE_GRAMS, is_exception ? words : 0);
    map.bits = (unsigned)(31 - __builtin_clz(words)) + 6;
    return map;
}

struct urlkey_run urlkey_find(const struct cop_bundle *bundle, uint64_t key)
{
    uint32_t buckets = section_count(bundle, SECTION_URLRULE_BUCKETS);
    struct urlkey_run run = {0, 0};

    if (buckets < 2) {
        return run;
    }
    unsigned bits = (unsigned)(31 - __builtin_clz(buckets - 1));
    uint32_t bucket = urlkey_bucket(key, bits);
    const uint32_t *from = section_at(bundle, SECTION_URLRULE_BUCKETS, bucket);
    const uint32_t *to =
        section_at(bundle, SECTION_URLRULE_BUCKETS, bucket + 1);
    uint32_t check = urlkey_check(key);

    for (uint32_t at = *from; at < *to; at++) {
        const struct format_urlkey *entry = bundle_urlkey(bundle, at);

        if (entry->check == check) {
            run.at = run.n == 0 ? at : run.at;
            run.n++;
        } else if (entry->check > check) {
            break;
        }
    }
    return run;
}

static uint64_t name_at(const struct cop_bundle *bundle, uint32_t at)
{
    const uint64_t *name = section_at(bundle, SECTION_URLRULE_NAMES, at);

    return *name;
}

bool urlrule_names_have(
    const struct cop_bundle *bundle, uint32_t at, uint32_t n, uint64_t hash)
{
    while (n > 0) {
        uint32_t half = n / 2;
        uint64_t name = name_at(bundle, at + half);

        if (name == hash) {
            return true;
        }
        if (name < hash) {
            at += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return false;
}
