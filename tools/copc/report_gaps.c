/* What is missing in a report: named where somebody can do something. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/copc/report.h"

struct gaps {
    json_t *rows;
    const char *requirement; /* the one that is being looked at; NULL: none */
};

static void say(struct gaps *gaps, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct gaps *gaps, const char *code, const char *format, ...)
{
    char what[512];
    va_list values;
    json_t *text;
    json_t *row;

    va_start(values, format);
    (void)vsnprintf(what, sizeof what, format, values);
    va_end(values);
    text = json_string(what); /* NULL when it was cut within a character */
    row = json_pack("{s:s, s:s?, s:o}", "code", code, "requirement",
        gaps->requirement, "what", text != NULL ? text : json_null());
    (void)json_array_append_new(gaps->rows, row);
}

/* ---- durations ---- */

static int64_t unit_seconds(char unit, bool is_time)
{
    switch (unit) {
    case 'Y':
        return is_time ? -1 : 365 * 86400;
    case 'M':
        return is_time ? 60 : 30 * 86400;
    case 'W':
        return is_time ? -1 : 7 * 86400;
    case 'D':
        return is_time ? -1 : 86400;
    case 'H':
        return is_time ? 3600 : -1;
    case 'S':
        return is_time ? 1 : -1;
    default:
        return -1;
    }
}

int64_t report_duration(const char *text)
{
    enum { NUMBER_MAX = 1000000 };
    int64_t seconds = 0;
    bool is_time = false;

    if (*text++ != 'P' || *text == '\0') {
        return -1;
    }
    while (*text != '\0') {
        char *end = NULL;
        long n;
        int64_t unit;

        if (*text == 'T' && !is_time) {
            is_time = true;
            text++;
        }
        n = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
        if (n < 0 || n > NUMBER_MAX ||
            (unit = unit_seconds(*end, is_time)) < 0) {
            return -1;
        }
        seconds += n * unit;
        text = end + 1;
    }
    return seconds;
}

/* ---- lists ---- */

static void look_at_list(struct gaps *gaps, const json_t *list)
{
    const char *name = report_text(list, "name");
    const json_t *age = json_object_get(list, "age_days");
    int64_t max = report_duration(report_text(list, "max_age"));

    if (!json_is_true(json_object_get(list, "here"))) {
        say(gaps, "list-elsewhere",
            "%s is named by reference: its entries are not in this bundle",
            report_text(list, "ref"));
        return;
    }
    if (json_integer_value(json_object_get(list, "entries")) == 0) {
        say(gaps, "list-empty", "the list %s has no entries", name);
    }
    if (json_integer_value(json_object_get(list, "held")) != 0) {
        say(gaps, "held-back",
            "the collateral guard left %lld entries of %s out",
            (long long)json_integer_value(json_object_get(list, "held")), name);
    }
    if (!json_is_integer(age)) {
        say(gaps, "list-undated", "nobody says when %s was retrieved", name);
    } else if (max >= 0 && json_integer_value(age) * 86400 > max) {
        say(gaps, "list-old", "%s is %lld days old; it may be %s", name,
            (long long)json_integer_value(age), report_text(list, "max_age"));
    }
}

/* ---- languages ---- */

/* Every language in which some requirement has a notice. */
static json_t *languages_of(const json_t *report)
{
    json_t *found = json_object();
    size_t i;
    json_t *r;

    json_array_foreach(json_object_get(report, "requirements"), i, r)
    {
        json_t *notice = json_object_get(json_object_get(r, "texts"), "notice");
        const char *language;
        json_t *words;

        json_object_foreach(notice, language, words)
        {
            (void)json_object_set_new(found, language, json_true());
        }
    }
    return found;
}

static void look_at_texts(struct gaps *gaps, const json_t *r, json_t *languages)
{
    static const char *const kinds[] = {"title", "notice", "appeal"};
    /* Nobody is shown a page where something is opened. */
    bool is_open = strcmp(report_text(r, "action"), "allow") == 0;
    size_t n = is_open ? 1 : sizeof kinds / sizeof kinds[0];

    for (size_t i = 0; i < n; i++) {
        const json_t *texts =
            json_object_get(json_object_get(r, "texts"), kinds[i]);
        const char *language;
        json_t *unused;

        if (json_object_size(texts) == 0) {
            say(gaps, "text-missing", "there is no text for its %s", kinds[i]);
            continue;
        }
        json_object_foreach(languages, language, unused)
        {
            if (json_object_get(texts, language) == NULL) {
                say(gaps, "language-missing",
                    "its %s is not in \"%s\", which other notices have",
                    kinds[i], language);
            }
        }
    }
}

/* ---- requirements ---- */

static void look_at_categories(struct gaps *gaps, const json_t *r)
{
    size_t i;
    json_t *category;

    json_array_foreach(json_object_get(r, "categories"), i, category)
    {
        if (json_integer_value(json_object_get(category, "entries")) == 0) {
            say(gaps, "category-empty",
                "it names the category %s, and no list here has an entry of it",
                report_text(category, "id"));
        }
    }
}

static void look_at_times(struct gaps *gaps, const json_t *r)
{
    if (strcmp(report_text(r, "time"), "over") == 0) {
        say(gaps, "over", "its time ended with %s", report_text(r, "until"));
    }
    if (json_is_true(json_object_get(r, "review_overdue"))) {
        say(gaps, "review-due", "it was to be reviewed by %s",
            report_text(r, "review_by"));
    }
}

static void look_at_tests(struct gaps *gaps, const json_t *r)
{
    const json_t *vectors = json_object_get(r, "vectors");
    json_int_t not_run =
        json_integer_value(json_object_get(vectors, "not_run"));

    /* The vectors of a document are those of its first part. */
    if (json_integer_value(json_object_get(vectors, "held")) == 0 &&
        json_integer_value(json_object_get(r, "part")) == 0) {
        say(gaps, "untested", "no test vector shows that it works");
    }
    if (not_run != 0) {
        say(gaps, "vectors-not-run", "%lld of its test vectors were not run",
            (long long)not_run);
    }
    if (*report_text(r, "shadowed_by") != '\0') {
        say(gaps, "shadowed", "it never decides, because %s always does",
            report_text(r, "shadowed_by"));
    }
}

static void look_at_requirement(
    struct gaps *gaps, const json_t *r, json_t *languages)
{
    bool is_duty = strcmp(report_text(r, "effect"), "duty") == 0;
    size_t i;
    json_t *list;

    gaps->requirement = report_text(r, "id");
    if (!json_is_true(json_object_get(r, "in_force"))) {
        say(gaps, "not-in-force", "it decides nothing: its status is %s",
            report_text(r, "status"));
        return;
    }
    look_at_times(gaps, r);
    look_at_categories(gaps, r);
    json_array_foreach(
        report_has_lists(r) ? json_object_get(r, "lists") : NULL, i, list)
    {
        look_at_list(gaps, list);
    }
    if (!is_duty) {
        look_at_tests(gaps, r);
        look_at_texts(gaps, r, languages);
    }
}

json_t *report_gaps(const json_t *report)
{
    struct gaps gaps = {json_array(), NULL};
    json_t *languages = languages_of(report);
    size_t i;
    json_t *row;

    if (gaps.rows == NULL || languages == NULL) {
        json_decref(languages);
        json_decref(gaps.rows);
        return NULL;
    }
    json_array_foreach(json_object_get(report, "requirements"), i, row)
    {
        look_at_requirement(&gaps, row, languages);
    }
    gaps.requirement = NULL;
    json_array_foreach(json_object_get(report, "lists"), i, row)
    {
        look_at_list(&gaps, row);
    }
    json_decref(languages);
    return gaps.rows;
}
