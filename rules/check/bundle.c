/* What is about the bundle as a whole: its manifest, appeals, templates. */
#include "cop/decide.h"
#include "rules/check/check.h"

void check_manifest(const struct check *check)
{
    const struct model *model = check->model;

    if (model->manifests.n == 0) {
        check_say(check, COP_ERROR, NULL,
            "add a document whose id begins with cop:bundle:",
            "no document says what this bundle is");
    }
    for (size_t i = 1; i < model->manifests.n; i++) {
        check_say(check, COP_ERROR, &model->manifests.p[i]->place,
            "compile them into one bundle each",
            "this is a second manifest; the first is in %s",
            model->manifests.p[0]->place.file);
    }
}

void check_appeals(const struct check *check)
{
    const struct model *model = check->model;

    for (size_t i = 0; i < model->appeals.n; i++) {
        const struct fact_appeal *appeal = model_appeal(model, i);

        if (model_find_requirement(model, appeal->of) == COP_NONE) {
            check_say(check, COP_WARNING, &appeal->of_place,
                "correct the id, or compile the appeal with the requirement",
                "no requirement of this bundle has the id %s", appeal->of.p);
        }
        if (appeal->until_unix <= model->options->now_unix) {
            check_say(check, COP_WARNING, &appeal->head.place, "remove it",
                "this appeal's time is over; it opens nothing");
        }
    }
}

void check_templates(const struct check *check)
{
    const struct model *model = check->model;

    for (size_t i = 0; i < model->templates.n; i++) {
        const struct fact_template *template = model_template(model, i);
        struct cop_catset hit =
            cop_catset_and(template->block.set, cop_category_protected());

        for (unsigned k = 0; k < COP_CATEGORIES; k++) {
            if (cop_catset_has(hit, k)) {
                check_say(check, COP_ERROR, &template->block.place, "remove it",
                    "the category %s is protected; no template blocks it",
                    cop_category_id(k));
            }
        }
    }
}
