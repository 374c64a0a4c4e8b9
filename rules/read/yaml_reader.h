/* The state of yaml_parse(): private to yaml.c and yaml_reader.c. */
#ifndef RULES_READ_YAML_READER_H
#define RULES_READ_YAML_READER_H

#include <libfyaml.h>

#include "rules/base/buf.h"
#include "rules/read/yaml.h"

/* A collection that is open, and the key that waits for its value. */
struct yaml_frame {
    struct yaml_node *node;
    const struct yaml_node **tail;
    struct yaml_node key; /* key, key_line, key_column; key.p NULL: none */
};

struct yaml_reader {
    struct yaml *yaml;
    struct cop_slice text;
    struct yaml_frame frames[YAML_DEPTH_MAX];
    size_t depth;
    uint32_t nodes;
    uint32_t documents;
    struct fy_token_iter *iterator; /* over the pieces of a scalar's text */
    struct buf scalar;              /* the pieces, joined */
    size_t seen;                    /* offset up to which lines are counted */
    size_t line_start;              /* offset of the line that `seen` is in */
    uint32_t line;
};

/* The place of an offset, of a token's first mark, of an event. Only line and
 * column of the node are set. */
struct yaml_node yaml_place_of(struct yaml_reader *reader, size_t offset);
struct yaml_node yaml_token_place(
    struct yaml_reader *reader, const struct fy_mark *mark);
struct yaml_node yaml_event_place(
    struct yaml_reader *reader, struct fy_event *event);

/* Report an error "yaml". Returns COP_E_SYNTAX. */
enum cop_status yaml_refuse(struct yaml_reader *reader,
    const struct yaml_node *place, const char *what, const char *todo);

/* Before the library sees a byte: limits and characters.
 * Returns COP_OK, COP_E_SYNTAX or COP_E_LIMIT, reported. */
enum cop_status yaml_check_bytes(struct yaml_reader *reader);

/* The text of a scalar, in the arena.
 * Returns COP_OK, COP_E_SYNTAX (reported) or COP_E_NOMEM. */
enum cop_status yaml_scalar_text(
    struct yaml_reader *reader, struct fy_event *event, struct cop_slice *out);

#endif
