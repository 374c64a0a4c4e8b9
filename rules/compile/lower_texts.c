#include "rules/compile/lower.h"

/* Texts being gathered; `p` NULL while they are only counted. */
struct gathering {
    struct arena *arena;
    struct tables_text *p;
    size_t n;
    bool failed;
};

static void add(struct gathering *into, const struct tables_text *text)
{
    if (into->p != NULL) {
        into->p[into->n] = *text;
    }
    into->n++;
}

static void add_texts(struct gathering *into, uint32_t requirement,
    enum cop_text kind, const struct fact_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        add(into, &(struct tables_text){
                      .requirement = requirement,
                      .text = kind,
                      .language = texts->p[i].language,
                      .words = texts->p[i].words,
                  });
    }
}

/* ---- helplines: several lines, one text a language ---- */

/* A helpline's words in a language; those in no language are for everybody. */
static struct cop_slice words_in(
    const struct fact_texts *texts, struct cop_slice language)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (texts->p[i].language.n == 0 ||
            cop_slice_eq(texts->p[i].language, language)) {
            return texts->p[i].words;
        }
    }
    return COP_LIT("");
}

static struct cop_slice join_lines(struct gathering *into,
    const struct fact_notice *notice, struct cop_slice language)
{
    struct cop_slice joined = COP_LIT("");

    for (size_t i = 0; i < notice->helplines_n && !into->failed; i++) {
        struct cop_slice words = words_in(&notice->helplines[i], language);

        if (words.n == 0) {
            continue;
        }
        joined = joined.n == 0
                     ? words
                     : arena_print(into->arena, "%s\n%s", joined.p, words.p);
        into->failed = joined.p == NULL;
    }
    return joined;
}

/* Whether an earlier helpline, or an earlier text of this one, already brought
 * the language in. */
static bool came_before(
    const struct fact_notice *notice, size_t line, size_t text)
{
    struct cop_slice language = notice->helplines[line].p[text].language;

    for (size_t i = 0; i < line; i++) {
        const struct fact_texts *texts = &notice->helplines[i];

        for (size_t k = 0; k < texts->n; k++) {
            if (cop_slice_eq(texts->p[k].language, language)) {
                return true;
            }
        }
    }
    return false;
}

static void add_helplines(struct gathering *into, uint32_t requirement,
    const struct fact_notice *notice)
{
    for (size_t i = 0; i < notice->helplines_n; i++) {
        const struct fact_texts *texts = &notice->helplines[i];

        for (size_t k = 0; k < texts->n; k++) {
            struct tables_text text = {
                .requirement = requirement,
                .text = COP_TEXT_HELPLINE,
                .language = texts->p[k].language,
            };

            if (came_before(notice, i, k)) {
                continue;
            }
            if (into->p != NULL) {
                text.words = join_lines(into, notice, text.language);
            }
            if (text.language.n == 0) {
                text.language = COP_LIT("und"); /* RFC 5646: undetermined */
            }
            add(into, &text);
        }
    }
}

/* ---- all ---- */

static void gather(struct gathering *into, const struct model *model)
{
    for (uint32_t i = 0; i < model->requirements.n; i++) {
        const struct fact_requirement *fact = model_requirement(model, i);

        add_texts(into, i, COP_TEXT_TITLE, &fact->title);
        add_texts(into, i, COP_TEXT_NOTICE, &fact->notice.text);
        add_texts(into, i, COP_TEXT_APPEAL, &fact->contact);
        add_helplines(into, i, &fact->notice);
        if (fact->action == DO_REDIRECT && fact->notice.redirect_url.n > 0) {
            add(into, &(struct tables_text){
                          .requirement = i,
                          .text = COP_TEXT_REDIRECT,
                          .language = COP_LIT(""),
                          .words = fact->notice.redirect_url,
                      });
        }
    }
    for (size_t i = 0; i < model->labels.n; i++) {
        const struct fact_label *fact = model_label(model, i);

        for (size_t k = 0; k < fact->label.n; k++) {
            add(into, &(struct tables_text){
                          .requirement = cop_category_code(fact->category),
                          .of_category = true,
                          .text = COP_TEXT_TITLE,
                          .language = fact->label.p[k].language,
                          .words = fact->label.p[k].words,
                      });
        }
    }
}

bool lower_texts(const struct model *model, struct cop_tables *out)
{
    struct gathering into = {.arena = model->arena};

    gather(&into, model);
    into.p = arena_array(model->arena, into.n + 1, sizeof(*into.p));
    if (into.p == NULL) {
        return false;
    }
    into.n = 0;
    gather(&into, model);
    out->texts = into.p;
    out->texts_n = into.n;
    return !into.failed;
}
