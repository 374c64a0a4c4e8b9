#include "cop/decide.h"
#include "rules/model/model.h"

/* Whether a requirement says of some places that it does not block them. */
static bool has_exceptions(const struct fact_requirement *fact)
{
    for (size_t i = 0; i < fact->target.lists_n; i++) {
        if (fact->target.lists[i].semantics == LIST_SAYS_ALLOW) {
            return true;
        }
    }
    return false;
}

/* Whether `b` blocks nothing but categories that `a` blocks, more strongly,
 * for everybody that `b` is about. */
static bool is_shadowed(
    const struct fact_requirement *a, const struct fact_requirement *b)
{
    return a->action == DO_BLOCK && b->action == DO_BLOCK &&
           model_effect_of(a) > model_effect_of(b) && model_covers(a, b) &&
           !has_exceptions(a) && model_grain(a) == GRAIN_IP &&
           cop_catset_empty(a->reach.spares) &&
           cop_catset_empty(cop_catset_without(
               b->target.categories.set, a->target.categories.set));
}

uint32_t model_shadowed_by(const struct model *model, uint32_t index)
{
    const struct fact_requirement *b = model_requirement(model, index);

    if (model_effect_of(b) == EFFECT_NONE || b->target.lists_n > 0) {
        return COP_NONE;
    }
    for (uint32_t i = 0; i < model->requirements.n; i++) {
        if (i != index && is_shadowed(model_requirement(model, i), b)) {
            return i;
        }
    }
    return COP_NONE;
}
