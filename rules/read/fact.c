#include "rules/read/fact.h"

#include "rules/base/subscriber.h"
#include "rules/read/date.h"
#include "rules/read/describe.h"
#include "rules/read/words.h"

enum { LANGUAGE_MAX = 35 }; /* RFC 5646 4.4.1 asks for room of at least that */

bool fact_starts_with(struct cop_slice text, struct cop_slice prefix)
{
    return text.n >= prefix.n && memcmp(text.p, prefix.p, prefix.n) == 0;
}

struct place fact_place(const struct yaml *yaml, const struct yaml_node *node)
{
    return (struct place){yaml->file, node->line, node->column};
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "ar", "en-GB", "zh-Hant-TW": letters first, then letters and digits, parts
 * of at most 8 (RFC 5646 2.1, without its registry). */
static bool is_language(struct cop_slice text)
{
    size_t part = 0;
    bool is_first = true;

    if (text.n == 0 || text.n > LANGUAGE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == '-') {
            if (part < (is_first ? 2 : 1)) {
                return false;
            }
            is_first = false;
            part = 0;
            continue;
        }
        if (!is_letter(c) && (is_first || !is_digit(c))) {
            return false;
        }
        if (++part > (is_first ? 3 : 8)) {
            return false;
        }
    }
    return part >= (is_first ? 2 : 1);
}

bool fact_read_texts(
    struct yaml *yaml, const struct yaml_node *node, struct fact_texts *out)
{
    uint32_t errors = yaml->errors;
    struct fact_text *texts;
    size_t n = 0;

    if (node->kind != YAML_MAP || node->count == 0) {
        yaml_error(yaml, node, "value",
            "write one text a language: {en: ..., ar: ...}",
            "%s should be texts by language",
            node->key.p != NULL ? node->key.p : "this value");
        return false;
    }
    texts = arena_array(yaml->arena, node->count, sizeof(*texts));
    if (texts == NULL) {
        return false;
    }
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        struct yaml_node key = {.line = c->key_line, .column = c->key_column};

        if (!is_language(c->key)) {
            yaml_error(yaml, &key, "value", "write a tag such as ar or en-GB",
                "%s is not a language tag", c->key.p);
        }
        texts[n].language = c->key;
        n += yaml_text(yaml, c, &texts[n].words);
    }
    *out = (struct fact_texts){texts, n, fact_place(yaml, node)};
    return yaml->errors == errors;
}

bool fact_read_title(
    struct yaml *yaml, const struct yaml_node *node, struct cop_slice *out)
{
    struct fact_texts texts = {NULL, 0, {NULL, 0, 0}};

    if (node->kind != YAML_MAP) {
        return yaml_text(yaml, node, out);
    }
    if (!fact_read_texts(yaml, node, &texts)) {
        return false;
    }
    *out = texts.p[0].words;
    for (size_t i = 0; i < texts.n; i++) {
        if (cop_slice_eq(texts.p[i].language, COP_LIT("en"))) {
            *out = texts.p[i].words;
        }
    }
    return true;
}

static bool observe_categories(
    const struct yaml *yaml, const struct yaml_node *node)
{
    const char *words[COP_CATEGORIES];

    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        words[i] = cop_category_id(i);
    }
    return yaml_observe_words(yaml, node, words, COP_CATEGORIES);
}

static bool read_category(
    struct yaml *yaml, const struct yaml_node *node, struct cop_catset *set)
{
    struct words_nearest nearest;
    enum cop_category category;
    struct cop_slice text;

    if (observe_categories(yaml, node)) {
        return true;
    }
    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    if (cop_category_find(text, &category) == COP_OK) {
        cop_catset_add(set, category);
        return true;
    }
    words_nearest_init(&nearest, text);
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        words_nearest_offer(&nearest, cop_slice_of(cop_category_id(i)));
    }
    yaml_error(yaml, node, "L21", "take one of include/cop/category.tbl",
        "there is no category %s%s%s%s", text.p,
        nearest.best.p != NULL ? "; did you mean " : "",
        nearest.best.p != NULL ? nearest.best.p : "",
        nearest.best.p != NULL ? "?" : "");
    return false;
}

bool fact_read_categories(struct yaml *yaml, const struct yaml_node *node,
    struct fact_categories *out)
{
    uint32_t errors = yaml->errors;

    if (!yaml_is(yaml, node, YAML_LIST)) {
        return false;
    }
    out->place = fact_place(yaml, node);
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        (void)read_category(yaml, c, &out->set);
    }
    return yaml->errors == errors;
}

static bool read_subscriber(
    struct yaml *yaml, const struct yaml_node *node, uint32_t *out)
{
    const char *words[SUBSCRIBERS];
    unsigned which = 0;

    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        words[i] = subscriber_word((enum subscriber)i);
    }
    if (!yaml_word(yaml, node, words, SUBSCRIBERS, &which)) {
        return false;
    }
    *out |= UINT32_C(1) << which;
    return true;
}

bool fact_read_subscribers(
    struct yaml *yaml, const struct yaml_node *node, uint32_t *out)
{
    uint32_t errors = yaml->errors;

    if (node->kind != YAML_LIST) {
        return read_subscriber(yaml, node, out);
    }
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        (void)read_subscriber(yaml, c, out);
    }
    return yaml->errors == errors;
}

/* A day as far as `days` behind its beginning where the bundle is, or the
 * moment that is written. */
static bool read_day(struct yaml *yaml, const struct yaml_node *node,
    unsigned days, int64_t *out)
{
    int64_t day;

    if (node->kind == YAML_TEXT && date_parse(node->text, &day)) {
        *out = day + (int64_t)days * DATE_DAY_SECONDS - yaml->east_s;
        return true;
    }
    if (node->kind == YAML_TEXT && memchr(node->text.p, 'T', node->text.n)) {
        return yaml_moment(yaml, node, out, NULL);
    }
    return yaml_date(yaml, node, &day);
}

bool fact_read_start(
    struct yaml *yaml, const struct yaml_node *node, int64_t *out)
{
    return read_day(yaml, node, 0, out);
}

bool fact_read_until(
    struct yaml *yaml, const struct yaml_node *node, int64_t *out)
{
    return read_day(yaml, node, 1, out);
}

/* "a/./b/../c" -> "a/c"; leading ".." stay. Written over itself. */
static size_t normalise(char *path, size_t n)
{
    size_t used = 0;
    size_t floor = 0; /* below it are only ".." */

    for (size_t i = 0; i < n;) {
        size_t end = i;

        while (end < n && path[end] != '/') {
            end++;
        }
        if (end - i == 2 && memcmp(path + i, "..", 2) == 0 && used > floor) {
            while (used > floor && path[used - 1] != '/') {
                used--;
            }
            used -= used > floor;
        } else if (end > i && !(end - i == 1 && path[i] == '.')) {
            bool is_up = end - i == 2 && memcmp(path + i, "..", 2) == 0;

            if (used > 0) {
                path[used++] = '/';
            }
            memmove(path + used, path + i, end - i);
            used += end - i;
            floor = is_up ? used : floor;
        }
        i = end + 1;
    }
    return used;
}

/* `file` beside `document`: the document's folder, a slash, the file. */
static struct cop_slice beside(
    struct arena *arena, struct cop_slice document, struct cop_slice file)
{
    size_t folder = document.n;

    while (folder > 0 && document.p[folder - 1] != '/') {
        folder--;
    }
    return arena_print(arena, "%.*s%s", (int)folder, document.p, file.p);
}

bool fact_read_path(const struct document *document, struct yaml *yaml,
    const struct yaml_node *node, struct fact_list *out)
{
    struct cop_slice text;
    struct cop_slice name;
    char *copy;

    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    if (text.p[0] == '/') {
        yaml_error(yaml, node, "value",
            "write it relative to this file; a bundle must not depend on "
            "where its sources lie",
            "%s is an absolute path", text.p);
        return false;
    }
    name = beside(yaml->arena, document->name, text);
    out->path = beside(yaml->arena, document->path, text);
    if (name.p == NULL || out->path.p == NULL) {
        return false;
    }
    copy = arena_alloc(yaml->arena, name.n + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, name.p, name.n);
    name.p = copy;
    name.n = normalise(copy, name.n);
    copy[name.n] = '\0';
    out->name = name;
    return true;
}

bool fact_read_template(
    struct yaml *yaml, const struct yaml_node *node, struct cop_slice *out)
{
    struct cop_slice text;

    if (!yaml_text(yaml, node, &text)) {
        return false;
    }
    if (!fact_starts_with(text, COP_LIT("cop:template:"))) {
        text = arena_print(yaml->arena, "cop:template:%s", text.p);
    }
    if (text.p == NULL) {
        return false;
    }
    *out = text;
    return true;
}

bool fact_is_name(struct cop_slice text, unsigned parts)
{
    size_t part = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (c == ':') {
            if (part == 0 || parts == 1) {
                return false;
            }
            parts--;
            part = 0;
        } else if (is_letter(c) || is_digit(c) || strchr("._-", c) != NULL) {
            part++;
        } else {
            return false;
        }
    }
    return parts == 1 && part > 0;
}

struct cop_slice fact_list_name(struct arena *arena,
    const struct fact_requirement *fact, size_t number, int32_t east_s)
{
    char day[11];

    if (!fact->is_amended) {
        return arena_print(arena, "%s#%zu", fact->head.id.p, number + 1);
    }
    date_print(fact->time.from_unix + east_s, day);
    return arena_print(arena, "%s from %s part %u#%zu", fact->head.id.p, day,
        fact->head.part, number + 1);
}
