/* Whether a requirement reaches what it is about and nothing else: L12, L14,
 * L22, L23, L25; addresses are in addresses.c. */
#include "rules/base/cidr.h"
#include "rules/check/check.h"

enum { FOUND_MAX = 20 };

/* ---- L12 ---- */

/* Members of the European Union, whose regulation 2015/2120 lets a provider
 * block only by law or by its customer's choice. */
static bool is_in_union(const struct fact_requirement *requirement)
{
    static const char members[] =
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT "
        "RO SE SI SK ";

    for (size_t i = 0; i < requirement->words.jurisdiction_n; i++) {
        struct cop_slice code = requirement->words.jurisdiction[i];

        for (size_t at = 0; at + 2 < sizeof(members); at += 3) {
            if (code.n >= 2 && memcmp(code.p, members + at, 2) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_law(enum fact_instrument type)
{
    return type == INSTRUMENT_STATUTE || type == INSTRUMENT_REGULATION ||
           type == INSTRUMENT_REGULATOR_DECISION ||
           type == INSTRUMENT_COURT_ORDER ||
           type == INSTRUMENT_ADMINISTRATIVE_ORDER;
}

void check_open_internet(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (requirement->strength == COP_STRENGTH_DEFAULT_ON &&
        requirement->legal.obliges_isp && is_in_union(requirement) &&
        !is_law(requirement->legal.type) && !requirement->has_decision &&
        check_denies(check)) {
        check_say(check, COP_WARNING, &requirement->legal.place,
            "name the law, or add decision: how the customer chooses",
            "a provider in the European Union would filter by default without "
            "a law and without its customer's choice");
    }
}

/* ---- the rest ---- */

static bool is_illegal_content(const struct fact_requirement *requirement)
{
    if (requirement->lock == COP_LOCK_NATIONAL) {
        return true;
    }
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (cop_catset_has(requirement->target.categories.set, i) &&
            strncmp(cop_category_id(i), "illegal.", 8) == 0) {
            return true;
        }
    }
    return false;
}

void check_preserved(const struct check *check)
{
    const struct fact_reach *reach = &check->requirement->reach;

    if (reach->preserves_content && is_illegal_content(check->requirement)) {
        check_say(check, reach->has_preserve_basis ? COP_WARNING : COP_ERROR,
            &reach->preserve_place,
            "add the law's words as basis, and have it reviewed",
            "keeping illegal content may itself be an offence");
    }
}

void check_grain(const struct check *check)
{
    const struct fact_reach *reach = &check->requirement->reach;

    if (reach->has_required && reach->has_layers && !reach->has_fallback &&
        reach->required > reach->finest) {
        check_say(check, COP_ERROR, &reach->granularity_place,
            "add on_unavailable, or a layer that sees more",
            "its layers cannot tell apart what it must tell apart");
    }
}

static enum fact_grain entry_grain(enum entry_object object)
{
    switch (object) {
    case ENTRY_CIDR:
    case ENTRY_COUNTRY:
    case ENTRY_AS:
        break;
    case ENTRY_DOMAIN:
    case ENTRY_BELOW:
        return GRAIN_DOMAIN;
    case ENTRY_HOST:
        return GRAIN_HOST;
    case ENTRY_URL:
    case ENTRY_PATTERN:
    case ENTRY_ADBLOCK:
        return GRAIN_URL;
    }
    return GRAIN_IP;
}

/* An address that is an entry of its own is a host without a name. */
static enum fact_grain grain_of(const struct tables_entry *entry)
{
    struct cidr address;

    return entry->object == ENTRY_HOST &&
                   cidr_parse(entry->text, &address) == CIDR_FINE
               ? GRAIN_IP
               : entry_grain(entry->object);
}

/* Say what an entry is coarser than, if it is. */
static bool entry_is_coarse(struct check *about,
    const struct tables_entry *entry, const struct place *place)
{
    static const char *const words[] = {
        "an address", "a domain", "a host", "a URL", "content"};
    const struct fact_reach *reach = &about->requirement->reach;
    enum fact_grain grain = grain_of(entry);
    bool is_refused;

    if (!reach->has_required || grain >= reach->required ||
        (reach->has_fallback && reach->fallback == FALLBACK_COARSER &&
            grain >= model_grain(about->requirement))) {
        return false;
    }
    is_refused = grain < model_grain(about->requirement) ||
                 (reach->has_fallback && reach->fallback == FALLBACK_FAIL);
    check_say(about, is_refused ? COP_ERROR : COP_WARNING, place,
        is_refused ? "name it more precisely, or change granularity"
                   : "name it more precisely, or add on_unavailable: coarser",
        "%.*s names %s, and what is blocked must be named by %s at the least",
        (int)entry->text.n, entry->text.p, words[grain],
        words[reach->required]);
    return true;
}

void check_coarse(const struct check *check)
{
    const struct model *model = check->model;
    struct check about = *check;
    size_t found = 0;

    for (size_t i = 0; i < model->lists_n; i++) {
        const struct model_list *list = &model->lists[i];

        if (list->t.role != LIST_DENY) {
            continue;
        }
        about.requirement = check_owner(model, list);
        for (size_t k = 0; k < list->n && found < FOUND_MAX; k++) {
            const struct tables_entry *entry =
                &model->entries.p[list->first + k];
            struct place place = check_entry_place(model, entry);

            found += entry_is_coarse(&about, entry, &place);
        }
    }
}

void check_content(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (model_grain(requirement) == GRAIN_CONTENT && check_denies(check)) {
        check_say(check, COP_ERROR, &requirement->reach.granularity_place,
            "write minimum_acceptable: url",
            "the gateway tells URLs apart, and nothing within a page");
    }
}

/* A category's lists are whatever bundles bring: those that are too coarse do
 * not count for this requirement. */
void check_narrow(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (model_grain(requirement) >= GRAIN_HOST && check_denies(check) &&
        !cop_catset_empty(requirement->target.categories.set)) {
        check_say(check, COP_NOTE, &requirement->reach.granularity_place, NULL,
            "of its categories' lists only what names %s counts",
            model_grain(requirement) == GRAIN_HOST ? "hosts or URLs" : "URLs");
    }
}

void check_corpus(const struct check *check)
{
    const struct fact_reach *reach = &check->requirement->reach;

    if (reach->has_effectiveness && !reach->has_corpus) {
        check_say(check, COP_ERROR, &reach->effectiveness_place,
            "add corpus: what it is measured on",
            "how well it works is demanded, and not on what");
    }
}

void check_feature(const struct check *check)
{
    if (check->requirement->target.has_feature) {
        check_say(check, COP_NOTE, &check->requirement->target.place, NULL,
            "whether the addresses of safe search still exist cannot be seen "
            "without the network");
    }
}
