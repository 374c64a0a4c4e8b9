/* Requirements that never decide anything, because stronger ones always do. */
#include "cop/decide.h"
#include "rules/check/check.h"

void check_shadow(const struct check *check)
{
    const struct model *model = check->model;
    struct check about = *check;

    for (uint32_t i = 0; i < model->requirements.n; i++) {
        uint32_t by = model_shadowed_by(model, i);

        if (by == COP_NONE) {
            continue;
        }
        about.requirement = model_requirement(model, i);
        check_say(&about, COP_NOTE, &about.requirement->target.place, NULL,
            "this never decides: %s blocks the same for the same people, more "
            "strongly",
            model_requirement(model, by)->head.id.p);
    }
}
