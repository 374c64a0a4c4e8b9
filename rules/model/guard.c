/* The collateral guard: what would take down more than is meant. Nobody tells a
 * compiler how many sites an address serves, so what can be known counts: the
 * networks that the manifest calls shared, the room that a network has, and the
 * domains under which others give names away (the public suffix list, its
 * private part included).
 *
 * An address counts as one site, of IPv6 a /64, which one customer has at the
 * least; so a network with room for more than the guard allows trips it, unless
 * the guard says how wide a network may be. */
#include "cop/host.h"
#include "rules/model/model.h"

enum { SITE_BITS_IP6 = 64, COUNTED_BITS = 31 /* INT32_MAX sites */ };

/* Whether a network has room for more sites than allowed. */
static bool has_too_many(const struct cidr *cidr, int64_t sites)
{
    int bits = (cidr->is_ip6 ? SITE_BITS_IP6 : CIDR_IP4_BITS) - cidr->bits;

    if (bits <= 0) {
        return false;
    }
    return bits > COUNTED_BITS || INT64_C(1) << bits > sites;
}

static bool is_too_wide(const struct fact_guard *guard, struct cop_slice text)
{
    struct cidr cidr;
    int64_t least;

    if (cidr_parse(text, &cidr) != CIDR_FINE) {
        return false;
    }
    least = cidr.is_ip6 ? guard->min_prefix_ip6 : guard->min_prefix_ip4;
    return least >= 0 ? cidr.bits < least
                      : guard->max_cohosted >= 0 &&
                            has_too_many(&cidr, guard->max_cohosted);
}

static bool is_suffix(struct cop_slice name)
{
    struct cop_host host;

    return cop_host_parse(name, &host) == COP_OK &&
           host.kind == COP_HOST_NAME && cop_host_registrable(&host) == host.n;
}

enum guard_trip model_guard_width(
    const struct fact_guard *guard, const struct tables_entry *entry)
{
    if (!guard->is_there) {
        return TRIP_NOTHING;
    }
    switch (entry->object) {
    case ENTRY_CIDR:
        return !guard->needs_url && is_too_wide(guard, entry->text)
                   ? TRIP_WIDE
                   : TRIP_NOTHING;
    case ENTRY_COUNTRY:
    case ENTRY_AS:
        return guard->needs_url || guard->allows_whole ? TRIP_NOTHING
                                                       : TRIP_WHOLE;
    case ENTRY_DOMAIN:
    case ENTRY_BELOW:
        return guard->max_cohosted >= 0 && is_suffix(entry->text)
                   ? TRIP_SUFFIX
                   : TRIP_NOTHING;
    case ENTRY_HOST:
    case ENTRY_URL:
    case ENTRY_PATTERN:
    case ENTRY_ADBLOCK:
        break;
    }
    return TRIP_NOTHING;
}

/* Whether an entry is to be held back, and that it was. */
static bool hold(struct model *model, const struct tables_entry *entry)
{
    struct model_list *list = &model->lists[entry->list];
    const struct fact_requirement *owner;
    enum guard_trip why;

    if (list->t.role != LIST_DENY) {
        return false;
    }
    owner = model_requirement(model, list->t.owner);
    if (!owner->reach.has_on_trip) {
        return false;
    }
    why = model_guard_width(&owner->reach.guard, entry);
    if (why == TRIP_NOTHING && model_shared_hit(model, entry) != NULL) {
        why = TRIP_SHARED;
    }
    if (why != TRIP_NOTHING && list->held++ == 0) {
        list->held_why = why;
        list->held_place = list->place;
        list->held_place.line = entry->line;
        list->held_place.column = 1;
        if (list->fact != NULL && list->fact->path.p != NULL) {
            list->held_place.file = list->fact->path.p;
        }
    }
    return why != TRIP_NOTHING;
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
