/* Addresses, which others may share, and other entries that take down more than
 * is meant: L09 and L10. L09 asks for a guard; every entry is held against it,
 * and against the networks that are known to be shared (model/guard.c). */
#include "rules/check/check.h"

enum { FOUND_MAX = 20 };

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

static void tell_wide(const struct check *about, const struct place *place,
    const struct tables_entry *entry)
{
    check_say(about, COP_ERROR, place,
        "write a longer prefix, or say what is meant: collateral_guard has "
        "min_prefix_ip4 and min_prefix_ip6",
        "%.*s is wider than its collateral_guard allows", (int)entry->text.n,
        entry->text.p);
}

static void tell_whole(const struct check *about, const struct place *place,
    const struct tables_entry *entry)
{
    check_say(about, COP_ERROR, place,
        "list what is meant, or write whole_networks: true into "
        "collateral_guard",
        "%.*s takes in every site of a %s", (int)entry->text.n, entry->text.p,
        entry->object == ENTRY_COUNTRY ? "country" : "network");
}

/* What a guard is not told to hold back. */
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
        struct place place = check_entry_place(model, entry);
        enum guard_trip trip =
            model_guard_width(&about.requirement->reach.guard, entry);

        if (trip == TRIP_WIDE) {
            tell_wide(&about, &place, entry);
        } else if (trip == TRIP_WHOLE) {
            tell_whole(&about, &place, entry);
        }
    }
}

/* ---- what many share ---- */

/* Tell it of one entry, if it is so. */
static bool tell_shared(
    const struct check *about, const struct tables_entry *entry)
{
    struct place place = check_entry_place(about->model, entry);
    const struct cidr *hit = model_shared_hit(about->model, entry);
    char text[CIDR_TEXT_MAX + 1];

    if (hit != NULL) {
        (void)cidr_print(hit, text);
        check_say(about, COP_ERROR, &place,
            "block its sites by name, take the network out of "
            "shared_addresses, or write on_trip: hold_and_report into its "
            "collateral_guard",
            "%.*s is in %s, which many sites share", (int)entry->text.n,
            entry->text.p, text);
        return true;
    }
    if (model_guard_width(&about->requirement->reach.guard, entry) ==
        TRIP_SUFFIX) {
        check_say(about, COP_ERROR, &place,
            "block its sites by name or URL, or write on_trip: "
            "hold_and_report into its collateral_guard",
            "%.*s is a public suffix, under which many have their sites",
            (int)entry->text.n, entry->text.p);
        return true;
    }
    return false;
}

/* What a guard is not told to hold back, or what no guard is set against. */
void check_shared(const struct check *check)
{
    const struct model *model = check->model;
    struct check about = *check;
    size_t found = 0;

    for (size_t i = 0; i < model->entries.n && found < FOUND_MAX; i++) {
        const struct tables_entry *entry = &model->entries.p[i];
        const struct model_list *list = &model->lists[entry->list];

        if (list->t.role == LIST_DENY) {
            about.requirement = check_owner(model, list);
            found += tell_shared(&about, entry);
        }
    }
}

/* ---- what was held back ---- */

static const char *trip_words(enum guard_trip trip)
{
    switch (trip) {
    case TRIP_WIDE:
        return "is wider than the guard allows";
    case TRIP_WHOLE:
        return "takes in every site of a country or a network";
    case TRIP_SUFFIX:
        return "is a public suffix, under which many have their sites";
    case TRIP_SHARED:
        return "is in a network that many sites share";
    case TRIP_NOTHING:
        break;
    }
    return "";
}

void check_held(const struct check *check)
{
    const struct model *model = check->model;
    struct check about = *check;

    for (size_t i = 0; i < model->lists_n; i++) {
        const struct model_list *list = &model->lists[i];

        if (list->held == 0) {
            continue;
        }
        about.requirement = check_owner(model, list);
        check_say(&about,
            about.requirement->reach.trip_allows ? COP_NOTE : COP_WARNING,
            &list->held_place, "block its sites by name or URL",
            "the collateral guard left %u of this list's entries out; the "
            "first %s",
            list->held, trip_words(list->held_why));
    }
}
