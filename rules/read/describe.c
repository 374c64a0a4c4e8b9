#include "rules/read/describe.h"

#include "rules/read/policyfile.h"

enum { DESCRIBE_ARENA_MAX = 64 << 20 };

const char *describe_prefix(size_t kind)
{
    const char *prefix = document_prefix(kind);

    if (prefix != NULL) {
        return prefix;
    }
    return kind == 0 || document_prefix(kind - 1) != NULL ? "" : NULL;
}

/* A draft may have everything that a requirement in force may have, and what
 * this version cannot do yet. */
static enum cop_status describe(struct document *document, size_t kind)
{
    struct cop_slice draft = COP_LIT("status: draft\n");
    struct facts facts = {.documents = 0};
    struct fact_policy policy;
    enum cop_status status;

    if (document_prefix(kind) == NULL) {
        status = policyfile_read(document, draft, &policy);
        return status == COP_E_NOMEM ? status : COP_OK;
    }
    status = yaml_parse(&document->yaml, draft);
    if (status == COP_OK) {
        document_read_as(document, kind, &facts);
    }
    return status;
}

enum cop_status describe_document(
    size_t kind, const struct yaml_observer *observer)
{
    struct document document = {
        .path = COP_LIT("document.yaml"), .name = COP_LIT("document.yaml")};
    struct cop_report report = {.emit = NULL};
    struct arena arena;
    enum cop_status status;

    arena_init(&arena, DESCRIBE_ARENA_MAX);
    yaml_init(&document.yaml, NULL, &arena, &report);
    document.yaml.observer = observer;
    status = describe(&document, kind);
    if (arena_failed(&arena)) {
        status = COP_E_NOMEM;
    }
    arena_fini(&arena);
    return status;
}
