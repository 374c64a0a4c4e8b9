/* The collateral guard: what would take down more than is meant. Nobody tells a
 * compiler how many sites an address serves, so what can be known counts: the
 * networks that the manifest calls shared, the addresses that a network has,
 * and the domains under which others give names away (the public suffix list,
 * its private part included). */
#include "cop/host.h"
#include "rules/base/cidr.h"
#include "rules/model/model.h"

/* Whether two networks have an address in common: one is within the other. */
static bool networks_meet(const struct cidr *a, const struct cidr *b)
{
    unsigned bytes = a->is_ip6 ? 16 : 4;
    struct cidr x = *a;
    struct cidr y = *b;
    unsigned bits = x.bits < y.bits ? x.bits : y.bits;

    if (a->is_ip6 != b->is_ip6) {
        return false;
    }
    (void)cidr_mask(x.addr, bytes, bits);
    (void)cidr_mask(y.addr, bytes, bits);
    return memcmp(x.addr, y.addr, bytes) == 0;
}

static bool is_shared(const struct model *model, const struct cidr *at)
{
    struct cidr shared;

    if (model->manifests.n == 0) {
        return false;
    }
    for (size_t i = 0; i < model_manifest(model)->shared_n; i++) {
        if (cidr_parse(model_manifest(model)->shared[i], &shared) ==
                CIDR_FINE &&
            networks_meet(at, &shared)) {
            return true;
        }
    }
    return false;
}

/* Whether a network has more addresses than sites may be hit. */
static bool is_large(const struct cidr *at, int64_t most)
{
    unsigned rest = (at->is_ip6 ? 128U : 32U) - at->bits;

    return rest >= 62 || (INT64_C(1) << rest) > most;
}

static bool is_suffix(struct cop_slice name)
{
    struct cop_host host;

    return cop_host_parse(name, &host) == COP_OK &&
           host.kind == COP_HOST_NAME && cop_host_registrable(&host) == host.n;
}

const char *model_guard_trips(const struct model *model,
    const struct fact_requirement *owner, const struct tables_entry *entry)
{
    const struct fact_reach *reach = &owner->reach;
    struct cidr at;

    switch (entry->object) {
    case ENTRY_CIDR:
    case ENTRY_HOST:
        if (cidr_parse(entry->text, &at) != CIDR_FINE) {
            return NULL;
        }
        if (is_shared(model, &at)) {
            return "is in a network of shared_addresses";
        }
        return reach->has_max_cohosted && at.bits < (at.is_ip6 ? 128 : 32) &&
                       is_large(&at, reach->max_cohosted)
                   ? "has more addresses than max_cohosted lets one entry hit"
                   : NULL;
    case ENTRY_DOMAIN:
    case ENTRY_BELOW:
        return reach->has_max_cohosted && is_suffix(entry->text)
                   ? "is a public suffix, under which many have their sites"
                   : NULL;
    case ENTRY_URL:
    case ENTRY_PATTERN:
    case ENTRY_ADBLOCK:
        break;
    }
    return NULL;
}

/* Whether an entry is to be held back, and that it was. */
static bool hold(struct model *model, const struct tables_entry *entry)
{
    struct model_list *list = &model->lists[entry->list];
    const struct fact_requirement *owner;
    const char *why;

    if (list->t.role != LIST_DENY) {
        return false;
    }
    owner = model_requirement(model, list->t.owner);
    if (!owner->reach.has_on_trip) {
        return false;
    }
    why = model_guard_trips(model, owner, entry);
    if (why != NULL && list->held++ == 0) {
        list->held_why = why;
        list->held_place = list->place;
        list->held_place.line = entry->line;
        list->held_place.column = 1;
        if (list->fact != NULL && list->fact->path.p != NULL) {
            list->held_place.file = list->fact->path.p;
        }
    }
    return why != NULL;
}

void model_guard(struct model *model)
{
    size_t kept = 0;
    bool has_guard = false;

    for (size_t i = 0; i < model->requirements.n; i++) {
        has_guard |= model_requirement(model, i)->reach.has_on_trip;
    }
    for (size_t i = 0; has_guard && i < model->entries.n; i++) {
        const struct tables_entry entry = model->entries.p[i];
        struct model_list *list = &model->lists[entry.list];

        if (i == list->first) {
            list->first = kept;
            list->n = 0;
        }
        if (!hold(model, &entry)) {
            model->entries.p[kept++] = entry;
            list->n++;
        }
    }
    model->entries.n = has_guard ? kept : model->entries.n;
}
