/* Laying out the rules in Adblock syntax and the keys that find them. */
#include <stdlib.h>

#include "rules/bundle/hostindex.h"
#include "rules/bundle/urlrules.h"
#include "rules/bundle/writer.h"

enum {
    GRAM_TABLE_MIN = 1 << 13,
    COMMON_WEIGHT =
        64,          /* a place among the commonest, in rules that share it */
    COMMON_TOO = 256 /* such a gram is hardly better than none */
};

/* How good grams are: an open table of those of all rules. */
struct gram_cost {
    uint32_t gram;
    uint32_t cost; /* 0: free */
};

struct grams {
    struct gram_cost *p;
    uint32_t mask;
    uint32_t n;
};

struct key {
    uint64_t key;
    uint32_t urlrule;
};

struct work {
    struct writer *w;
    struct grams grams;
    struct key *keys;
    size_t keys_n;
    size_t keys_cap;
    uint32_t *found[2]; /* grams of blocking rules and of exceptions */
    size_t found_n[2];
};

/* The gram that is chosen for a rule, while its grams are told. */
struct choice {
    struct work *work;
    uint32_t gram;
    uint32_t cost; /* 0: none yet */
};

/* ---- which gram ---- */

static struct gram_cost *gram_place(struct grams *grams, uint32_t gram)
{
    uint32_t at = urlgram_bit(gram, 32) & grams->mask;

    while (grams->p[at].cost != 0 && grams->p[at].gram != gram) {
        at = (at + 1) & grams->mask;
    }
    return &grams->p[at];
}

static bool grams_grow(struct grams *grams)
{
    struct grams grown = {.mask = GRAM_TABLE_MIN - 1};

    if (grams->p != NULL) {
        grown.mask = grams->mask * 2 + 1;
    }
    grown.p = calloc((size_t)grown.mask + 1, sizeof(grown.p[0]));
    if (grown.p == NULL) {
        return false;
    }
    for (size_t i = 0; grams->p != NULL && i <= grams->mask; i++) {
        if (grams->p[i].cost != 0) {
            *gram_place(&grown, grams->p[i].gram) = grams->p[i];
        }
    }
    grown.n = grams->n;
    free(grams->p);
    *grams = grown;
    return true;
}

static void gram_count(struct work *work, uint32_t gram, uint32_t cost)
{
    struct grams *grams = &work->grams;

    if ((grams->p == NULL || grams->n > grams->mask / 2) &&
        !grams_grow(grams)) {
        writer_fail(work->w, COP_E_NOMEM);
        return;
    }
    struct gram_cost *place = gram_place(grams, gram);

    grams->n += place->cost == 0;
    place->gram = gram;
    place->cost += cost;
}

static void take_count(void *context, uint32_t gram)
{
    struct work *work = context;

    if (writer_ok(work->w)) {
        gram_count(work, gram, 1);
    }
}

static void take_best(void *context, uint32_t gram)
{
    struct choice *choice = context;
    const struct gram_cost *place = gram_place(&choice->work->grams, gram);

    if (choice->cost == 0 || place->cost < choice->cost) {
        choice->gram = gram;
        choice->cost = place->cost;
    }
}

static void grams_tell(
    const struct urlrule *rule, urlgram_fn *take, void *context)
{
    struct cop_slice body = urlrule_body(rule->text, rule->flags);

    ((rule->flags & URLRULE_REGEX) != 0
            ? urlgram_of_regex
            : urlgram_of_pattern)(body, take, context);
}

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

static void rule_index(
    struct work *work, uint32_t urlrule, const struct urlrule *rule)
{
    bool is_exception = (rule->flags & URLRULE_EXCEPTION) != 0;
    struct cop_slice body = urlrule_body(rule->text, rule->flags);
    struct choice choice = {.work = work};
    struct cop_slice host = {NULL, 0};

    if ((rule->flags & URLRULE_ANCHOR_HOST) != 0 && body.n != 0) {
        host = urlrule_host(body);
    }
    if (host.n != 0) {
        key_add(work, urlrule, URLKEY_HOST, is_exception,
            hostindex_hash(work->w->key, host));
        return;
    }
    grams_tell(rule, take_best, &choice);
    if ((choice.cost == 0 || choice.cost > COMMON_TOO * COMMON_WEIGHT) &&
        sources_add(work, urlrule, rule)) {
        return;
    }
    if (choice.cost == 0) {
        key_add(work, urlrule, URLKEY_ALWAYS, is_exception, 0);
        return;
    }
    key_add(work, urlrule, URLKEY_GRAM, is_exception, choice.gram);
    work->found[is_exception][work->found_n[is_exception]++] = choice.gram;
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

            labels_note(w, name);
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
    size_t most = work->found_n[0] > work->found_n[1] ? work->found_n[0]
                                                      : work->found_n[1];
    unsigned bits = bits_for(most * 16);
    size_t words = (size_t)1 << (bits - 6);
    uint64_t *map = calloc(words * 2, sizeof(map[0]));

    if (map == NULL) {
        writer_fail(work->w, COP_E_NOMEM);
        return;
    }
    for (size_t half = 0; half < 2; half++) {
        for (size_t i = 0; i < work->found_n[half]; i++) {
            uint32_t bit = urlgram_bit(work->found[half][i], bits);

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
                grams_tell(&rule, take_count, work);
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

    work->found[0] = calloc(n, sizeof(uint32_t));
    work->found[1] = calloc(n, sizeof(uint32_t));
    if (work->found[0] == NULL || work->found[1] == NULL) {
        writer_fail(work->w, COP_E_NOMEM);
        return;
    }
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
    for (unsigned i = 0; i < urlgram_commons() && writer_ok(w); i++) {
        gram_count(
            &work, urlgram_common(i), (urlgram_commons() - i) * COMMON_WEIGHT);
    }
    records_write(&work, drafts, n);
    if (writer_ok(w)) {
        index_write(&work, drafts, n);
    }
    free(work.grams.p);
    free(work.keys);
    free(work.found[0]);
    free(work.found[1]);
}
