#include "rules/bundle/changes.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cop/evidence.h"
#include "cop/host.h"
#include "rules/bundle/audit.h"
#include "rules/bundle/writer.h"

static const char *const words[] = {
#define COP_CHANGE_ROW(symbol, word) word,
#include "cop/change.tbl"
};

/* ---- what may be changed ---- */

/* Fields that frame, route or authenticate a request, or that the gateway
 * writes itself. */
static const char *const kept_fields[] = {
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "origin",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
};

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* RFC 3986 2.3: what no reader needs to decode. */
static bool is_unreserved(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_alphanumeric(text.p[i]) &&
            memchr("-._~", text.p[i], 4) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_field_name(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (!is_alphanumeric(text.p[i]) && memchr("-_", text.p[i], 2) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_kept(struct cop_slice name)
{
    for (size_t i = 0; i < sizeof(kept_fields) / sizeof(kept_fields[0]); i++) {
        if (change_names_same(name, cop_slice_of(kept_fields[i]))) {
            return true;
        }
    }
    return false;
}

/* Visible ASCII, with spaces inside alone (RFC 9110 5.5). */
static bool is_field_value(struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool is_inside = i > 0 && i + 1 < text.n;

        if ((text.p[i] <= ' ' || text.p[i] > '~') &&
            !(text.p[i] == ' ' && is_inside)) {
            return false;
        }
    }
    return true;
}

static bool is_canonical_name(struct cop_slice text)
{
    struct cop_host host;

    return cop_host_parse(text, &host) == COP_OK &&
           host.kind == COP_HOST_NAME &&
           cop_slice_eq(cop_host_slice(&host), text);
}

bool change_names_same(struct cop_slice a, struct cop_slice b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

const char *change_flaw(
    enum cop_change_kind kind, struct cop_slice name, struct cop_slice value)
{
    if (value.n == 0 || value.n > CHANGE_VALUE_MAX ||
        name.n > CHANGE_NAME_MAX ||
        (name.n == 0) != (kind == COP_CHANGE_ADDRESS)) {
        return "has a name or value of no or too great length";
    }
    switch (kind) {
    case COP_CHANGE_QUERY:
        return is_unreserved(name) && is_unreserved(value)
                   ? NULL
                   : "has a parameter that is not of letters, digits and -._~";
    case COP_CHANGE_HEADER:
        if (is_kept(name)) {
            return "sets a field that is not a rule's to set";
        }
        return is_field_name(name) && is_field_value(value)
                   ? NULL
                   : "has a field with characters that fields cannot have";
    case COP_CHANGE_ADDRESS:
        return is_canonical_name(value) ? NULL
                                        : "has an address that is no name in "
                                          "canonical form";
    }
    return "is of a kind that the format does not know";
}

/* ---- writing ---- */

struct sorting {
    const struct writer *w;
    const struct tables_change *rows;
};

static int change_order(const void *left, const void *right, void *context)
{
    const struct sorting *sorting = context;
    const struct tables_change *a = &sorting->rows[*(const uint32_t *)left];
    const struct tables_change *b = &sorting->rows[*(const uint32_t *)right];
    uint32_t x = sorting->w->lists.rank[a->list];
    uint32_t y = sorting->w->lists.rank[b->list];

    if (x != y) {
        return x < y ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return cop_slice_cmp(a->name, b->name);
}

static void change_add(struct writer *w, const struct tables_change *change)
{
    struct format_change row = {
        .list = w->lists.rank[change->list],
        .kind = (uint8_t)change->kind,
    };

    row.name = writer_text(w, SECTION_STRINGS, change->name);
    row.value = writer_text(w, SECTION_STRINGS, change->value);
    writer_add(w, SECTION_CHANGES, &row, sizeof(row));
}

void writer_changes(struct writer *w)
{
    const struct cop_tables *t = w->t;
    uint32_t *at = arena_array(&w->arena, t->changes_n, sizeof(*at));
    struct sorting sorting = {w, t->changes};

    if (t->changes_n == 0) {
        return;
    }
    if (at == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    for (uint32_t i = 0; i < t->changes_n; i++) {
        at[i] = i;
        if (t->changes[i].list >= t->lists_n) {
            writer_fail(w, COP_E_BUG);
            return;
        }
    }
    qsort_r(at, t->changes_n, sizeof(*at), change_order, &sorting);
    for (uint32_t i = 0; i < t->changes_n; i++) {
        if (i > 0 && change_order(&at[i - 1], &at[i], &sorting) == 0) {
            writer_fail(w, COP_E_CONFLICT);
            return;
        }
        change_add(w, &t->changes[at[i]]);
    }
}

/* ---- reading ---- */

uint32_t cop_bundle_changes(const struct cop_bundle *bundle)
{
    return section_count(bundle, SECTION_CHANGES);
}

void cop_bundle_change(const struct cop_bundle *bundle, uint32_t index,
    struct cop_list_change *out)
{
    const struct format_change *change =
        section_at(bundle, SECTION_CHANGES, index);
    const struct format_list *list = bundle_list(bundle, change->list);

    *out = (struct cop_list_change){
        .list = bundle_string(bundle, list->name),
        .name = bundle_string(bundle, change->name),
        .value = bundle_string(bundle, change->value),
        .requirement = list->owner,
        .kind = words[change->kind % (sizeof(words) / sizeof(words[0]))],
    };
}

/* ---- the audit ---- */

static bool changes_ascend(const struct cop_bundle *bundle,
    const struct format_change *a, const struct format_change *b)
{
    if (a->list != b->list) {
        return a->list < b->list;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind;
    }
    return cop_slice_cmp(bundle_string(bundle, a->name),
               bundle_string(bundle, b->name)) < 0;
}

const char *audit_change(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_change *c = section_at(bundle, SECTION_CHANGES, index);

    if (!section_holds(bundle, SECTION_STRINGS, c->name) ||
        !section_holds(bundle, SECTION_STRINGS, c->value)) {
        return "has a text that leaves its section";
    }
    if (c->list >= section_count(bundle, SECTION_LISTS) ||
        bundle_list(bundle, c->list)->role != LIST_DENY) {
        return "belongs to a record that is not there";
    }
    if (c->zero[0] != 0 || c->zero[1] != 0 || c->zero[2] != 0) {
        return "has something where the format has zeros";
    }
    if (index > 0 && !changes_ascend(bundle,
                         section_at(bundle, SECTION_CHANGES, index - 1), c)) {
        return "is not behind the one before it";
    }
    return change_flaw((enum cop_change_kind)c->kind,
        bundle_string(bundle, c->name), bundle_string(bundle, c->value));
}
