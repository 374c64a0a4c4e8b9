/* Whether an action has what it needs, and only that: form. */
#include "rules/check/check.h"

static void say(const struct check *check, const char *todo, const char *what)
{
    check_say(
        check, COP_ERROR, &check->requirement->head.place, todo, "%s", what);
}

/* Changes belong to the lists of what is changed, and to them alone. */
static void check_changes(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    bool modifies = requirement->action == DO_MODIFY;

    for (size_t i = 0; i < requirement->target.lists_n; i++) {
        const struct fact_list *list = &requirement->target.lists[i];
        bool is_changed = modifies && list->semantics == LIST_SAYS_DENY;

        if (is_changed && list->changes_n == 0) {
            check_say(check, COP_ERROR, &list->place,
                "add change: what is set in requests for what it names",
                "the action is to modify, and this list changes nothing");
        } else if (!is_changed && list->changes_n > 0) {
            check_say(check, COP_ERROR, &list->place,
                "write action: modify, or remove change",
                "only lists of what is modified can have changes");
        }
    }
}

static void check_modify(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    bool modifies = requirement->action == DO_MODIFY;

    check_changes(check);
    if (requirement->kind == KIND_FEATURE && !modifies) {
        say(check, "write action: modify, or another kind",
            "a feature of sites is switched by modifying requests");
    }
    if (modifies && !cop_catset_empty(requirement->target.categories.set)) {
        say(check, "list the places, each list with its own change",
            "a change is of what a list names, not of a category");
    }
}

static void check_redirect(const struct check *check)
{
    if (check->requirement->action == DO_REDIRECT &&
        check->requirement->notice.redirect_url.n == 0) {
        say(check, "add notice.stop_page.redirect_url",
            "the action is to redirect, and nothing says where to");
    }
}

/* What is not a denial is neither locked nor a list of all that is open. */
static void check_mild(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (requirement->action != DO_WARN && !model_is_beside(requirement)) {
        return;
    }
    if (requirement->lock == COP_LOCK_NATIONAL) {
        say(check, "write lock: local or none; nobody below sets it aside",
            "only what closes a place can be locked by the nation");
    }
    for (size_t i = 0; i < requirement->target.lists_n; i++) {
        if (requirement->target.lists[i].semantics == LIST_SAYS_ALLOW_ONLY) {
            check_say(check, COP_ERROR, &requirement->target.lists[i].place,
                "write action: allow_only in a requirement of its own",
                "this action cannot be done to all that is not listed");
        }
    }
}

void check_action(const struct check *check)
{
    check_modify(check);
    check_redirect(check);
    check_mild(check);
}
