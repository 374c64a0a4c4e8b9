/* What it does to people: L13, L15 to L17, L19, L20. */
#include "rules/check/check.h"

void check_identity(const struct check *check)
{
    const struct fact_logging *logging = &check->requirement->logging;

    if (logging->identity == COP_IDENTITY_PERSON &&
        (!logging->has_purpose || !logging->has_retain_max)) {
        check_say(check, COP_ERROR, &logging->place,
            "add purpose and retain_max",
            "persons are written down, and it is not said %s",
            logging->has_purpose ? "for how long" : "what for");
    }
}

static bool has_language(
    const struct fact_texts *texts, struct cop_slice language)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (cop_slice_eq(texts->p[i].language, language)) {
            return true;
        }
    }
    return false;
}

/* The languages that stop pages must have: those the bundle declares, else
 * those that the requirement itself is titled in. */
static size_t wanted_languages(
    const struct check *check, const struct cop_slice **declared)
{
    const struct model *model = check->model;

    *declared = NULL;
    if (model->manifests.n > 0 && model_manifest(model)->languages_n > 0) {
        *declared = model_manifest(model)->languages;
        return model_manifest(model)->languages_n;
    }
    return check->requirement->title.n;
}

void check_languages(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    const struct cop_slice *declared;
    size_t n = wanted_languages(check, &declared);

    if (!check_denies(check)) {
        return;
    }
    if (requirement->notice.text.n == 0) {
        check_say(check, COP_WARNING,
            requirement->notice.has_stop_page ? &requirement->notice.place
                                              : &requirement->head.place,
            "add notice.stop_page.text",
            "there are no words for the page that people see instead");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct cop_slice language =
            declared != NULL ? declared[i] : requirement->title.p[i].language;

        if (!has_language(&requirement->notice.text, language)) {
            check_say(check, COP_WARNING, &requirement->notice.text.place,
                "add it", "the stop page has no text in language %s",
                language.p);
        }
    }
}

static bool is_about_illegal(const struct fact_requirement *requirement)
{
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (cop_catset_has(requirement->target.categories.set, i) &&
            cop_category_class_of(i) == COP_CLASS_L) {
            return true;
        }
    }
    return requirement->lock == COP_LOCK_NATIONAL;
}

void check_url_shown(const struct check *check)
{
    const struct fact_notice *notice = &check->requirement->notice;

    if (notice->includes_url && is_about_illegal(check->requirement)) {
        check_say(check, COP_ERROR, &notice->place, "remove url from include",
            "the stop page of an illegal list would show its URLs");
    }
}

void check_override(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (requirement->lock == COP_LOCK_NATIONAL &&
        requirement->override.is_permitted &&
        !requirement->override.is_authority_only) {
        check_say(check, COP_ERROR, &requirement->override.place,
            "write permitted: false, or by: [authority]",
            "what the nation locked could be switched off below it");
    }
}

/* Categories whose blocking reaches beyond the protection of children. */
static struct cop_catset rights_categories(void)
{
    static const enum cop_category flagged[] = {
        COP_CAT_NATIONAL_REFUSED_CLASSIFICATION, COP_CAT_BELIEF_SECTS_OCCULT,
        COP_CAT_INFO_MISINFORMATION, COP_CAT_IP_PIRACY};
    struct cop_catset set = {{0, 0}};

    for (size_t i = 0; i < sizeof(flagged) / sizeof(flagged[0]); i++) {
        cop_catset_add(&set, flagged[i]);
    }
    return set;
}

void check_rights(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    const struct fact_provenance *provenance = &requirement->provenance;
    struct cop_catset hit =
        cop_catset_and(requirement->target.categories.set, rights_categories());
    int64_t wanted =
        provenance->required_reviews > 2 ? provenance->required_reviews : 2;

    if (!check_denies(check) || (int64_t)provenance->reviewers >= wanted ||
        (cop_catset_empty(hit) && !provenance->has_rights_flags)) {
        return;
    }
    check_say(check, COP_WARNING,
        provenance->has_rights_flags ? &provenance->place
                                     : &requirement->target.categories.place,
        "have it reviewed and name the reviewers in provenance.reviewed_by",
        "this touches rights beyond the protection of children; it has %zu "
        "of %d reviewers",
        provenance->reviewers, (int)wanted);
}

void check_vectors(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (requirement->vectors_n == 0 && requirement->head.part == 0 &&
        !model_is_inert(requirement)) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "add verification.vectors: one that must be blocked, one that "
            "must not",
            "no test vector shows what the requirement does");
    }
}
