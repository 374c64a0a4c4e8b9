#include "rules/model/model.h"
#include "rules/read/date.h"

bool model_is_in_force(const struct fact_requirement *requirement)
{
    return requirement->status == STATUS_IN_FORCE ||
           requirement->status == STATUS_ADVISORY;
}

bool model_is_inert(const struct fact_requirement *requirement)
{
    const struct fact_target *target = &requirement->target;
    bool has_target =
        !cop_catset_empty(target->categories.set) || target->lists_n > 0;

    if (requirement->kind == KIND_PROCESS) {
        return true;
    }
    switch (requirement->action) {
    case DO_BLOCK:
    case DO_ALLOW:
    case DO_ALLOW_ONLY:
    case DO_OFFER:
        return !has_target;
    case DO_WARN:
    case DO_MODIFY:
    case DO_REDIRECT:
    case DO_LOG_ONLY:
    case DO_ALERT:
    case DO_INFORM:
    case DO_CERTIFY:
        break;
    }
    return true;
}

enum fact_grain model_grain(const struct fact_requirement *requirement)
{
    const struct fact_reach *reach = &requirement->reach;

    if (reach->has_minimum) {
        return reach->minimum;
    }
    return reach->has_required &&
                   !(reach->has_fallback && reach->fallback == FALLBACK_COARSER)
               ? reach->required
               : GRAIN_IP;
}

enum model_effect model_effect_of(const struct fact_requirement *requirement)
{
    if (!model_is_in_force(requirement) || model_is_inert(requirement)) {
        return EFFECT_NONE;
    }
    if (requirement->action == DO_OFFER) {
        return EFFECT_OFFERED;
    }
    switch (requirement->strength) {
    case COP_STRENGTH_MANDATORY:
        if (requirement->lock == COP_LOCK_NATIONAL &&
            requirement->action != DO_ALLOW) {
            return EFFECT_LOCKED;
        }
        return EFFECT_MANDATORY;
    case COP_STRENGTH_DEFAULT_ON:
    case COP_STRENGTH_DEFAULT_ON_CLASS:
        return EFFECT_DEFAULT;
    case COP_STRENGTH_REQUIRED_DECISION:
    case COP_STRENGTH_MUST_OFFER:
    case COP_STRENGTH_RECOMMENDED:
    case COP_STRENGTH_LOCAL_DISCRETION:
        break;
    }
    return EFFECT_OFFERED;
}

/* Whether a minute of the week is in one of the hours; without hours all are.
 */
static bool hours_hold(const struct fact_scope *scope, unsigned minute)
{
    for (size_t i = 0; i < scope->hours_n; i++) {
        unsigned from = scope->hours[i].from;
        unsigned to = scope->hours[i].to;

        if (from <= to ? minute >= from && minute < to
                       : minute >= from || minute < to) {
            return true;
        }
    }
    return scope->hours_n == 0;
}

static bool hours_overlap(
    const struct fact_scope *a, const struct fact_scope *b)
{
    if (a->hours_n == 0 || b->hours_n == 0) {
        return true;
    }
    for (unsigned i = 0; i < DATE_WEEK_MINUTES; i++) {
        if (hours_hold(a, i) && hours_hold(b, i)) {
            return true;
        }
    }
    return false;
}

/* Whether the outer one speaks in every minute in which the inner one does. */
static bool hours_cover(
    const struct fact_scope *outer, const struct fact_scope *inner)
{
    if (outer->hours_n == 0) {
        return true;
    }
    for (unsigned i = 0; i < DATE_WEEK_MINUTES; i++) {
        if (hours_hold(inner, i) && !hours_hold(outer, i)) {
            return false;
        }
    }
    return true;
}

static bool subscribers_overlap(uint32_t a, uint32_t b)
{
    return a == 0 || b == 0 || (a & b) != 0;
}

bool model_overlap(
    const struct fact_requirement *a, const struct fact_requirement *b)
{
    return a->scope.age_min < b->scope.age_max &&
           b->scope.age_min < a->scope.age_max &&
           a->time.from_unix < b->time.until_unix &&
           b->time.from_unix < a->time.until_unix &&
           subscribers_overlap(a->scope.subscribers, b->scope.subscribers) &&
           hours_overlap(&a->scope, &b->scope);
}

bool model_covers(
    const struct fact_requirement *outer, const struct fact_requirement *inner)
{
    return outer->scope.age_min <= inner->scope.age_min &&
           outer->scope.age_max >= inner->scope.age_max &&
           outer->time.from_unix <= inner->time.from_unix &&
           outer->time.until_unix >= inner->time.until_unix &&
           (outer->scope.subscribers == 0 ||
               (inner->scope.subscribers != 0 &&
                   (inner->scope.subscribers & ~outer->scope.subscribers) ==
                       0)) &&
           hours_cover(&outer->scope, &inner->scope);
}
