/* Whom it is about and whether its parts fit together: L06 and form. */
#include "rules/check/check.h"

void check_age(const struct check *check)
{
    const struct fact_scope *scope = &check->requirement->scope;

    if (scope->age_min < 0 || scope->age_max > 120) {
        check_say(check, COP_ERROR, &scope->age_place,
            "ages go from 0 to 120; max: 120 includes everybody older",
            "the age interval reaches outside 0 to 120");
    } else if (scope->age_min >= scope->age_max) {
        check_say(check, COP_ERROR, &scope->age_place,
            "min is the first age that it is about, max the first that it is "
            "not",
            "the age interval is empty");
    }
}

static void check_lists_fit(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    for (size_t i = 0; i < requirement->target.lists_n; i++) {
        const struct fact_list *list = &requirement->target.lists[i];

        if (requirement->action == DO_ALLOW &&
            list->semantics != LIST_SAYS_ALLOW) {
            check_say(check, COP_ERROR, &list->place,
                "write semantics: allow, or action: block",
                "the action is to allow, and this list says otherwise");
        }
        if (requirement->action == DO_ALLOW_ONLY &&
            list->semantics == LIST_SAYS_DENY) {
            check_say(check, COP_ERROR, &list->place,
                "write semantics: allow_only, or action: block",
                "the action is to allow only what is listed, and this list "
                "denies");
        }
    }
}

static bool has_allow_only(const struct fact_requirement *requirement)
{
    for (size_t i = 0; i < requirement->target.lists_n; i++) {
        if (requirement->target.lists[i].semantics == LIST_SAYS_ALLOW_ONLY) {
            return true;
        }
    }
    return false;
}

static void check_target(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    const struct fact_target *target = &requirement->target;
    bool has_categories = !cop_catset_empty(target->categories.set);

    if (requirement->kind == KIND_LIST && target->lists_n == 0) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "add target.list, or write kind: category",
            "a requirement of kind list has no list");
    } else if (requirement->kind == KIND_CATEGORY && !has_categories) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "add target.category, or write kind: list",
            "a requirement of kind category has no category");
    } else if (requirement->action <= DO_ALERT &&
               requirement->kind != KIND_PROCESS && target->lists_n == 0 &&
               !has_categories) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "add target.category or target.list",
            "there is an action, and nothing that it is done to");
    }
    if (requirement->action == DO_ALLOW_ONLY && has_categories) {
        check_say(check, COP_ERROR, &target->categories.place,
            "list the places, or write a template with allow_only and allow",
            "this version cannot allow only categories");
    }
    if (requirement->action == DO_ALLOW_ONLY && !has_allow_only(requirement)) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "add target.list with semantics: allow_only",
            "no list says what is allowed");
    }
}

void check_form(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    bool has_target = requirement->target.lists_n > 0 ||
                      !cop_catset_empty(requirement->target.categories.set);

    check_target(check);
    check_lists_fit(check);
    if (requirement->kind == KIND_PROCESS && has_target) {
        check_say(check, COP_WARNING, &requirement->target.place,
            "write kind: category or list, or remove the target",
            "a duty of kind process blocks nothing, whatever its target");
    }
    if (requirement->lock == COP_LOCK_NATIONAL &&
        requirement->strength != COP_STRENGTH_MANDATORY) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "write strength: mandatory, or another lock",
            "only what is mandatory can be locked by the nation");
    }
    if (requirement->status == STATUS_ADVISORY &&
        (requirement->strength == COP_STRENGTH_MANDATORY ||
            requirement->strength == COP_STRENGTH_DEFAULT_ON ||
            requirement->strength == COP_STRENGTH_DEFAULT_ON_CLASS)) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "write strength: recommended, or status: in_force",
            "advice binds nobody, so it cannot be mandatory or on by default");
    }
}

void check_protected(const struct check *check)
{
    const struct fact_target *target = &check->requirement->target;
    struct cop_catset hit =
        cop_catset_and(target->categories.set, cop_category_protected());

    bool is_beside = model_is_beside(check->requirement);

    for (unsigned i = 0;
         i < COP_CATEGORIES && (is_beside || check_denies(check)); i++) {
        if (cop_catset_has(hit, i)) {
            check_say(check, COP_ERROR, &target->categories.place,
                is_beside ? "remove it; who looks for help is nobody's business"
                          : "remove it; a single place can be listed under "
                            "target.list",
                "the category %s is protected; nothing %s it as a whole",
                cop_category_id(i), is_beside ? "changes or marks" : "blocks");
        }
    }
}
