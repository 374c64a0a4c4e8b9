#include "cop/bundle.h"

#include <strings.h>

#include "cop/evidence.h"
#include "rules/bundle/view.h"

/* The texts of one kind about one thing: a run of TEXTS. */
struct text_run {
    uint32_t at;
    uint32_t n;
};

static const struct format_text *text_at(
    const struct cop_bundle *bundle, uint32_t index)
{
    return section_at(bundle, SECTION_TEXTS, index);
}

/* Whether a text comes before those of (of_category, owner, kind). */
static bool text_is_before(const struct format_text *text, bool of_category,
    uint32_t owner, enum cop_text kind)
{
    if ((text->of_category != 0) != of_category) {
        return !text->of_category;
    }
    if (text->owner != owner) {
        return text->owner < owner;
    }
    return text->kind < kind;
}

static struct text_run text_find(const struct cop_bundle *bundle,
    bool of_category, uint32_t owner, enum cop_text kind)
{
    uint32_t n = section_count(bundle, SECTION_TEXTS);
    uint32_t low = 0;
    uint32_t high = n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (text_is_before(text_at(bundle, middle), of_category, owner, kind)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    struct text_run run = {low, 0};

    while (low + run.n < n) {
        const struct format_text *text = text_at(bundle, low + run.n);

        if ((text->of_category != 0) != of_category || text->owner != owner ||
            text->kind != kind) {
            break;
        }
        run.n++;
    }
    return run;
}

static bool language_is(struct cop_slice a, struct cop_slice b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

/* The text of a run in exactly this language; NULL when there is none. */
static const struct format_text *text_in(const struct cop_bundle *bundle,
    struct text_run run, struct cop_slice language)
{
    for (uint32_t i = 0; i < run.n; i++) {
        const struct format_text *text = text_at(bundle, run.at + i);

        if (language_is(bundle_string(bundle, text->language), language)) {
            return text;
        }
    }
    return NULL;
}

/* RFC 4647 section 3.4, lookup: take subtags off the end until one is found,
 * and with each the single letter or digit that introduced it. */
static const struct format_text *text_lookup(const struct cop_bundle *bundle,
    struct text_run run, struct cop_slice language)
{
    const struct format_text *found = NULL;

    while (language.n != 0 && found == NULL) {
        found = text_in(bundle, run, language);
        while (language.n != 0 && language.p[language.n - 1] != '-') {
            language.n--;
        }
        language.n -= language.n != 0;
        if (language.n >= 2 && language.p[language.n - 2] == '-') {
            language.n -= 2;
        }
    }
    return found;
}

static struct cop_slice text_choose(const struct cop_bundle *bundle,
    struct text_run run, const struct cop_slice *languages, size_t n,
    struct cop_slice *language)
{
    const struct format_text *text = NULL;

    for (size_t i = 0; i < n && text == NULL; i++) {
        text = text_lookup(bundle, run, languages[i]);
    }
    if (text == NULL) {
        text = text_in(bundle, run, COP_LIT("en"));
    }
    if (text == NULL && run.n != 0) {
        text = text_at(bundle, run.at);
    }
    if (language != NULL) {
        *language = text != NULL ? bundle_string(bundle, text->language)
                                 : (struct cop_slice){NULL, 0};
    }
    return text != NULL ? bundle_string(bundle, text->words)
                        : (struct cop_slice){NULL, 0};
}

struct cop_slice cop_bundle_text(const struct cop_bundle *bundle,
    uint32_t requirement, enum cop_text text, const struct cop_slice *languages,
    size_t n, struct cop_slice *language)
{
    return text_choose(bundle, text_find(bundle, false, requirement, text),
        languages, n, language);
}

struct cop_slice cop_bundle_category_label(const struct cop_bundle *bundle,
    unsigned category, const struct cop_slice *languages, size_t n,
    struct cop_slice *language)
{
    struct text_run run = {0, 0};

    if (category < COP_CATEGORIES) {
        run = text_find(
            bundle, true, cop_category_code(category), COP_TEXT_TITLE);
    }
    return text_choose(bundle, run, languages, n, language);
}

struct cop_slice cop_bundle_text_language(const struct cop_bundle *bundle,
    uint32_t requirement, enum cop_text text, uint32_t at)
{
    struct text_run run = text_find(bundle, false, requirement, text);

    return at < run.n
               ? bundle_string(bundle, text_at(bundle, run.at + at)->language)
               : (struct cop_slice){NULL, 0};
}
