#include "rules/read/documents.h"

#include "rules/read/date.h"

/* Kinds of document by the prefix of their id. */
static const struct {
    const char *prefix;
    unsigned parts; /* of the whole id */
    void (*read)(struct document *document, struct facts *facts);
} kinds[] = {
    {"cop:bundle:", 3, manifest_read},
    {"cop:taxonomy:", 3, taxonomy_read},
    {"cop:list:", 3, category_list_read},
    {"cop:req:", 5, requirement_read},
    {"cop:template:", 3, template_read},
    {"cop:appeal:", 4, appeal_read},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const char *document_prefix(size_t kind)
{
    return kind < KINDS ? kinds[kind].prefix : NULL;
}

void document_read_as(
    struct document *document, size_t kind, struct facts *facts)
{
    kinds[kind].read(document, facts);
}

static const char all_kinds[] =
    "an id begins with cop:bundle:, cop:taxonomy:, cop:list:, cop:req:, "
    "cop:template: or cop:appeal:";

/* The id, from which everything else follows. */
static bool find_id(struct yaml *yaml, struct cop_slice *id)
{
    const struct yaml_node *node;

    if (!yaml_is(yaml, yaml->root, YAML_MAP)) {
        return false;
    }
    node = yaml_get(yaml->root, "id");
    if (node == NULL && yaml_get(yaml->root, "policy") != NULL) {
        yaml_error(yaml, yaml->root, "id",
            "keep it out of the folder of sources; the gateway reads it",
            "this is a policy file of one place, not a part of a bundle");
        return false;
    }
    if (node == NULL) {
        yaml_error(yaml, yaml->root, "id", all_kinds,
            "this document has no id, so nothing says what it is");
        return false;
    }
    return yaml_text(yaml, node, id);
}

static void read_kind(
    struct document *document, struct cop_slice id, struct facts *facts)
{
    struct yaml *yaml = &document->yaml;
    const struct yaml_node *node = yaml_get(yaml->root, "id");

    for (size_t i = 0; i < KINDS; i++) {
        if (!fact_starts_with(id, cop_slice_of(kinds[i].prefix))) {
            continue;
        }
        if (!fact_is_name(id, kinds[i].parts)) {
            yaml_error(yaml, node, "id",
                "parts are of letters, digits, dots, dashes and underscores",
                "the id %s should have %u parts with colons between", id.p,
                kinds[i].parts);
            return;
        }
        kinds[i].read(document, facts);
        return;
    }
    yaml_error(yaml, node, "id", all_kinds,
        "the id %s is of no kind of document", id.p);
}

enum cop_status document_parse(struct document *document, struct cop_slice text)
{
    enum cop_status status = yaml_parse(&document->yaml, text);

    if (status != COP_OK) {
        document->yaml.root = NULL;
    }
    return status == COP_E_NOMEM ? status : COP_OK;
}

bool document_offset(const struct document *document, int32_t *out)
{
    const struct yaml_node *id = yaml_get(document->yaml.root, "id");
    const struct yaml_node *offset =
        yaml_get(document->yaml.root, "utc_offset");

    return id != NULL && offset != NULL && id->kind == YAML_TEXT &&
           offset->kind == YAML_TEXT &&
           fact_starts_with(id->text, COP_LIT("cop:bundle:")) &&
           date_parse_offset(offset->text, out);
}

enum cop_status document_take(struct document *document, struct facts *facts)
{
    struct yaml *yaml = &document->yaml;
    struct facts before = *facts;
    struct cop_slice id;

    if (yaml->root != NULL && find_id(yaml, &id)) {
        yaml->subject = id.p;
        read_kind(document, id, facts);
    }
    if (arena_failed(yaml->arena)) {
        return COP_E_NOMEM;
    }
    if (yaml->errors != 0) {
        /* Half a document would only cause findings that are not true. */
        *facts = before;
        return COP_E_SYNTAX;
    }
    facts->documents++;
    return COP_OK;
}

enum cop_status document_read(
    struct document *document, struct cop_slice text, struct facts *facts)
{
    enum cop_status status = document_parse(document, text);

    return status == COP_OK ? document_take(document, facts) : status;
}
