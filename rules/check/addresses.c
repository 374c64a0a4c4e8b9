/* Addresses, which others may share: L09 and L10.
 *
 * L09 asks for a guard and holds every entry against it. How many sites are
 * behind an address nobody can read off it, so an address counts as one site
 * (of IPv6 a /64, which one customer has at the least): a network that has
 * room for more sites than the guard allows is refused, unless the guard says
 * how wide a network may be.
 *
 * L10 holds every entry against the networks that are known to be shared. Of
 * those only outermost ones are kept, sorted, so that each entry is looked up
 * and not compared with all. */
#include <stdlib.h>

#include "rules/base/cidr.h"
#include "rules/check/check.h"
#include "rules/read/list.h"

enum { SITE_BITS_IP6 = 64, COUNTED_BITS = 31 /* INT32_MAX sites */ };

static bool is_about_addresses(enum entry_object object)
{
    return object == ENTRY_CIDR || object == ENTRY_COUNTRY ||
           object == ENTRY_AS;
}

void check_guard(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    const struct fact_target *target = &requirement->target;

    for (size_t i = 0; i < target->lists_n && check_denies(check); i++) {
        const struct fact_list *list = &target->lists[i];

        if (!list->is_unsupported && list->semantics == LIST_SAYS_DENY &&
            is_about_addresses(list->object) &&
            !requirement->reach.guard.is_there) {
            check_say(check, COP_ERROR, &list->place,
                "add collateral_guard: how many sites may share an address, "
                "and what happens then",
                "addresses are blocked, and nothing protects the other sites "
                "that they serve");
        }
    }
}

/* ---- how wide ---- */

static const char todo_width[] =
    "write a longer prefix, or say what is meant: collateral_guard has "
    "min_prefix_ip4 and min_prefix_ip6";

/* Whether a network has room for more sites than allowed. */
static bool has_too_many(const struct cidr *cidr, int64_t sites)
{
    int bits = (cidr->is_ip6 ? SITE_BITS_IP6 : CIDR_IP4_BITS) - cidr->bits;

    if (bits <= 0) {
        return false;
    }
    return bits > COUNTED_BITS || INT64_C(1) << bits > sites;
}

static void hold_width(const struct check *about, const struct place *place,
    const struct tables_entry *entry)
{
    const struct fact_guard *guard = &about->requirement->reach.guard;
    struct cidr cidr;
    int64_t least;

    if (cidr_parse(entry->text, &cidr) != CIDR_FINE) {
        return;
    }
    least = cidr.is_ip6 ? guard->min_prefix_ip6 : guard->min_prefix_ip4;
    if (least >= 0 ? cidr.bits < least
                   : guard->max_cohosted >= 0 &&
                         has_too_many(&cidr, guard->max_cohosted)) {
        check_say(about, COP_ERROR, place, todo_width,
            "%.*s is wider than its collateral_guard allows",
            (int)entry->text.n, entry->text.p);
    }
}

static void hold_against_guard(
    const struct check *about, const struct tables_entry *entry)
{
    const struct fact_guard *guard = &about->requirement->reach.guard;
    struct place place = check_entry_place(about->model, entry);

    if (guard->needs_url) {
        return; /* an address alone blocks nothing */
    }
    if (entry->object == ENTRY_CIDR) {
        hold_width(about, &place, entry);
    } else if (!guard->allows_whole) {
        check_say(about, COP_ERROR, &place,
            "list what is meant, or write whole_networks: true into "
            "collateral_guard",
            "%.*s takes in every site of a %s", (int)entry->text.n,
            entry->text.p,
            entry->object == ENTRY_COUNTRY ? "country" : "network");
    }
}

void check_width(const struct check *check)
{
    const struct model *model = check->model;
    struct check about = *check;

    for (size_t i = 0; i < model->entries.n; i++) {
        const struct tables_entry *entry = &model->entries.p[i];
        const struct model_list *list = &model->lists[entry->list];

        if (!is_about_addresses(entry->object) || list->t.role != LIST_DENY) {
            continue;
        }
        about.requirement = check_owner(model, list);
        if (about.requirement->reach.guard.is_there) {
            hold_against_guard(&about, entry);
        }
    }
}

/* ---- what many share ---- */

/* Networks in the order of their first addresses. */
struct shared {
    struct cidr *p; /* on the heap */
    size_t n, cap;
};

static int cidr_order(const void *a, const void *b)
{
    const struct cidr *x = a;
    const struct cidr *y = b;
    int order = (x->is_ip6 ? 1 : 0) - (y->is_ip6 ? 1 : 0);

    if (order == 0) {
        order = memcmp(x->addr, y->addr, sizeof(x->addr));
    }
    return order != 0 ? order : x->bits - y->bits;
}

/* Whether a network has another in it, or is it. */
static bool takes_in(const struct cidr *wide, const struct cidr *narrow)
{
    struct cidr cut = *narrow;

    if (wide->is_ip6 != narrow->is_ip6 || wide->bits > narrow->bits) {
        return false;
    }
    (void)cidr_mask(cut.addr, wide->is_ip6 ? 16 : 4, wide->bits);
    return memcmp(cut.addr, wide->addr, sizeof(cut.addr)) == 0;
}

static bool shared_add(struct shared *shared, struct cop_slice text)
{
    struct cidr cidr;

    if (cidr_parse(text, &cidr) != CIDR_FINE) {
        return true; /* told where it was read */
    }
    if (shared->n == shared->cap) {
        size_t cap = shared->cap == 0 ? 256 : 2 * shared->cap;
        struct cidr *p = realloc(shared->p, cap * sizeof(*p));

        if (p == NULL) {
            return false;
        }
        shared->p = p;
        shared->cap = cap;
    }
    shared->p[shared->n++] = cidr;
    return true;
}

static bool shared_take(void *context, enum entry_object object,
    struct cop_slice text, uint32_t line)
{
    (void)object;
    (void)line;
    return shared_add(context, text);
}

/* All that the manifest names, sorted, outermost only. Files that cannot be
 * read are told by the reader. */
static bool shared_read(const struct model *model, struct shared *shared)
{
    const struct fact_manifest *manifest = model_manifest(model);
    const struct list_sink sink = {.take = shared_take, .context = shared};
    size_t kept = 0;

    for (size_t i = 0; i < manifest->shared_n; i++) {
        if (!shared_add(shared, manifest->shared[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < manifest->shared_lists_n; i++) {
        struct list_bytes unused;

        if (list_read(&manifest->shared_lists[i], &sink, model->report,
                &unused) == COP_E_NOMEM) {
            return false;
        }
    }
    if (shared->n > 0) {
        qsort(shared->p, shared->n, sizeof(*shared->p), cidr_order);
    }
    for (size_t i = 0; i < shared->n; i++) {
        if (kept == 0 || !takes_in(&shared->p[kept - 1], &shared->p[i])) {
            shared->p[kept++] = shared->p[i];
        }
    }
    shared->n = kept;
    return true;
}

/* A shared network that has an address in common with another; NULL: none.
 * One that takes it in begins before it or with it, and is the last that does;
 * one that is inside it begins behind, and is the first. */
static const struct cidr *shared_hit(
    const struct shared *shared, const struct cidr *at)
{
    size_t low = 0;
    size_t high = shared->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (cidr_order(&shared->p[middle], at) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0 && takes_in(&shared->p[low - 1], at)) {
        return &shared->p[low - 1];
    }
    return low < shared->n && takes_in(at, &shared->p[low]) ? &shared->p[low]
                                                            : NULL;
}

static void hold_against_shared(const struct check *check,
    const struct shared *shared, const struct tables_entry *entry)
{
    const struct model *model = check->model;
    struct check about = *check;
    char text[CIDR_TEXT_MAX + 1];
    const struct cidr *hit;
    struct cidr at;

    if ((entry->object != ENTRY_CIDR && entry->object != ENTRY_HOST) ||
        model->lists[entry->list].t.role != LIST_DENY ||
        cidr_parse(entry->text, &at) != CIDR_FINE) {
        return;
    }
    hit = shared_hit(shared, &at);
    if (hit != NULL) {
        struct place place = check_entry_place(model, entry);

        about.requirement = check_owner(model, &model->lists[entry->list]);
        (void)cidr_print(hit, text);
        check_say(&about, COP_ERROR, &place,
            "block its sites by name, or take the network out of "
            "shared_addresses",
            "%.*s is in %s, which many sites share", (int)entry->text.n,
            entry->text.p, text);
    }
}

void check_shared(const struct check *check)
{
    const struct model *model = check->model;
    struct shared shared = {NULL, 0, 0};

    if (model->manifests.n == 0) {
        return;
    }
    if (!shared_read(model, &shared)) {
        cop_report_at(model->report, COP_ERROR, "memory", NULL, 0, 0, NULL,
            "out of memory");
    }
    for (size_t i = 0; i < model->entries.n && shared.n > 0; i++) {
        hold_against_shared(check, &shared, &model->entries.p[i]);
    }
    free(shared.p);
}
