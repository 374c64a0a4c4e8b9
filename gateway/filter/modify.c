#include "gateway/filter/modify.h"

#include <string.h>

#include "gateway/http/syntax.h"

/* Changes of all lists, the stronger list first: of one thing the first
 * counts. */
struct changes {
    const struct cop_policy *policy;
    const struct cop_verdict *verdict;
    uint32_t beside; /* where in the verdict */
    uint32_t at;     /* where in that list */
};

static bool changes_next(struct changes *changes, struct cop_change *out)
{
    while (changes->beside < changes->verdict->beside_n) {
        const struct cop_beside *beside =
            &changes->verdict->beside[changes->beside];

        if (beside->action == COP_MODIFY &&
            changes->at <
                cop_policy_changes(changes->policy, beside->hit.list)) {
            cop_policy_change(
                changes->policy, beside->hit.list, changes->at++, out);
            return true;
        }
        changes->beside++;
        changes->at = 0;
    }
    return false;
}

/* Whether an earlier change sets the same. */
static bool is_outdone(
    const struct changes *at, const struct cop_change *change)
{
    struct changes before = {at->policy, at->verdict, 0, 0};
    struct cop_change other;

    while (changes_next(&before, &other) &&
           (before.beside < at->beside || before.at < at->at)) {
        if (other.kind == change->kind && http_same(other.name, change->name)) {
            return true;
        }
    }
    return false;
}

/* The next change of a kind that counts. */
static bool changes_next_of(
    struct changes *changes, enum cop_change_kind kind, struct cop_change *out)
{
    while (changes_next(changes, out)) {
        if (out->kind == kind && !is_outdone(changes, out)) {
            return true;
        }
    }
    return false;
}

/* ---- the query ---- */

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Whether what was sent as a parameter's name is `name`, once decoded and in
 * any case. */
static bool is_named(struct cop_slice sent, struct cop_slice name)
{
    char decoded[256];
    size_t n = 0;

    for (size_t i = 0; i < sent.n; i++) {
        char c = sent.p[i];

        if (n == sizeof(decoded)) {
            return false;
        }
        if (c == '%' && sent.n - i >= 3 && hex_of(sent.p[i + 1]) >= 0 &&
            hex_of(sent.p[i + 2]) >= 0) {
            c = (char)(hex_of(sent.p[i + 1]) << 4 | hex_of(sent.p[i + 2]));
            i += 2;
        }
        decoded[n++] = c;
    }
    return http_same((struct cop_slice){decoded, n}, name);
}

static bool is_set(const struct changes *all, struct cop_slice sent)
{
    struct changes changes = *all;
    struct cop_change change;

    while (changes_next(&changes, &change)) {
        if (change.kind == COP_CHANGE_QUERY && is_named(sent, change.name)) {
            return true;
        }
    }
    return false;
}

/* Some servers take ';' for '&' (HTML 4.01 B.2.2), so a parameter behind one
 * counts too: then all of the pair goes. */
static bool is_pair_set(const struct changes *all, struct cop_slice pair)
{
    while (pair.n > 0) {
        struct cop_slice value;
        struct cop_slice part = http_cut(pair, ';', &pair);

        if (is_set(all, http_cut(part, '=', &value))) {
            return true;
        }
    }
    return false;
}

static void put_target(
    struct buf *out, const struct changes *all, const struct cop_url *url)
{
    struct changes changes = *all;
    struct cop_change change;
    struct cop_slice rest = {
        url->text.p + url->query, url->text.n - url->query};
    char before = '?';

    buf_add(out, url->text.p + url->path, (size_t)(url->query - url->path));
    if (rest.n > 0) {
        rest.p++; /* the question mark */
        rest.n--;
    }
    while (rest.n > 0) {
        struct cop_slice pair = http_cut(rest, '&', &rest);

        if (!is_pair_set(all, pair)) {
            buf_add_char(out, before);
            buf_add_slice(out, pair);
            before = '&';
        }
    }
    while (changes_next_of(&changes, COP_CHANGE_QUERY, &change)) {
        buf_print(out, "%c%.*s=%.*s", before, (int)change.name.n, change.name.p,
            (int)change.value.n, change.value.p);
        before = '&';
    }
}

static bool has_kind(const struct changes *all, enum cop_change_kind kind)
{
    struct changes changes = *all;
    struct cop_change change;

    return changes_next_of(&changes, kind, &change);
}

enum cop_status modify_query(const struct cop_policy *policy,
    const struct cop_verdict *verdict, struct cop_url *url)
{
    const struct changes all = {policy, verdict, 0, 0};
    struct buf target;
    enum cop_status status;

    if (!has_kind(&all, COP_CHANGE_QUERY)) {
        return COP_OK;
    }
    buf_init(&target, COP_URL_MAX);
    put_target(&target, &all, url);
    status = target.failed ? COP_E_LIMIT
                           : cop_url_compose(url->scheme, &url->host, url->port,
                                 buf_slice(&target), url);
    buf_fini(&target);
    return status;
}

/* ---- fields and addresses ---- */

void modify_fields(const struct cop_policy *policy,
    const struct cop_verdict *verdict, struct http_head *head,
    struct buf *extra)
{
    struct changes changes = {policy, verdict, 0, 0};
    struct cop_change change;

    while (changes_next_of(&changes, COP_CHANGE_HEADER, &change)) {
        for (uint32_t i = 0; i < head->fields_n; i++) {
            head->fields[i].dropped |=
                http_same(head->fields[i].name, change.name);
        }
        buf_print(extra, "%.*s: %.*s\r\n", (int)change.name.n, change.name.p,
            (int)change.value.n, change.value.p);
    }
}

bool modify_address(const struct cop_policy *policy,
    const struct cop_verdict *verdict, struct cop_host *out)
{
    struct changes changes = {policy, verdict, 0, 0};
    struct cop_change change;

    return changes_next_of(&changes, COP_CHANGE_ADDRESS, &change) &&
           cop_host_parse(change.value, out) == COP_OK;
}

bool modify_needs_request(
    const struct cop_policy *policy, const struct cop_verdict *verdict)
{
    const struct changes all = {policy, verdict, 0, 0};

    return has_kind(&all, COP_CHANGE_QUERY) ||
           has_kind(&all, COP_CHANGE_HEADER);
}
