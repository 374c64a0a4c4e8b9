#include "rules/bundle/writer.h"

#include <stdlib.h>

#include "rules/base/digest.h"
#include "rules/bundle/hostindex.h"

/* What write_rules.c makes of the entries, beside the sections. */
struct drafts {
    uint32_t *entries; /* indices of tables' entries, sorted, unique */
    size_t n;
    struct hostindex_item *hosts;
    size_t hosts_n;
    struct hostindex_item *urls;
    size_t urls_n;
    struct urlrule_draft *urlrules;
    size_t urlrules_n;
    uint32_t *dense; /* entries that go to the dense index instead */
    size_t dense_n;
};

/* Where a URL prefix's parts are. */
struct prefix {
    struct cop_slice host; /* without brackets */
    uint16_t path;
    uint16_t port; /* 0 when absent */
};

/* Labels of a canonical name; 0 of an address. A canonical name never ends in
 * a label of digits alone: that would have been an IPv4 address. */
static uint32_t host_labels(struct cop_slice host)
{
    uint32_t labels = 1;
    bool is_number = true;

    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];

        if (c == ':') {
            return 0;
        }
        if (c == '.') {
            labels++;
            is_number = true;
        } else if (c < '0' || c > '9') {
            is_number = false;
        }
    }
    return is_number ? 0 : labels;
}

static uint32_t labels_note(struct writer *w, struct cop_slice host)
{
    uint32_t labels = host_labels(host);

    if (labels > HOSTINDEX_NAMES_MAX) {
        writer_fail(w, COP_E_BUG);
        return 0;
    }
    writer_note_labels(w, labels);
    return labels;
}

/* Split "host[:port]/path"; brackets around IPv6. False when it is not in
 * canonical form. */
static bool prefix_split(struct cop_slice text, struct prefix *out)
{
    const char *slash = memchr(text.p, '/', text.n);
    size_t n = slash != NULL ? (size_t)(slash - text.p) : text.n;
    size_t end = n;
    unsigned long port = 0;

    while (end > 0 && text.p[end - 1] >= '0' && text.p[end - 1] <= '9') {
        end--;
    }
    if (end > 0 && end < n && text.p[end - 1] == ':') {
        for (size_t i = end; i < n && port <= UINT16_MAX; i++) {
            port = port * 10 + (unsigned long)(text.p[i] - '0');
        }
        n = end - 1;
    }
    out->path = (uint16_t)(slash != NULL ? (size_t)(slash - text.p) : text.n);
    out->port = (uint16_t)port;
    out->host = (struct cop_slice){text.p, n};
    if (n >= 2 && text.p[0] == '[' && text.p[n - 1] == ']') {
        out->host = (struct cop_slice){text.p + 1, n - 2};
    }
    return out->host.n != 0 && port <= UINT16_MAX;
}

/* A domain that the dense index can hold. */
static bool entry_is_dense(const struct tables_entry *e)
{
    return e->object == ENTRY_DOMAIN && host_labels(e->text) != 0;
}

/* Take the domains of large category lists out of the entries: a rule for each
 * would cost more than all the rest of the bundle. */
static void drafts_split(struct writer *w, struct drafts *d)
{
    size_t kept = 0;

    d->dense = calloc(d->n + 1, sizeof(*d->dense));
    if (d->dense == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    for (size_t i = 0; i < d->n;) {
        uint32_t list = w->t->entries[d->entries[i]].list;
        size_t end = i;
        size_t domains = 0;

        while (end < d->n && w->t->entries[d->entries[end]].list == list) {
            domains += entry_is_dense(&w->t->entries[d->entries[end]]);
            end++;
        }
        bool is_dense = domains >= WRITER_DENSE_MIN &&
                        w->t->lists[list].role == LIST_CATEGORY;

        for (; i < end; i++) {
            const struct tables_entry *e = &w->t->entries[d->entries[i]];

            if (is_dense && entry_is_dense(e)) {
                labels_note(w, e->text);
                d->dense[d->dense_n++] = d->entries[i];
            } else {
                d->entries[kept++] = d->entries[i];
            }
        }
    }
    d->n = kept;

    /* What is left is little of what was: give the rest back. */
    uint32_t *smaller = realloc(d->entries, (kept + 1) * sizeof(*d->entries));

    d->entries = smaller != NULL ? smaller : d->entries;
}

static void url_add(struct writer *w, struct drafts *d, uint32_t rule)
{
    const struct tables_entry *e = &w->t->entries[d->entries[rule]];
    struct prefix prefix;

    if (!prefix_split(e->text, &prefix)) {
        writer_fail(w, COP_E_BUG);
        return;
    }
    labels_note(w, prefix.host);
    d->urls[d->urls_n++] = (struct hostindex_item){.rule = rule};
}

static void pattern_add(
    struct writer *w, const struct tables_entry *e, uint32_t rule)
{
    struct format_pattern row = {.rule = rule};

    row.text = writer_text(w, SECTION_RULE_TEXTS, e->text);
    writer_add(w, SECTION_PATTERNS, &row, sizeof(row));
}

static void rule_add(struct writer *w, struct drafts *d, uint32_t rule)
{
    const struct tables_entry *e = &w->t->entries[d->entries[rule]];
    struct format_rule row = {
        .file = w->files.rank[e->file],
        .line = e->line,
        .list = (uint16_t)w->lists.rank[e->list],
        .object = (uint8_t)e->object,
    };

    switch (e->object) {
    case ENTRY_HOST:
    case ENTRY_DOMAIN:
    case ENTRY_BELOW:
        row.detail = labels_note(w, e->text);
        d->hosts[d->hosts_n++] = (struct hostindex_item){.rule = rule};
        break;
    case ENTRY_URL:
        url_add(w, d, rule); /* its row is known once URLs are sorted */
        break;
    case ENTRY_PATTERN:
        row.detail = writer_count(w, SECTION_PATTERNS);
        pattern_add(w, e, rule);
        break;
    case ENTRY_CIDR:
    case ENTRY_COUNTRY:
    case ENTRY_AS:
        writer_address(w, e, rule);
        break;
    case ENTRY_ADBLOCK: /* its row is known once the key is */
        d->urlrules[d->urlrules_n++] = (struct urlrule_draft){e->text, rule};
        break;
    }
    writer_add(w, SECTION_RULES, &row, sizeof(row));
}

static void rules_add(struct writer *w, struct drafts *d)
{
    if (!writer_ok(w)) {
        return;
    }
    d->hosts = calloc(d->n + 1, sizeof(*d->hosts));
    d->urls = calloc(d->n + 1, sizeof(*d->urls));
    d->urlrules = calloc(d->n + 1, sizeof(*d->urlrules));
    if (d->hosts == NULL || d->urls == NULL || d->urlrules == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    for (uint32_t i = 0; i < d->n && writer_ok(w); i++) {
        rule_add(w, d, i);
    }
    w->manifest.hosts = (uint32_t)(d->hosts_n + d->dense_n);
}

static void key_add_entries(const struct writer *w, struct digest *sum,
    const uint32_t *entries, size_t entries_n)
{
    for (size_t i = 0; i < entries_n; i++) {
        struct cop_slice text = w->t->entries[entries[i]].text;
        uint64_t n = text.n;

        digest_add(sum, &n, sizeof(n));
        digest_add(sum, text.p, text.n);
    }
}

/* The key of the host hashes: a digest of all that the bundle says. */
static void key_derive(struct writer *w, const struct drafts *d)
{
    static const char purpose[] = "copgate bundle 1 host key";
    unsigned char digest[DIGEST_BYTES];
    struct digest sum;

    if (!writer_ok(w)) {
        return;
    }
    digest_init(&sum);
    digest_add(&sum, purpose, sizeof(purpose));
    for (unsigned id = SECTION_STRINGS; id < SECTION_END; id++) {
        uint64_t n = w->sections[id].n;

        digest_add(&sum, &n, sizeof(n));
        digest_add(&sum, w->sections[id].p, w->sections[id].n);
    }
    key_add_entries(w, &sum, d->entries, d->n);
    key_add_entries(w, &sum, d->dense, d->dense_n);
    if (digest_end(&sum, digest) != COP_OK) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    memcpy(w->key, digest, sizeof(w->key));
}

static int item_order(const void *a, const void *b)
{
    const struct hostindex_item *x = a;
    const struct hostindex_item *y = b;

    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return (x->rule > y->rule) - (x->rule < y->rule);
}

static void index_build(struct writer *w, enum section_id slots,
    struct hostindex_item *items, size_t n)
{
    qsort(items, n, sizeof(*items), item_order);
    enum cop_status status = hostindex_build(items, n, &w->sections[slots]);

    if (status != COP_OK) {
        writer_fail(w, status);
    }
}

static void hosts_index(struct writer *w, struct drafts *d)
{
    for (size_t i = 0; i < d->hosts_n; i++) {
        const struct tables_entry *e =
            &w->t->entries[d->entries[d->hosts[i].rule]];

        d->hosts[i].hash = hostindex_hash(w->key, e->text);
    }
    index_build(w, SECTION_HOST_SLOTS, d->hosts, d->hosts_n);
    for (size_t i = 0; i < d->hosts_n && writer_ok(w); i++) {
        writer_add(w, SECTION_HOST_ENTRIES, &d->hosts[i].rule,
            sizeof(d->hosts[i].rule));
    }
}

static void urls_index(struct writer *w, struct drafts *d)
{
    struct prefix prefix;

    for (size_t i = 0; i < d->urls_n; i++) {
        const struct tables_entry *e =
            &w->t->entries[d->entries[d->urls[i].rule]];

        if (prefix_split(e->text, &prefix)) {
            d->urls[i].hash = hostindex_hash(w->key, prefix.host);
        }
    }
    index_build(w, SECTION_URL_SLOTS, d->urls, d->urls_n);
    struct format_rule *rules = (void *)w->sections[SECTION_RULES].p;

    for (uint32_t i = 0; i < d->urls_n && writer_ok(w); i++) {
        uint32_t rule = d->urls[i].rule;
        struct cop_slice text = w->t->entries[d->entries[rule]].text;
        struct format_url row = {.rule = rule};

        if (prefix_split(text, &prefix)) {
            row.path = prefix.path;
            row.port = prefix.port;
        }
        row.text = writer_text(w, SECTION_RULE_TEXTS, text);
        writer_add(w, SECTION_URLS, &row, sizeof(row));
        rules[rule].detail = i;
    }
}

void writer_rules(struct writer *w)
{
    struct drafts d = {.entries = NULL};

    if (writer_ok(w)) {
        d.entries = writer_order_entries(w, &d.n);
    }
    if (writer_ok(w)) {
        drafts_split(w, &d);
    }
    rules_add(w, &d);
    writer_addresses(w);
    key_derive(w, &d);
    if (writer_ok(w) && d.dense_n != 0) {
        writer_dense_probed(
            w, &(struct writer_names){d.dense, d.dense_n, d.entries, d.n});
    }
    if (writer_ok(w)) {
        hosts_index(w, &d);
    }
    if (writer_ok(w)) {
        urls_index(w, &d);
    }
    writer_literals(w);
    free(d.dense);
    writer_urlrules(w, d.urlrules, d.urlrules_n);
    free(d.entries);
    free(d.hosts);
    free(d.urls);
    free(d.urlrules);
}
