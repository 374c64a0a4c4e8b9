/* Strict YAML: bytes -> a small tree in which every node knows its place.
 *
 * What makes YAML surprising is refused: duplicate keys, aliases, anchors,
 * tags, merge keys, directives, more than one document, tabs, control
 * characters, bytes that are not UTF-8, and input beyond the limits below.
 * What is left means the same to every reader. Scalars stay text until a
 * getter asks for a type, so `no` is a language and never a false.
 *
 * Reading never stops at the first mistake: getters and yaml_map_read() report
 * what is wrong at its place, count it in yaml->errors, and go on.
 *
 *     static void read_port(
 *         struct yaml *yaml, const struct yaml_node *value, void *into)
 *     {
 *         struct listen *listen = into;
 *         yaml_int(yaml, value, 1, 65535, &listen->port);
 *     }
 *     static const struct yaml_key keys[] = {
 *         {"port", read_port, true},
 *         {"comment", NULL, false},
 *     };
 *     yaml_init(&yaml, path, &arena, report);
 *     if (yaml_parse(&yaml, text) == COP_OK) {
 *         yaml_map_read(&yaml, yaml.root, keys, 2, &listen);
 *     }
 */
#ifndef RULES_READ_YAML_H
#define RULES_READ_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/report.h"
#include "cop/slice.h"
#include "rules/base/arena.h"

enum {
    YAML_BYTES_MAX = 4 << 20,
    YAML_DEPTH_MAX = 32,
    YAML_NODES_MAX = 1 << 18,
    YAML_KEYS_MAX = 512 /* in one mapping */
};

enum yaml_kind {
    YAML_NULL, /* nothing, `~` or `null` */
    YAML_TEXT,
    YAML_LIST,
    YAML_MAP
};

/* A value, and, as a member of a mapping, its key. Lives in the arena. */
struct yaml_node {
    enum yaml_kind kind;
    bool is_plain;     /* a scalar written without quotes */
    uint32_t line;     /* of the value, from 1 */
    uint32_t column;   /* from 1, in bytes */
    uint32_t key_line; /* of the key; 0 when there is none */
    uint32_t key_column;
    struct cop_slice key;  /* followed by NUL; p is NULL when there is none */
    struct cop_slice text; /* of a scalar, followed by NUL */
    uint32_t count;        /* of children */
    const struct yaml_node *first; /* child, in the order written */
    const struct yaml_node *next;  /* sibling */
};

struct yaml_observer;

/* One file being read. */
struct yaml {
    const char *file;    /* borrowed; named in findings, may be NULL */
    const char *subject; /* borrowed; the finding's subject, set by callers */
    struct arena *arena;
    struct cop_report *report;
    const struct yaml_node *root; /* after yaml_parse() */
    uint32_t errors;              /* reported through this struct */
    int32_t east_s; /* of UTC: where the days of this file's dates begin */
    /* NULL, or who is told what the readers accept: rules/read/describe.h. */
    const struct yaml_observer *observer;
};

/* arena  owns the tree; report and file must outlive the struct */
void yaml_init(struct yaml *yaml, const char *file, struct arena *arena,
    struct cop_report *report);

/* Parse one document. `text` is not needed afterwards.
 * Returns COP_OK and yaml->root (never NULL; of kind YAML_NULL for an empty
 * file), COP_E_SYNTAX, COP_E_LIMIT or COP_E_NOMEM, reported. */
COP_MUST_USE enum cop_status yaml_parse(
    struct yaml *yaml, struct cop_slice text);

/* ---- saying something at a node's place ---- */

/* code  "key", "value", "unsupported", "L06"...: what a reader can look up
 * todo  one sentence: what to do; NULL if `format` says it
 * node  NULL: about the file as a whole */
void yaml_error(struct yaml *yaml, const struct yaml_node *node,
    const char *code, const char *todo, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void yaml_warn(struct yaml *yaml, const struct yaml_node *node,
    const char *code, const char *todo, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void yaml_note(struct yaml *yaml, const struct yaml_node *node,
    const char *code, const char *todo, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- mappings ---- */

typedef void yaml_read_fn(
    struct yaml *yaml, const struct yaml_node *value, void *into);

struct yaml_key {
    const char *name;
    yaml_read_fn *read; /* NULL: accepted, without effect */
    bool is_required;
};

/* Hand each member of a mapping to its key's function, in the order written.
 * An unknown key is an error that suggests a known one; keys that start with
 * "x-" are passed over, those with "x-crit-" stop; a missing required key is
 * an error at the mapping.
 * Returns false, reported, when `map` is no mapping. */
bool yaml_map_read(struct yaml *yaml, const struct yaml_node *map,
    const struct yaml_key *keys, size_t n, void *into);

/* Pass over a value that is not read; keys below it that start with "x-crit-"
 * stop nevertheless. */
void yaml_skip(struct yaml *yaml, const struct yaml_node *node);

/* The member named `key`, or NULL. Says nothing. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* A mapping as another changes it (RFC 7396): members of mappings are merged,
 * any other value takes the place of what was there, and null takes it away.
 * Nodes keep the places where they were written. Nothing is changed; what is
 * new is in the arena. NULL without memory. */
const struct yaml_node *yaml_merge(struct arena *arena,
    const struct yaml_node *base, const struct yaml_node *patch);

/* ---- typed getters: true and *out, or false and a finding ---- */

/* A value of the kind asked for. */
bool yaml_is(
    struct yaml *yaml, const struct yaml_node *node, enum yaml_kind kind);

/* A scalar that is not empty. Numbers and dates are texts too. */
bool yaml_text(
    struct yaml *yaml, const struct yaml_node *node, struct cop_slice *out);

/* A whole decimal number in [min, max], not quoted. */
bool yaml_int(struct yaml *yaml, const struct yaml_node *node, int64_t min,
    int64_t max, int64_t *out);

/* `true` or `false`, not quoted; no other spelling. */
bool yaml_bool(struct yaml *yaml, const struct yaml_node *node, bool *out);

/* One of n words; *out is its index. A near miss is suggested. */
bool yaml_word(struct yaml *yaml, const struct yaml_node *node,
    const char *const *words, size_t n, unsigned *out);

/* "2026-11-24": the Unix time at which that day begins in UTC. */
bool yaml_date(struct yaml *yaml, const struct yaml_node *node, int64_t *out);

/* "2026-11-24T10:00:00+03:00" or "...Z": Unix time, and, where `minute` is not
 * NULL, the minute of the week at that offset, Monday 00:00 = 0. */
bool yaml_moment(struct yaml *yaml, const struct yaml_node *node, int64_t *out,
    uint16_t *minute);

/* "20:30": the minute of the day, 0 .. 1440 ("24:00"). Quotes are allowed. */
bool yaml_clock(struct yaml *yaml, const struct yaml_node *node, uint16_t *out);

/* A list of scalars, or one scalar as a list of one, into the arena. */
bool yaml_texts(struct yaml *yaml, const struct yaml_node *node,
    const struct cop_slice **out, size_t *n);

#endif
