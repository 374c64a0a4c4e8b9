#include "rules/compile/sources.h"

#include <errno.h>
#include <string.h>

#include "rules/read/documents.h"
#include "rules/read/source.h"

static enum cop_status refuse_file(const struct sources_reading *reading,
    const struct source *source, enum cop_status status)
{
    cop_report_at(reading->report, COP_ERROR,
        status == COP_E_LIMIT ? "limit" : "io", source->path.p, 0, 0,
        status == COP_E_LIMIT ? "split it; put long lists into list files"
                              : NULL,
        "cannot read this document: %s",
        status == COP_E_LIMIT ? "it is too large" : strerror(errno));
    return status == COP_E_LIMIT ? COP_OK : status;
}

static enum cop_status document_load(const struct sources_reading *reading,
    const struct source *source, struct buf *bytes, struct document *out)
{
    enum cop_status status = source_read(source->path.p, bytes);

    *out = (struct document){.path = source->path, .name = source->name};
    yaml_init(&out->yaml, source->path.p, reading->arena, reading->report);
    return status != COP_OK ? refuse_file(reading, source, status)
                            : document_parse(out, buf_slice(bytes));
}

static enum cop_status documents_load(const struct sources_reading *reading,
    const struct sources *sources, struct document *documents)
{
    enum cop_status status = COP_OK;
    uint64_t done = 0;
    struct buf bytes;

    /* One more than allowed, so that the parser tells what is too long. */
    buf_init(&bytes, YAML_BYTES_MAX + 1);
    for (size_t i = 0; i < sources->n && status == COP_OK; i++) {
        status = document_load(reading, &sources->p[i], &bytes, &documents[i]);
        done += sources->p[i].bytes;
        if (reading->progress != NULL) {
            reading->progress(reading->progress_context, "reading documents",
                done, sources->bytes);
        }
    }
    buf_fini(&bytes);
    return status;
}

/* Dates in every document mean days where the bundle is, which its manifest
 * says: so all are parsed before one is read. */
static enum cop_status documents_take(
    struct document *documents, size_t n, struct facts *facts)
{
    enum cop_status status = COP_OK;
    int32_t east_s = 0;

    for (size_t i = 0; i < n; i++) {
        (void)document_offset(&documents[i], &east_s);
    }
    for (size_t i = 0; i < n && status == COP_OK; i++) {
        documents[i].yaml.east_s = east_s;
        if (documents[i].yaml.root != NULL) {
            status = document_take(&documents[i], facts);
            status = status == COP_E_SYNTAX ? COP_OK : status;
        }
    }
    return status;
}

enum cop_status sources_read(const char *const *paths, size_t n,
    struct facts *facts, const struct sources_reading *reading)
{
    struct sources sources;
    struct document *documents;
    enum cop_status status =
        sources_find(paths, n, reading->arena, reading->report, &sources);

    if (status != COP_OK) {
        return status == COP_E_LIMIT ? COP_E_CHECK : status;
    }
    documents = arena_array(reading->arena, sources.n + 1, sizeof(*documents));
    if (documents == NULL) {
        return COP_E_NOMEM;
    }
    status = documents_load(reading, &sources, documents);
    if (status == COP_OK) {
        status = documents_take(documents, sources.n, facts);
    }
    if (status == COP_OK && sources.n == 0) {
        cop_report_at(reading->report, COP_ERROR, "bundle", NULL, 0, 0,
            "name files, or folders that have *.yaml below them",
            "there is no document to compile");
    }
    return status;
}
