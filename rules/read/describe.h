/* What the readers accept, asked of the readers themselves.
 *
 * An observer gives the readers nodes that it made up; each getter then tells
 * it which form the reader wants instead of judging the node, and
 * yaml_map_read() hands over its table of keys. So a schema made from this
 * cannot say anything else than the readers do. */
#ifndef RULES_READ_DESCRIBE_H
#define RULES_READ_DESCRIBE_H

#include "rules/read/yaml.h"

enum yaml_form_kind {
    FORM_TEXT,
    FORM_INT,
    FORM_BOOL,
    FORM_WORD,
    FORM_DATE,
    FORM_MOMENT,
    FORM_CLOCK,
    FORM_LIST,
    FORM_MAP
};

struct yaml_form {
    enum yaml_form_kind kind;
    int64_t min; /* FORM_INT */
    int64_t max;
    const char *const *words; /* FORM_WORD */
    size_t n;
};

/* A mapping's keys and what their functions are given. */
struct yaml_table {
    const struct yaml_key *keys;
    size_t n;
    void *into;
};

struct yaml_observer {
    void *context;
    /* A reader wants this of a node: does it have that form? */
    bool (*form)(void *context, const struct yaml_node *node,
        const struct yaml_form *form);
    /* A reader found an error at a node; NULL: in the file. */
    void (*refuse)(void *context, const struct yaml_node *node);
    /* A reader wants a mapping with these keys. */
    void (*map)(void *context, struct yaml *yaml, const struct yaml_node *node,
        const struct yaml_table *table);
};

/* Tell that a text is one of some words, for readers that look them up
 * elsewhere. Returns whether there was somebody to tell. */
bool yaml_observe_words(const struct yaml *yaml, const struct yaml_node *node,
    const char *const *words, size_t n);

/* The kinds of document by number, from 0: the prefix of their ids, or, of a
 * place's policy file, ""; NULL beyond the last. */
const char *describe_prefix(size_t kind);

/* Let an observer see what documents of a kind are made of.
 * Returns COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status describe_document(
    size_t kind, const struct yaml_observer *observer);

#endif
