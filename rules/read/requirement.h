/* A requirement's reader, and the blocks of keys that its parts read. Every
 * function here is a yaml_read_fn whose `into` is a struct requirement_reader.
 */
#ifndef RULES_READ_REQUIREMENT_H
#define RULES_READ_REQUIREMENT_H

#include "rules/read/documents.h"

enum {
    REQUIREMENT_ASIDE_MAX = 24,
    REQUIREMENT_STRENGTHS = COP_STRENGTH_LOCAL_DISCRETION + 1
};

/* A requirement while its keys are being read. */
struct requirement_reader {
    const struct document *document;
    struct fact_requirement *fact;
    /* Status is not "in force": what this version cannot do is then a note,
     * because it decides nothing yet. */
    bool is_lenient;
    bool has_strength;
    enum cop_strength strength; /* of every class that has none of its own */
    bool has_action;
    uint32_t by_class[REQUIREMENT_STRENGTHS]; /* strength_by_class: who has
                                                 which */
    bool has_by_class;
    struct cop_slice aside[REQUIREMENT_ASIDE_MAX]; /* keys without effect */
    size_t aside_n;
};

/* A key that is kept for people and decides nothing in this version: of any
 * form, a mapping, a list. */
yaml_read_fn requirement_read_aside;
yaml_read_fn requirement_read_aside_map;
yaml_read_fn requirement_read_aside_list;

/* Say that this version cannot do something: an error, or a note when the
 * requirement is not in force. */
void requirement_unsupported(struct yaml *yaml, const struct yaml_node *node,
    const struct requirement_reader *reader, const char *what);

/* Forms that are checked and decide nothing: texts, a text, true or false, a
 * duration, durations by urgency, categories, and three blocks. */
yaml_read_fn requirement_read_words;
yaml_read_fn requirement_read_word;
yaml_read_fn requirement_read_flag;
yaml_read_fn requirement_read_duration;
yaml_read_fn requirement_read_within;         /* time.apply_within: */
yaml_read_fn requirement_read_spared;         /* excludes_categories: */
yaml_read_fn requirement_read_override_scope; /* override.scope: */
yaml_read_fn requirement_read_dns;            /* notice.dns: */

yaml_read_fn requirement_read_legal;         /* legal: */
yaml_read_fn requirement_read_time;          /* time: */
yaml_read_fn requirement_read_scope;         /* scope: */
yaml_read_fn requirement_read_target;        /* target: */
yaml_read_fn requirement_read_override;      /* override: */
yaml_read_fn requirement_read_notice;        /* notice: */
yaml_read_fn requirement_read_appeal;        /* appeal: */
yaml_read_fn requirement_read_logging;       /* logging: */
yaml_read_fn requirement_read_granularity;   /* granularity: */
yaml_read_fn requirement_read_guard;         /* collateral_guard: */
yaml_read_fn requirement_read_layers;        /* layers: */
yaml_read_fn requirement_read_effectiveness; /* effectiveness: */
yaml_read_fn requirement_read_preserve;      /* logging.preserve_content: */
yaml_read_fn requirement_read_provenance;    /* provenance: */
yaml_read_fn requirement_read_verification;  /* verification: */
yaml_read_fn requirement_read_amendments;    /* amendments: */

/* ---- requirement_phases.c: what a document says at which time ---- */

enum { REQUIREMENT_PHASES_MAX = 64 };

/* The document from a date on: with all that was amended until then. */
struct requirement_phase {
    const struct yaml_node *tree;
    const struct yaml_node *place; /* of the date; NULL of the first phase */
    int64_t from_unix;             /* INT64_MIN of the first */
    bool keeps_lists; /* its lists say what those of the phase before say */
};

/* The phases of a document, in order, into room for REQUIREMENT_PHASES_MAX.
 * Returns how many: at least one. What is wrong is reported. */
size_t requirement_phases(struct yaml *yaml, struct requirement_phase *out);

/* What a document comes to. */
struct requirement_parts {
    struct fact_requirement *p[REQUIREMENT_PHASES_MAX * REQUIREMENT_STRENGTHS];
    size_t n;
};

/* requirement_classes.c: add the parts of one phase that was read, one for each
 * strength that some class has; the first has the lists. Classes that do not
 * fit are reported. */
void requirement_classes(struct yaml *yaml,
    const struct requirement_reader *reader, struct requirement_parts *parts);

#endif
