/* A key's function is called with a few nodes of different form that are made
 * up here. What it asks of them is what it accepts; a form that it refuses is
 * left out. Nothing here knows a key or a word. */
#include "tools/copc/schema.h"

#include <stdio.h>
#include <string.h>

#include "rules/read/describe.h"

enum { PROBE_NODES = 3 };

/* Nodes within each other, and what was asked of each. */
struct probe {
    struct yaml_node nodes[PROBE_NODES];
    json_t *asked[PROBE_NODES];
    bool is_taken[PROBE_NODES];
    bool is_refused[PROBE_NODES];
    size_t n;
    struct probe *outer;
};

struct describing {
    struct yaml_observer observer;
    struct probe *probe; /* innermost */
    json_t *root;        /* of the document */
    bool has_failed;
};

/* ---- forms ---- */

static json_t *int_schema(const struct yaml_form *form)
{
    json_t *schema = json_pack("{s:s}", "type", "integer");

    if (form->min > INT32_MIN) {
        (void)json_object_set_new(schema, "minimum", json_integer(form->min));
    }
    if (form->max < INT32_MAX) {
        (void)json_object_set_new(schema, "maximum", json_integer(form->max));
    }
    return schema;
}

static json_t *word_schema(const struct yaml_form *form)
{
    json_t *words = json_array();

    for (size_t i = 0; i < form->n; i++) {
        (void)json_array_append_new(words, json_string(form->words[i]));
    }
    return json_pack("{s:o}", "enum", words);
}

static json_t *pattern_schema(const char *pattern)
{
    return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

/* A text may be written without quotes, and is then a number to others. */
static json_t *text_schema(void)
{
    return json_pack("{s:[s,s]}", "type", "string", "number");
}

/* NULL: the form says no more than the node's kind does. */
static json_t *form_schema(const struct yaml_form *form)
{
    switch (form->kind) {
    case FORM_TEXT:
        return text_schema();
    case FORM_INT:
        return int_schema(form);
    case FORM_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FORM_WORD:
        return word_schema(form);
    case FORM_DATE:
        return pattern_schema("^[0-9]{4}-[0-9]{2}-[0-9]{2}$");
    case FORM_MOMENT:
        return pattern_schema("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{5,8}"
                              "(Z|[+-][0-9]{2}:[0-9]{2})$");
    case FORM_CLOCK:
        return pattern_schema("^[0-9]{2}:[0-9]{2}$");
    case FORM_LIST:
    case FORM_MAP:
        break;
    }
    return NULL;
}

static enum yaml_kind form_node(enum yaml_form_kind kind)
{
    return kind == FORM_LIST  ? YAML_LIST
           : kind == FORM_MAP ? YAML_MAP
                              : YAML_TEXT;
}

/* ---- observing ---- */

/* The probe that a node is of, and which of its nodes; NULL: of none. */
static struct probe *probe_of(
    const struct describing *d, const struct yaml_node *node, size_t *at)
{
    for (struct probe *p = d->probe; p != NULL; p = p->outer) {
        for (size_t i = 0; i < p->n; i++) {
            if (&p->nodes[i] == node) {
                *at = i;
                return p;
            }
        }
    }
    return NULL;
}

/* Keep what was asked; a plain text gives way to something narrower. */
static void keep(struct probe *p, size_t at, json_t *schema)
{
    json_t *plain = text_schema();

    if (schema == NULL) {
        json_decref(plain);
        return;
    }
    if (p->asked[at] == NULL || json_equal(p->asked[at], plain)) {
        json_decref(p->asked[at]);
        p->asked[at] = json_incref(schema);
    }
    json_decref(schema);
    json_decref(plain);
}

static bool observe_form(
    void *context, const struct yaml_node *node, const struct yaml_form *form)
{
    size_t at;
    struct probe *p = probe_of(context, node, &at);

    if (p == NULL) {
        return true;
    }
    if (p->nodes[at].kind != form_node(form->kind)) {
        p->is_refused[at] |= !p->is_taken[at];
        return false;
    }
    p->is_taken[at] = true;
    keep(p, at, form_schema(form));
    return true;
}

/* What is wrong with a value whose form was taken is wrong with what was made
 * up, and says nothing about the form. */
static void observe_refusal(void *context, const struct yaml_node *node)
{
    size_t at;
    struct probe *p = probe_of(context, node, &at);

    if (p != NULL) {
        p->is_refused[at] |= !p->is_taken[at];
    }
}

/* ---- probing ---- */

/* Forms of made-up nodes, outermost first: t a text, p a period, m a moment,
 * L a list with what follows, M a mapping with what follows. */
static const char *const shapes[] = {"t", "p", "m", "Lt", "LMt", "Mt", "MMt"};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void node_make(struct yaml_node *node, char shape)
{
    *node = (struct yaml_node){.kind = YAML_TEXT, .is_plain = true};
    switch (shape) {
    case 'L':
    case 'M':
        node->kind = shape == 'L' ? YAML_LIST : YAML_MAP;
        node->count = 1;
        node->first = node + 1;
        break;
    case 'p':
        node->text = COP_LIT("P1D");
        break;
    case 'm':
        node->text = COP_LIT("2026-01-01T00:00:00Z");
        break;
    default:
        node->text = COP_LIT("x");
    }
}

static void probe_make(struct probe *p, const char *shape, const char *key)
{
    *p = (struct probe){.n = strlen(shape)};
    for (size_t i = 0; i < p->n; i++) {
        node_make(&p->nodes[i], shape[i]);
        if (i > 0 && shape[i - 1] == 'M') {
            /* A key that may be a category's, where it matters. */
            p->nodes[i].key = COP_LIT("gambling.real_money");
        }
    }
    p->nodes[0].key = cop_slice_of(key);
}

/* What a probe found about its node `at` and those within it. */
static json_t *probe_schema(const struct probe *p, size_t at)
{
    json_t *within;

    if (p->asked[at] != NULL) {
        return json_incref(p->asked[at]);
    }
    if (p->nodes[at].kind == YAML_TEXT) {
        return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
    }
    within = p->is_taken[at + 1] || p->asked[at + 1] != NULL
                 ? probe_schema(p, at + 1)
                 : json_true();
    return p->nodes[at].kind == YAML_LIST
               ? json_pack("{s:s, s:o}", "type", "array", "items", within)
               : json_pack("{s:s, s:o}", "type", "object",
                     "additionalProperties", within);
}

static bool is_refused(const struct probe *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->is_refused[i]) {
            return true;
        }
    }
    return false;
}

static bool is_silent(const struct probe *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->is_taken[i] || p->asked[i] != NULL) {
            return false;
        }
    }
    return true;
}

static void add_choice(json_t *choices, json_t *schema)
{
    size_t i;
    json_t *choice;

    json_array_foreach(choices, i, choice)
    {
        if (json_equal(choice, schema)) {
            json_decref(schema);
            return;
        }
    }
    (void)json_array_append_new(choices, schema);
}

/* What a key's function accepts; anything when it asks for nothing. */
static json_t *key_schema(struct describing *d, struct yaml *yaml,
    const struct yaml_key *key, void *into)
{
    json_t *choices = json_array();
    json_t *schema;
    size_t silent = 0;

    for (size_t i = 0; i < SHAPES && key->read != NULL; i++) {
        struct probe p;

        probe_make(&p, shapes[i], key->name);
        p.outer = d->probe;
        d->probe = &p;
        key->read(yaml, &p.nodes[0], into);
        d->probe = p.outer;
        silent += !is_refused(&p) && is_silent(&p);
        if (!is_refused(&p)) {
            add_choice(choices, probe_schema(&p, 0));
        }
        for (size_t k = 0; k < p.n; k++) {
            json_decref(p.asked[k]);
        }
    }
    if (json_array_size(choices) == 0 || silent == SHAPES) {
        schema = json_true();
    } else if (json_array_size(choices) == 1) {
        schema = json_incref(json_array_get(choices, 0));
    } else {
        schema = json_pack("{s:O}", "anyOf", choices);
    }
    json_decref(choices);
    return schema;
}

/* An object of these keys and the author's own; what is marked critical is not
 * understood by this version. */
static json_t *object_schema(
    struct describing *d, struct yaml *yaml, const struct yaml_table *table)
{
    json_t *properties = json_object();
    json_t *required = json_array();

    for (size_t i = 0; i < table->n; i++) {
        const struct yaml_key *key = &table->keys[i];

        (void)json_object_set_new(
            properties, key->name, key_schema(d, yaml, key, table->into));
        if (key->is_required) {
            (void)json_array_append_new(required, json_string(key->name));
        }
    }
    return json_pack("{s:s, s:o, s:{s:b}, s:b, s:o}", "type", "object",
        "properties", properties, "patternProperties", "^x-(?!crit-)", true,
        "additionalProperties", false, "required", required);
}

static void observe_map(void *context, struct yaml *yaml,
    const struct yaml_node *node, const struct yaml_table *table)
{
    struct describing *d = context;
    size_t at;
    struct probe *p = probe_of(d, node, &at);

    if (p == NULL) {
        if (d->root == NULL) {
            d->root = object_schema(d, yaml, table);
        }
        return;
    }
    if (p->nodes[at].kind != YAML_MAP) {
        p->is_refused[at] |= !p->is_taken[at];
        return;
    }
    p->is_taken[at] = true;
    keep(p, at, object_schema(d, yaml, table));
}

/* ---- the whole ---- */

static json_t *kind_schema(size_t kind)
{
    struct describing d = {
        .observer = {.form = observe_form,
            .refuse = observe_refusal,
            .map = observe_map},
    };

    d.observer.context = &d;
    if (describe_document(kind, &d.observer) != COP_OK) {
        json_decref(d.root);
        return NULL;
    }
    return d.root;
}

/* "cop:req:" is "req" among the definitions; a policy file is "policy". */
static void kind_name(const char *prefix, char *out, size_t n)
{
    const char *word = *prefix != '\0' ? prefix + strlen("cop:") : "policy:";

    snprintf(out, n, "%.*s", (int)strcspn(word, ":"), word);
}

/* Which definition holds: by the id's prefix, or for want of an id. */
static json_t *kind_choice(const char *prefix, const char *name)
{
    char pattern[64];
    char where[64];

    snprintf(pattern, sizeof pattern, "^%s", prefix);
    snprintf(where, sizeof where, "#/$defs/%s", name);
    if (*prefix == '\0') {
        return json_pack("{s:{s:[s]}, s:{s:s}}", "if", "required", "policy",
            "then", "$ref", where);
    }
    return json_pack("{s:{s:{s:{s:s}}, s:[s]}, s:{s:s}}", "if", "properties",
        "id", "pattern", pattern, "required", "id", "then", "$ref", where);
}

json_t *schema_make(void)
{
    json_t *kinds = json_object();
    json_t *choices = json_array();
    const char *prefix;

    for (size_t i = 0; (prefix = describe_prefix(i)) != NULL; i++) {
        json_t *schema = kind_schema(i);
        char name[32];

        if (schema == NULL) {
            json_decref(kinds);
            json_decref(choices);
            return NULL;
        }
        kind_name(prefix, name, sizeof name);
        (void)json_object_set_new(kinds, name, schema);
        (void)json_array_append_new(choices, kind_choice(prefix, name));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:[{s:[s]}, {s:[s]}], s:o, s:o}",
        "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
        "copgate documents", "$comment",
        "made by copc schema from the readers' own tables; do not edit", "type",
        "object", "anyOf", "required", "id", "required", "policy", "allOf",
        choices, "$defs", kinds);
}
