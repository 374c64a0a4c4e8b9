/* Requirements that never decide anything, because stronger ones always do. */
#include "rules/check/check.h"

/* Whether `b` blocks nothing but categories that `a` blocks, more strongly,
 * for everybody that `b` is about. */
static bool is_shadowed(
    const struct fact_requirement *a, const struct fact_requirement *b)
{
    return a->action == DO_BLOCK && b->action == DO_BLOCK &&
           model_effect_of(a) > model_effect_of(b) && model_covers(a, b) &&
           cop_catset_empty(cop_catset_without(
               b->target.categories.set, a->target.categories.set));
}

void check_shadow(const struct check *check)
{
    const struct model *model = check->model;
    struct check about = *check;

    for (size_t i = 0; i < model->requirements.n; i++) {
        const struct fact_requirement *b = model_requirement(model, i);

        if (model_effect_of(b) == EFFECT_NONE || b->target.lists_n > 0) {
            continue;
        }
        about.requirement = b;
        for (size_t k = 0; k < model->requirements.n; k++) {
            const struct fact_requirement *a = model_requirement(model, k);

            if (k != i && is_shadowed(a, b)) {
                check_say(&about, COP_NOTE, &b->target.place, NULL,
                    "this never decides: %s blocks the same for the same "
                    "people, more strongly",
                    a->head.id.p);
                break;
            }
        }
    }
}
