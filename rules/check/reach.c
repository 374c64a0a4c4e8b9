/* Whether a requirement reaches what it is about and nothing else: L12, L14,
 * L22, L23, L25; addresses are in addresses.c. */
#include "rules/check/check.h"

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
