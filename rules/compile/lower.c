#include "rules/compile/lower.h"

/* An age interval that ends with the highest age includes everybody older. */
enum { AGE_HIGHEST = 120, AGE_END = AGE_HIGHEST + 1 };

bool lower_lists(const struct model *model, struct cop_tables *out)
{
    struct tables_list *lists =
        arena_array(model->arena, model->lists_n + 1, sizeof(*lists));

    if (lists == NULL) {
        return false;
    }
    for (size_t i = 0; i < model->lists_n; i++) {
        lists[i] = model->lists[i].t;
    }
    out->lists = lists;
    out->lists_n = model->lists_n;
    out->files = model->files;
    out->files_n = model->files_n;
    out->entries = model->entries.p;
    out->entries_n = model->entries.n;
    return true;
}

/* 451 says that a demand of the law blocks something (RFC 7725 section 3). */
static bool is_legal_demand(const struct fact_requirement *fact)
{
    if (fact->strength != COP_STRENGTH_MANDATORY) {
        return false;
    }
    switch (fact->legal.type) {
    case INSTRUMENT_STATUTE:
    case INSTRUMENT_REGULATION:
    case INSTRUMENT_REGULATOR_DECISION:
    case INSTRUMENT_COURT_ORDER:
    case INSTRUMENT_ADMINISTRATIVE_ORDER:
        return true;
    case INSTRUMENT_LICENCE_CONDITION:
    case INSTRUMENT_CODE:
    case INSTRUMENT_FUNDING_CONDITION:
    case INSTRUMENT_STANDARD:
    case INSTRUMENT_VOLUNTARY_SCHEME:
    case INSTRUMENT_INSTITUTION_POLICY:
        break;
    }
    return false;
}

static bool is_offer(const struct fact_requirement *fact)
{
    switch (fact->strength) {
    case COP_STRENGTH_MANDATORY:
    case COP_STRENGTH_DEFAULT_ON:
    case COP_STRENGTH_DEFAULT_ON_CLASS:
        return fact->action == DO_OFFER;
    case COP_STRENGTH_REQUIRED_DECISION:
    case COP_STRENGTH_MUST_OFFER:
    case COP_STRENGTH_RECOMMENDED:
    case COP_STRENGTH_LOCAL_DISCRETION:
        break;
    }
    return true;
}

/* What is finer than a URL cannot be told apart; the checks refuse it. */
static enum cop_grain lower_grain(const struct fact_requirement *fact)
{
    switch (model_grain(fact)) {
    case GRAIN_IP:
        break;
    case GRAIN_DOMAIN:
        return COP_GRAIN_DOMAIN;
    case GRAIN_HOST:
        return COP_GRAIN_HOST;
    case GRAIN_URL:
    case GRAIN_CONTENT:
        return COP_GRAIN_URL;
    }
    return COP_GRAIN_ANY;
}

/* The row of the part whose lists a part has, plus one; 0: its own. Parts of a
 * document follow each other. */
static uint32_t lists_of_row(const struct fact_requirement *fact, size_t row)
{
    return fact->lists_of == NULL
               ? 0
               : (uint32_t)row - (fact->head.part - fact->lists_of->head.part) +
                     1;
}

static struct tables_requirement lower_requirement(
    const struct fact_requirement *fact)
{
    int64_t age_max = fact->scope.age_max;

    return (struct tables_requirement){
        .r =
            {
                .id = fact->head.id,
                .authority = fact->legal.authority,
                .instrument = fact->legal.instrument,
                .citation = fact->legal.citation,
                .blocked_by = fact->legal.authority_url,
                .categories = fact->target.categories.set,
                .strength = fact->strength,
                .lock = fact->lock,
                .logging = fact->logging.duty,
                .identity = fact->logging.identity,
                .is_in_force = model_is_in_force(fact),
                .http_status = is_legal_demand(fact) ? 451 : 403,
                .age_min = (uint8_t)fact->scope.age_min,
                .age_max =
                    (uint8_t)(age_max == AGE_HIGHEST ? AGE_END : age_max),
                .from_unix = fact->time.from_unix,
                .until_unix = fact->time.until_unix,
                .part = fact->head.part,
            },
        .subscribers = fact->scope.subscribers,
        .spares = fact->reach.spares,
        .hours = fact->scope.hours,
        .hours_n = fact->scope.hours_n,
        .grain = lower_grain(fact),
        .is_allow = fact->action == DO_ALLOW,
        .is_inert = model_is_inert(fact),
        .is_offer = is_offer(fact),
    };
}

static bool lower_requirements(
    const struct model *model, struct cop_tables *out)
{
    struct tables_requirement *rows =
        arena_array(model->arena, model->requirements.n + 1, sizeof(*rows));

    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < model->requirements.n; i++) {
        rows[i] = lower_requirement(model_requirement(model, i));
        rows[i].lists_of_plus_one =
            lists_of_row(model_requirement(model, i), i);
    }
    out->requirements = rows;
    out->requirements_n = model->requirements.n;
    return lower_evidence(model, rows, out);
}

static struct cop_slice english_or_first(const struct fact_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (cop_slice_eq(texts->p[i].language, COP_LIT("en"))) {
            return texts->p[i].words;
        }
    }
    return texts->n > 0 ? texts->p[0].words : COP_LIT("");
}

static bool lower_templates(const struct model *model, struct cop_tables *out)
{
    struct tables_template *rows =
        arena_array(model->arena, model->templates.n + 1, sizeof(*rows));

    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < model->templates.n; i++) {
        const struct fact_template *fact = model_template(model, i);

        rows[i] = (struct tables_template){
            .name = fact->head.id,
            .title = english_or_first(&fact->title),
            .block = fact->block.set,
            .is_allow_only = fact->is_allow_only,
            .allow_only = fact->allow.set,
        };
    }
    out->templates = rows;
    out->templates_n = model->templates.n;
    return true;
}

static bool lower_appeals(const struct model *model, struct cop_tables *out)
{
    struct tables_appeal *rows =
        arena_array(model->arena, model->appeals.n + 1, sizeof(*rows));

    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < model->appeals.n; i++) {
        const struct fact_appeal *fact = model_appeal(model, i);

        rows[i] = (struct tables_appeal){
            .id = fact->head.id,
            .authority = fact->authority,
            .of = fact->of,
            .from_unix = fact->from_unix,
            .until_unix = fact->until_unix,
        };
    }
    out->appeals = rows;
    out->appeals_n = model->appeals.n;
    return true;
}

enum cop_status lower_model(const struct model *model, struct cop_tables *out)
{
    const struct fact_manifest *manifest = model_manifest(model);
    struct cop_slice prefix = COP_LIT("cop:bundle:");

    *out = (struct cop_tables){
        .name = {manifest->head.id.p + prefix.n,
            manifest->head.id.n - prefix.n},
        .title = manifest->title,
        .issuer = manifest->issuer,
        .licence = manifest->licence,
        .revision = manifest->revision,
        .east_s = manifest->east_s,
        .never_inspect = manifest->never_inspect.set,
    };
    if (!lower_lists(model, out) || !lower_requirements(model, out) ||
        !lower_texts(model, out) || !lower_templates(model, out) ||
        !lower_appeals(model, out)) {
        return COP_E_NOMEM;
    }
    return COP_OK;
}
