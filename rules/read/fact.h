/* What every kind of document has in common: places, texts by language,
 * categories, classes of subscriber, names of files. */
#ifndef RULES_READ_FACT_H
#define RULES_READ_FACT_H

#include "rules/read/facts.h"
#include "rules/read/yaml.h"

/* One document being read. The readers get it as `into`, or inside it. */
struct document {
    struct yaml yaml;
    struct cop_slice path; /* as it was opened, followed by NUL */
    struct cop_slice name; /* relative to the sources' folder */
};

struct place fact_place(const struct yaml *yaml, const struct yaml_node *node);

/* A mapping of language to text. False, reported, when it is none. */
bool fact_read_texts(
    struct yaml *yaml, const struct yaml_node *node, struct fact_texts *out);

/* A text, or a mapping of language to text of which English, else the first,
 * is taken. */
bool fact_read_title(
    struct yaml *yaml, const struct yaml_node *node, struct cop_slice *out);

/* A list of identifiers of the taxonomy; an unknown one is a finding L21. */
bool fact_read_categories(struct yaml *yaml, const struct yaml_node *node,
    struct fact_categories *out);

/* One class, or a list of classes, of subscriber: bits of subscriber.tbl. */
bool fact_read_subscribers(
    struct yaml *yaml, const struct yaml_node *node, uint32_t *out);

/* A date that begins with its day, or ends with it: "until 2026-11-24" is that
 * midnight's end. Days begin at midnight where the bundle is (yaml->east_s). A
 * moment with a time is taken as it stands. */
bool fact_read_start(
    struct yaml *yaml, const struct yaml_node *node, int64_t *out);
bool fact_read_until(
    struct yaml *yaml, const struct yaml_node *node, int64_t *out);

/* A list of {days, from, to}: spans of the local week, one a day. Without days
 * they are of every day; what ends before it begins goes over midnight. */
bool fact_read_hours(struct yaml *yaml, const struct yaml_node *node,
    const struct tables_window **out, size_t *n);

/* A path in a document, as it is opened and as it is named in a bundle. The
 * document's folder is the starting point; absolute paths are refused. */
bool fact_read_path(const struct document *document, struct yaml *yaml,
    const struct yaml_node *node, struct fact_list *out);

/* A template's id with its prefix, whether or not the author wrote that. */
bool fact_read_template(
    struct yaml *yaml, const struct yaml_node *node, struct cop_slice *out);

/* What a requirement's list at an index is called; those of an amendment are
 * told apart by its day, where the bundle is. */
struct cop_slice fact_list_name(struct arena *arena,
    const struct fact_requirement *fact, size_t number, int32_t east_s);

/* Whether text is `parts` words of [A-Za-z0-9._-] with colons between. */
bool fact_is_name(struct cop_slice text, unsigned parts);

bool fact_starts_with(struct cop_slice text, struct cop_slice prefix);

#endif
