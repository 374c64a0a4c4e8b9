/* The kinds of document, one reader each. A reader takes the parsed tree from
 * document->yaml, adds one fact to `facts`, and reports what is wrong. */
#ifndef RULES_READ_DOCUMENTS_H
#define RULES_READ_DOCUMENTS_H

#include "rules/read/fact.h"

/* Parse a file's bytes and hand it to the reader of its kind, which the prefix
 * of its `id` tells.
 * Returns COP_OK, COP_E_SYNTAX (reported), or COP_E_NOMEM. */
COP_MUST_USE enum cop_status document_read(
    struct document *document, struct cop_slice text, struct facts *facts);

/* The same in two steps, for who must know all documents before one is read:
 * parse, and hand over what was parsed.
 * document_parse() returns COP_OK, also when what is wrong was reported, or
 * COP_E_NOMEM. */
COP_MUST_USE enum cop_status document_parse(
    struct document *document, struct cop_slice text);
COP_MUST_USE enum cop_status document_take(
    struct document *document, struct facts *facts);

/* Where the days of a bundle begin, seconds east of UTC: what a parsed document
 * says if it is a manifest that says something sound. */
bool document_offset(const struct document *document, int32_t *out);

/* The prefix of ids of a kind, by number from 0; NULL beyond the last. */
const char *document_prefix(size_t kind);

/* Read a parsed document as one of a kind, whatever its id says. */
void document_read_as(
    struct document *document, size_t kind, struct facts *facts);

void manifest_read(struct document *document, struct facts *facts);
void taxonomy_read(struct document *document, struct facts *facts);
void category_list_read(struct document *document, struct facts *facts);
void requirement_read(struct document *document, struct facts *facts);
void template_read(struct document *document, struct facts *facts);
void appeal_read(struct document *document, struct facts *facts);

/* ---- parts that several readers share ---- */

/* The keys of a list that are its own, wherever it is named. */
struct list_reader {
    const struct document *document;
    struct fact_list *list;
    bool is_lenient; /* what this version cannot do is a note, not an error */
    bool has_format;
    bool has_object;
    bool has_header;     /* the key was there */
    bool has_table_keys; /* any of the keys of a table */
};

void list_read_file(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_entries(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_format(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_object(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_licence(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_origin(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_retrieved(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_at_limit(
    struct yaml *yaml, const struct yaml_node *value, void *into);

void list_read_bad_lines(
    struct yaml *yaml, const struct yaml_node *value, void *into);

/* How a table is read; list_csv.c. */
void list_read_delimiter(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_header(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_columns(
    struct yaml *yaml, const struct yaml_node *value, void *into);
void list_read_map(struct yaml *yaml, const struct yaml_node *value,
    struct fact_category_list *fact);

/* After the keys: do those of a table fit? */
void list_settle_table(struct yaml *yaml, const struct yaml_node *node,
    struct list_reader *reader);
bool list_has_category_column(const struct fact_list *list);

/* After all else: make each part a list. False without memory. */
bool list_settle_parts(struct fact_category_list *fact, struct arena *arena);

/* After the keys: does the format fit the object, are there entries? */
void list_read_end(struct yaml *yaml, const struct yaml_node *node,
    struct list_reader *reader);

/* A list of list files, of plain domains or of another object. */
bool list_read_files(const struct document *document, struct yaml *yaml,
    const struct yaml_node *value, enum entry_object object,
    const struct fact_list **out, size_t *n);

/* One item of verification.vectors. False, reported, when it is wrong. */
bool vector_read(
    struct yaml *yaml, const struct yaml_node *node, struct fact_vector *out);

#endif
