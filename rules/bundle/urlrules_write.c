/* Laying out the rules in Adblock syntax and the keys that find them. */
#include <stdlib.h>

#include "rules/bundle/hostindex.h"
#include "rules/bundle/urlchoice.h"
#include "rules/bundle/writer.h"

struct key {
    uint64_t key;
    uint32_t urlrule;
};

/* Grams that rules are found by. */
struct found {
    uint32_t *p;
    size_t n;
    size_t cap;
};

struct work {
    struct writer *w;
    struct urlchoice choice;
    struct key *keys;
    size_t keys_n;
    size_t keys_cap;
    struct found found[2]; /* of blocking rules and of exceptions */
};

/* ---- keys ---- */

static void key_add(struct work *work, uint32_t urlrule, enum urlkey_kind kind,
    bool is_exception, uint64_t hash)
{
    if (work->keys_n == work->keys_cap) {
        size_t cap = work->keys_cap * 2 + 1024;
        struct key *grown = realloc(work->keys, cap * sizeof(grown[0]));

        if (grown == NULL) {
            writer_fail(work->w, COP_E_NOMEM);
            return;
        }
        work->keys = grown;
        work->keys_cap = cap;
    }
    work->keys[work->keys_n++] =
        (struct key){urlkey_make(kind, is_exception, hash), urlrule};
}

/* A key for each source, or false when it speaks of any. */
static bool sources_add(
    struct work *work, uint32_t urlrule, const struct urlrule *rule)
{
    struct cop_slice names = rule->from;
    struct cop_slice name;
    bool is_not = false;
    bool has_any = false;

    while (urlrule_name_next(&names, &name, &is_not)) {
        if (!is_not) {
            key_add(work, urlrule, URLKEY_SOURCE,
                (rule->flags & URLRULE_EXCEPTION) != 0,
                hostindex_hash(work->w->key, name));
            has_any = true;
        }
    }
    return has_any;
}

static void gram_add(
    struct work *work, uint32_t urlrule, bool is_exception, uint32_t gram)
{
    struct found *found = &work->found[is_exception];

    key_add(work, urlrule, URLKEY_GRAM, is_exception, gram);
    if (found->n == found->cap) {
        size_t cap = found->cap * 2 + 1024;
        uint32_t *grown = realloc(found->p, cap * sizeof(grown[0]));

        if (grown == NULL) {
            writer_fail(work->w, COP_E_NOMEM);
            return;
        }
        found->p = grown;
        found->cap = cap;
    }
    found->p[found->n++] = gram;
}

/* The host that a rule's text begins with; empty when it names none. */
static struct cop_slice host_of(const struct urlrule *rule)
{
    struct cop_slice body = urlrule_body(rule->text, rule->flags);

    return (rule->flags & URLRULE_ANCHOR_HOST) != 0 && body.n != 0
               ? urlrule_host(body)
               : (struct cop_slice){NULL, 0};
}

static void rule_index(
    struct work *work, uint32_t urlrule, const struct urlrule *rule)
{
    bool is_exception = (rule->flags & URLRULE_EXCEPTION) != 0;
    struct cop_slice host = host_of(rule);
    struct urlchoice_grams grams;

    if (host.n != 0) {
        key_add(work, urlrule, URLKEY_HOST, is_exception,
            hostindex_hash(work->w->key, host));
        return;
    }
    if (urlchoice_make(&work->choice, rule, &grams) != COP_OK) {
        writer_fail(work->w, COP_E_NOMEM);
        return;
    }
    if (!grams.are_good && sources_add(work, urlrule, rule)) {
        return;
    }
    if (grams.n == 0) {
        key_add(work, urlrule, URLKEY_ALWAYS, is_exception, 0);
        return;
    }
    for (size_t i = 0; i < grams.n; i++) {
        gram_add(work, urlrule, is_exception, grams.p[i]);
    }
}

/* ---- records ---- */

static int hash_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Labels as the host indices count them, so that no name is passed over. */
static void labels_note(struct writer *w, struct cop_slice name)
{
    uint32_t labels = 1;

    for (size_t i = 0; i < name.n; i++) {
        labels += name.p[i] == '.';
    }
    if (name.n != 0 && labels <= HOSTINDEX_NAMES_MAX) {
        writer_note_labels(w, labels);
    }
}

/* Append the hashes of a list's names, those with ~ or those without, in
 * order. Returns their number. */
static uint16_t names_add(struct writer *w, struct cop_slice names, bool want)
{
    uint32_t first = writer_count(w, SECTION_URLRULE_NAMES);
    struct cop_slice name;
    bool is_not = false;

    while (urlrule_name_next(&names, &name, &is_not)) {
        if (is_not == want) {
            uint64_t hash = hostindex_hash(w->key, name);

            if (!urlrule_is_entity(name)) { /* those are looked for apart */
                labels_note(w, name);
            }
            writer_add(w, SECTION_URLRULE_NAMES, &hash, sizeof(hash));
        }
    }
    uint32_t n = writer_count(w, SECTION_URLRULE_NAMES) - first;

    if (writer_ok(w) && n != 0) {
        qsort(w->sections[SECTION_URLRULE_NAMES].p +
                  (size_t)first * sizeof(uint64_t),
            n, sizeof(uint64_t), hash_order);
    }
    return (uint16_t)n;
}

static void record_add(struct writer *w, const struct urlrule_draft *draft,
    const struct urlrule *rule)
{
    struct format_rule *rules = (void *)w->sections[SECTION_RULES].p;
    struct format_urlrule row = {
        .rule = draft->rule,
        .names = writer_count(w, SECTION_URLRULE_NAMES),
        .text_n = (uint16_t)rule->text.n,
        .list = rules[draft->rule].list,
        .from = names_add(w, rule->from, false),
        .not_from = names_add(w, rule->from, true),
        .to = names_add(w, rule->to, false),
        .not_to = names_add(w, rule->to, true),
        .types = rule->types,
        .methods = rule->methods,
        .flags = rule->flags,
    };

    if ((rule->flags & URLRULE_ANCHOR_HOST) != 0) {
        labels_note(w, urlrule_host(urlrule_body(rule->text, rule->flags)));
    }
    row.text_at = writer_text(w, SECTION_RULE_TEXTS, rule->text).at;
    rules[draft->rule].detail = writer_count(w, SECTION_URLRULES);
    writer_add(w, SECTION_URLRULES, &row, sizeof(row));
}

/* ---- the index ---- */

static int key_order(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    uint64_t i = x->key;
    uint64_t j = y->key;

    /* By bucket, which is in the high bits, then by check, the low ones. */
    if (i >> 32 != j >> 32) {
        return i >> 32 < j >> 32 ? -1 : 1;
    }
    if (i != j) {
        return i < j ? -1 : 1;
    }
    return (x->urlrule > y->urlrule) - (x->urlrule < y->urlrule);
}

static unsigned bits_for(size_t n)
{
    unsigned bits = 6;

    while (bits < 31 && (size_t)1 << bits < n) {
        bits++;
    }
    return bits;
}

static int check_order(const void *a, const void *b)
{
    const struct format_urlkey *x = a;
    const struct format_urlkey *y = b;

    if (x->check != y->check) {
        return x->check < y->check ? -1 : 1;
    }
    return (x->urlrule > y->urlrule) - (x->urlrule < y->urlrule);
}

static void keys_write(struct work *work)
{
    struct writer *w = work->w;
    unsigned bits = bits_for(work->keys_n);
    size_t at = 0;

    qsort(work->keys, work->keys_n, sizeof(work->keys[0]), key_order);
    for (uint32_t bucket = 0; bucket < (uint32_t)1 << bits; bucket++) {
        uint32_t from = (uint32_t)at;

        writer_add(w, SECTION_URLRULE_BUCKETS, &from, sizeof(from));
        for (; at < work->keys_n &&
               urlkey_bucket(work->keys[at].key, bits) == bucket;
             at++) {
            struct format_urlkey row = {
                urlkey_check(work->keys[at].key), work->keys[at].urlrule};

            writer_add(w, SECTION_URLRULE_KEYS, &row, sizeof(row));
        }
        if (at > from && writer_ok(w)) {
            qsort(w->sections[SECTION_URLRULE_KEYS].p +
                      (size_t)from * sizeof(struct format_urlkey),
                at - from, sizeof(struct format_urlkey), check_order);
        }
    }
    uint32_t end = (uint32_t)at;

    writer_add(w, SECTION_URLRULE_BUCKETS, &end, sizeof(end));
}

/* One bit in sixteen or fewer, so that most grams of a URL end here. */
static void maps_write(struct work *work)
{
    const struct found *found = work->found;
    size_t most = found[0].n > found[1].n ? found[0].n : found[1].n;
    unsigned bits = bits_for(most * 16);
    size_t words = (size_t)1 << (bits - 6);
    uint64_t *map = calloc(words * 2, sizeof(map[0]));

    if (map == NULL) {
        writer_fail(work->w, COP_E_NOMEM);
        return;
    }
    for (size_t half = 0; half < 2; half++) {
        for (size_t i = 0; i < found[half].n; i++) {
            uint32_t bit = urlgram_bit(found[half].p[i], bits);

            map[half * words + bit / 64] |= UINT64_C(1) << (bit % 64);
        }
    }
    writer_add(work->w, SECTION_URLRULE_GRAMS, map, words * 2 * sizeof(map[0]));
    free(map);
}

static bool draft_read(
    struct writer *w, const struct urlrule_draft *draft, struct urlrule *rule)
{
    if (!urlrule_unpack(draft->packed, rule) ||
        (rule->flags & ~URLRULE_FLAGS) != 0) {
        writer_fail(w, COP_E_BUG);
        return false;
    }
    return true;
}

static void rule_count(struct work *work, const struct urlrule *rule)
{
    if (urlchoice_count(&work->choice, rule) != COP_OK) {
        writer_fail(work->w, COP_E_NOMEM);
    }
}

/* Write the records: those with a regex first, so that what is compiled for
 * them is numbered from 0. */
static void records_write(
    struct work *work, const struct urlrule_draft *drafts, size_t n)
{
    struct urlrule rule;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n && writer_ok(work->w); i++) {
            if (draft_read(work->w, &drafts[i], &rule) &&
                ((rule.flags & URLRULE_REGEX) == 0) == (pass == 1)) {
                record_add(work->w, &drafts[i], &rule);
                rule_count(work, &rule);
            }
        }
    }
}

static void index_write(
    struct work *work, const struct urlrule_draft *drafts, size_t n)
{
    const struct format_rule *rules =
        (const void *)work->w->sections[SECTION_RULES].p;
    struct urlrule rule;

    for (size_t i = 0; i < n && writer_ok(work->w); i++) {
        if (draft_read(work->w, &drafts[i], &rule)) {
            rule_index(work, rules[drafts[i].rule].detail, &rule);
        }
    }
    if (writer_ok(work->w)) {
        keys_write(work);
        maps_write(work);
    }
}

void writer_urlrules(
    struct writer *w, const struct urlrule_draft *drafts, size_t n)
{
    struct work work = {.w = w};

    if (n == 0 || !writer_ok(w)) {
        return;
    }
    if (urlchoice_init(&work.choice) != COP_OK) {
        writer_fail(w, COP_E_NOMEM);
    }
    records_write(&work, drafts, n);
    if (writer_ok(w)) {
        index_write(&work, drafts, n);
    }
    urlchoice_fini(&work.choice);
    free(work.keys);
    free(work.found[0].p);
    free(work.found[1].p);
}
