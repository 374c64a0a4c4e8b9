#include <stdlib.h>
#include <string.h>

#include "tools/copc/export.h"

/* A label that no list has, below which all is as the list says of "below". */
static const char probe[] = "copgate-probe.";

/* 64 million names of ordinary length. */
static const size_t pool_max = (size_t)2 << 30;

void export_init(struct export *export)
{
    *export = (struct export){.format = EXPORT_PLAIN};
    buf_init(&export->pool, pool_max);
    buf_init(&export->names, pool_max);
    buf_init(&export->urls, pool_max);
}

void export_fini(struct export *export)
{
    buf_fini(&export->pool);
    buf_fini(&export->names);
    buf_fini(&export->urls);
    free(export->nodes);
    free(export->tally.left_out);
    free(export->tally.written);
}

static struct export_node *add_node(
    struct export *export, struct cop_slice text)
{
    if (export->n == export->cap) {
        size_t cap = export->cap == 0 ? 1024 : export->cap * 2;
        struct export_node *nodes =
            realloc(export->nodes, cap * sizeof(*nodes));

        if (nodes == NULL) {
            export->has_failed = true;
            return NULL;
        }
        export->nodes = nodes;
        export->cap = cap;
    }
    struct export_node *node = &export->nodes[export->n];

    *node = (struct export_node){
        .text = export->pool.n, .n = (uint16_t)text.n, .requirement = COP_NONE};
    buf_add_slice(&export->pool, text);
    if (export->pool.failed) {
        export->has_failed = true;
        return NULL;
    }
    export->n++;
    return node;
}

void export_entry(void *context, const char *kind, struct cop_slice text)
{
    struct export *export = context;
    struct export_node *node;

    if (strcmp(kind, "pattern") == 0) {
        export->patterns++;
        return;
    }
    if (strcmp(kind, "country") == 0 || strcmp(kind, "as") == 0) {
        export->origins++;
        return;
    }
    if (strcmp(kind, "adblock") == 0 || text.n > UINT16_MAX) {
        export->rules++;
        return;
    }
    node = add_node(export, text);
    if (node != NULL) {
        node->is_url = strcmp(kind, "url") == 0;
    }
}

/* ---- asking the engine ---- */

struct asking {
    struct export *export;
    struct cop_url url;
    struct cop_class class;
};

/* Whether a URL is closed; *row gets by whom. Other actions than allowing and
 * blocking count as open, and are told. */
static bool is_closed(struct asking *asking, uint32_t *row)
{
    struct export *export = asking->export;
    const struct setting *setting = export->setting;
    struct cop_verdict verdict;

    cop_classify(
        setting->policy, setting->matcher, &asking->url, &asking->class);
    cop_evaluate(setting->policy, &asking->class, setting->profile,
        &setting->moment, &verdict);
    if (verdict.action == COP_ALLOW) {
        return false;
    }
    if (verdict.action != COP_BLOCK) {
        export_leave_out(
            export, export_tally_row(export, &verdict), REASON_ACTION);
        return false;
    }
    *row = export_tally_row(export, &verdict);
    return true;
}

static bool is_host_closed(
    struct asking *asking, struct cop_slice name, uint32_t *row)
{
    struct cop_host host;

    return cop_host_parse(name, &host) == COP_OK &&
           cop_url_compose(COP_HTTPS, &host, 443, COP_LIT("/"), &asking->url) ==
               COP_OK &&
           is_closed(asking, row);
}

/* What is below a name. One too long to have names below is as it is. */
static bool is_below_closed(
    struct asking *asking, struct cop_slice name, bool self, uint32_t *row)
{
    char text[COP_HOST_MAX + 1];
    size_t before = sizeof(probe) - 1;

    if (before + name.n > COP_HOST_MAX) {
        return self;
    }
    memcpy(text, probe, before);
    memcpy(text + before, name.p, name.n);
    return is_host_closed(
        asking, (struct cop_slice){text, before + name.n}, row);
}

/* A network is asked about by its first address. */
static void decide_network(
    struct asking *asking, struct export_node *node, const char *slash)
{
    struct cop_slice text = export_text(asking->export, node);
    uint32_t row = COP_NONE;

    text.n = (size_t)(slash - text.p);
    if (is_host_closed(asking, text, &row)) {
        export_leave_out(asking->export, row, REASON_NETWORK);
    } else {
        asking->export->tally.open++;
    }
    node->n = 0; /* nothing more to do with it */
}

static void decide_name(struct asking *asking, struct export_node *node)
{
    struct cop_slice text = export_text(asking->export, node);
    const char *slash = memchr(text.p, '/', text.n);
    struct cop_host host;

    if (slash != NULL) {
        decide_network(asking, node, slash);
        return;
    }
    node->is_address =
        cop_host_parse(text, &host) == COP_OK && host.kind != COP_HOST_NAME;
    if (!node->is_address) {
        node->closes_below =
            is_below_closed(asking, text, false, &node->requirement);
    }
    node->is_closed = is_host_closed(asking, text, &node->requirement);
    if (!node->is_closed && !node->closes_below) {
        asking->export->tally.open++;
    }
    if (node->is_closed && node->has_open_url) {
        export_leave_out(asking->export, node->requirement, REASON_OPEN_URL);
        node->is_closed = false;
    }
}

/* A URL: what it is, and what its host is without it. */
static void decide_url(struct asking *asking, size_t index)
{
    struct export *export = asking->export;
    struct cop_slice text = export_text(export, &export->nodes[index]);
    char whole[COP_URL_MAX + 16];
    uint32_t row = COP_NONE;
    uint32_t host_row = COP_NONE;
    struct cop_host host;
    bool closed;

    (void)snprintf(whole, sizeof(whole), "https://%.*s", (int)text.n, text.p);
    if (text.n > COP_URL_MAX ||
        cop_url_parse(cop_slice_of(whole), &asking->url) != COP_OK) {
        export->nodes[index].n = 0;
        return;
    }
    host = asking->url.host;
    closed = is_closed(asking, &row);
    export->nodes[index].is_closed = closed;
    export->nodes[index].requirement = row;
    if (is_host_closed(asking, cop_host_slice(&host), &host_row) == closed) {
        export->tally.covered += closed;
        export->tally.open += !closed;
        export->nodes[index].n = 0;
    } else if (!closed) {
        struct export_node *node = add_node(export, cop_host_slice(&host));

        export->nodes[index].n = 0;
        if (node != NULL) {
            node->has_open_url = true;
        }
        export->tally.open++;
    }
}

/* ---- order ---- */

/* By labels from the last, so that a name stands before all below it and they
 * follow it together; URLs last. */
static int node_order(const void *a, const void *b, void *context)
{
    const struct export *export = context;
    const struct export_node *x = a;
    const struct export_node *y = b;
    const char *p = export->pool.p + x->text + x->n;
    const char *q = export->pool.p + y->text + y->n;
    size_t n = x->n < y->n ? x->n : y->n;

    if (x->is_url != y->is_url) {
        return x->is_url ? 1 : -1;
    }
    if (x->is_url) {
        return cop_slice_cmp(export_text(export, x), export_text(export, y));
    }
    for (size_t i = 0; i < n; i++) {
        p--;
        q--;
        if (*p != *q) {
            /* A dot is before all else. */
            return *p == '.' || (*q != '.' && *p < *q) ? -1 : 1;
        }
    }
    return (x->n > y->n) - (x->n < y->n);
}

/* Whether a node is above another. */
static bool is_above(const struct export *export,
    const struct export_node *above, const struct export_node *node)
{
    struct cop_slice high = export_text(export, above);
    struct cop_slice low = export_text(export, node);

    if (above->is_address || node->is_address || low.n < high.n ||
        memcmp(low.p + low.n - high.n, high.p, high.n) != 0) {
        return false;
    }
    return low.n == high.n || low.p[low.n - high.n - 1] == '.';
}

/* Sort, and merge nodes of the same text. */
static void sort_nodes(struct export *export)
{
    size_t kept = 0;

    if (export->n == 0) {
        return;
    }
    qsort_r(
        export->nodes, export->n, sizeof(export->nodes[0]), node_order, export);
    for (size_t i = 0; i < export->n; i++) {
        struct export_node *node = &export->nodes[i];
        struct export_node *last = kept > 0 ? &export->nodes[kept - 1] : NULL;

        if (node->n == 0) {
            continue;
        }
        if (last != NULL && last->is_url == node->is_url &&
            cop_slice_eq(
                export_text(export, last), export_text(export, node))) {
            last->has_open_url |= node->has_open_url;
            last->is_closed &= node->is_closed;
            last->closes_below &= node->closes_below;
        } else {
            export->nodes[kept++] = *node;
        }
    }
    export->n = kept;
}

/* ---- names between ---- */

/* Between a closed name and an open one below it a zone must say what each
 * name is: one that exists ends the wildcard above it (RFC 4592 3.3.1). */
static void add_between(struct export *export, size_t index)
{
    struct cop_slice text = export_text(export, &export->nodes[index]);
    const char *dot = memchr(text.p, '.', text.n);

    while (dot != NULL) {
        struct cop_slice above = {dot + 1, text.n - (size_t)(dot + 1 - text.p)};
        size_t at = (size_t)(above.p - export->pool.p);

        if (memchr(above.p, '.', above.n) == NULL ||
            add_node(export, COP_LIT("")) == NULL) {
            return;
        }
        export->nodes[export->n - 1].text = at; /* shares its bytes */
        export->nodes[export->n - 1].n = (uint16_t)above.n;
        text = (struct cop_slice){export->pool.p + at, above.n};
        dot = memchr(text.p, '.', text.n);
    }
}

static bool is_open(const struct export_node *node)
{
    return !node->is_closed || !node->closes_below;
}

/* Add the names above every open one that is below a closed one, and decide
 * those that are new. */
static void complete(struct asking *asking)
{
    struct export *export = asking->export;
    struct export_path path = {.n = 0};
    size_t before = export->n;
    uint64_t open = export->tally.open;

    for (size_t i = 0; i < before && !export->has_failed; i++) {
        size_t above = export_path_enter(export, &path, i);

        if (above != SIZE_MAX && is_open(&export->nodes[i]) &&
            export->nodes[above].closes_below) {
            add_between(export, i);
        }
    }
    for (size_t i = before; i < export->n; i++) {
        decide_name(asking, &export->nodes[i]);
    }
    export->tally.open = open; /* these are no entries */
    sort_nodes(export);
}

static void mark_open_below(struct export *export)
{
    struct export_path path = {.n = 0};

    for (size_t i = 0; i < export->n; i++) {
        (void)export_path_enter(export, &path, i);
        if (export->nodes[i].is_url || !is_open(&export->nodes[i])) {
            continue;
        }
        for (size_t k = 0; k + 1 < path.n; k++) {
            export->nodes[path.at[k]].has_open_below = true;
        }
    }
}

size_t export_path_enter(
    const struct export *export, struct export_path *path, size_t index)
{
    const struct export_node *node = &export->nodes[index];

    if (node->is_url || node->is_address) {
        path->n = 0;
        return SIZE_MAX;
    }
    while (path->n > 0 &&
           !is_above(export, &export->nodes[path->at[path->n - 1]], node)) {
        path->n--;
    }
    path->at[path->n++] = index;
    return path->n > 1 ? path->at[path->n - 2] : SIZE_MAX;
}

bool export_decide(struct export *export)
{
    struct asking *asking = calloc(1, sizeof(*asking));
    size_t n;

    if (asking == NULL) {
        return false;
    }
    asking->export = export;
    sort_nodes(export);
    n = export->n;
    for (size_t i = 0; i < n && !export->has_failed; i++) {
        if (export->nodes[i].is_url) {
            decide_url(asking, i);
        }
    }
    sort_nodes(export);
    for (size_t i = 0; i < export->n && !export->has_failed; i++) {
        if (!export->nodes[i].is_url) {
            decide_name(asking, &export->nodes[i]);
        }
    }
    sort_nodes(export);
    if (!export->has_failed) {
        complete(asking);
        mark_open_below(export);
    }
    uint32_t row = COP_NONE;

    if (is_host_closed(asking, COP_LIT("copgate-probe.invalid"), &row)) {
        export_leave_out(export, row, REASON_ALL_ELSE);
    }
    free(asking);
    return !export->has_failed;
}
