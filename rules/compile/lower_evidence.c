/* What a bundle says for whoever oversees it. */
#include "cop/decide.h"
#include "rules/compile/lower.h"

static struct cop_slice joined(
    struct arena *arena, const struct cop_slice *words, size_t n)
{
    struct cop_slice out = COP_LIT("");

    for (size_t i = 0; i < n && out.p != NULL; i++) {
        out = i == 0 ? words[i]
                     : arena_print(arena, "%.*s %.*s", (int)out.n, out.p,
                           (int)words[i].n, words[i].p);
    }
    return out.p != NULL ? out : COP_LIT("");
}

static uint32_t not_run(const struct fact_requirement *fact)
{
    uint32_t n = 0;

    if (!model_is_in_force(fact)) {
        return (uint32_t)fact->vectors_n;
    }
    for (size_t i = 0; i < fact->vectors_n; i++) {
        n += fact->vectors[i].skipped != NULL;
    }
    return n;
}

static void lower_one(
    const struct model *model, uint32_t index, struct tables_requirement *row)
{
    const struct fact_requirement *fact = model_requirement(model, index);
    uint32_t shadowed_by = model_shadowed_by(model, index);
    uint32_t skipped = not_run(fact);

    row->evidence = (struct cop_evidence){
        .kind = fact->words.kind,
        .status = fact->words.status,
        .action = fact->words.action,
        .basis = fact->words.basis,
        .jurisdiction = joined(
            model->arena, fact->words.jurisdiction, fact->words.jurisdiction_n),
        .extra = fact->words.extra,
        .review_unix = fact->time.review_unix,
        .version = (uint32_t)fact->version,
        .vectors = (uint32_t)fact->vectors_n - skipped,
        .vectors_not_run = skipped,
    };
    row->shadowed_by_plus_one = shadowed_by == COP_NONE ? 0 : shadowed_by + 1;
}

/* ---- origins ---- */

static struct cop_slice secrecy_word(enum list_secrecy secrecy)
{
    switch (secrecy) {
    case LIST_PUBLIC:
        return COP_LIT("public");
    case LIST_RESTRICTED:
        return COP_LIT("restricted");
    case LIST_SECRET:
        break;
    }
    return COP_LIT("secret");
}

static struct cop_slice says_word(enum list_semantics semantics)
{
    switch (semantics) {
    case LIST_SAYS_DENY:
        return COP_LIT("deny");
    case LIST_SAYS_ALLOW:
        return COP_LIT("allow");
    case LIST_SAYS_ALLOW_ONLY:
        break;
    }
    return COP_LIT("allow_only");
}

/* The list of that fact in the model; NULL when its entries are elsewhere. */
static const struct model_list *list_of(
    const struct model *model, const struct fact_list *fact)
{
    for (size_t i = 0; i < model->lists_n; i++) {
        if (model->lists[i].fact == fact) {
            return &model->lists[i];
        }
    }
    return NULL;
}

static struct cop_origin origin_of(
    const struct model *model, const struct fact_list *fact)
{
    const struct model_list *list = list_of(model, fact);
    struct cop_origin origin = {
        .ref = fact->ref,
        .source = fact->origin,
        .licence = fact->licence,
        .secrecy = secrecy_word(fact->secrecy),
        .cadence = fact->cadence,
        .max_age = fact->max_age,
        .requirement = COP_NONE,
        .entries = list != NULL ? (uint32_t)list->n : 0,
        .held = list != NULL ? list->held : 0,
        .retrieved_unix =
            fact->has_retrieved ? fact->retrieved_unix : INT64_MIN,
    };

    if (list != NULL) {
        memcpy(origin.digest, list->digest, sizeof(origin.digest));
    }
    return origin;
}

/* The lists that a part does not have from another. */
static size_t own_lists(const struct fact_requirement *fact)
{
    return fact->lists_of == NULL ? fact->target.lists_n : 0;
}

static size_t count_origins(const struct model *model)
{
    size_t n = model->category_lists.n;

    for (size_t i = 0; i < model->category_lists.n; i++) {
        n += model_category_list(model, i)->parts_n;
    }
    for (size_t i = 0; i < model->requirements.n; i++) {
        n += own_lists(model_requirement(model, i));
    }
    return n;
}

static bool lower_origins(const struct model *model, struct cop_tables *out)
{
    struct cop_origin *rows =
        arena_array(model->arena, count_origins(model) + 1, sizeof(*rows));
    size_t n = 0;

    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < model->category_lists.n; i++) {
        const struct fact_category_list *fact = model_category_list(model, i);

        if (fact_has_rest(fact)) {
            rows[n] = origin_of(model, &fact->list);
            rows[n].name = fact->head.id;
            rows[n].says = COP_LIT("category");
            rows[n++].categories = fact->categories.set;
        }
        for (size_t k = 0; k < fact->parts_n; k++) {
            rows[n] = origin_of(model, &fact->parts[k].list);
            rows[n].name = model_part_name(model, fact, k);
            rows[n].says = COP_LIT("category");
            rows[n++].categories = fact->parts[k].categories.set;
        }
    }
    for (uint32_t i = 0; i < model->requirements.n; i++) {
        const struct fact_requirement *fact = model_requirement(model, i);

        for (size_t k = 0; k < own_lists(fact); k++) {
            rows[n] = origin_of(model, &fact->target.lists[k]);
            rows[n].name = model_list_name(model, fact, k);
            rows[n].says = says_word(fact->target.lists[k].semantics);
            rows[n++].requirement = i;
        }
    }
    out->origins = rows;
    out->origins_n = n;
    return !arena_failed(model->arena);
}

bool lower_evidence(const struct model *model, struct tables_requirement *rows,
    struct cop_tables *out)
{
    for (uint32_t i = 0; i < model->requirements.n; i++) {
        lower_one(model, i, &rows[i]);
    }
    return lower_origins(model, out);
}
