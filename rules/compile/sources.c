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
    const struct source *source, struct buf *bytes, struct facts *facts)
{
    struct document document = {.path = source->path, .name = source->name};
    enum cop_status status = source_read(source->path.p, bytes);

    if (status != COP_OK) {
        return refuse_file(reading, source, status);
    }
    yaml_init(&document.yaml, source->path.p, reading->arena, reading->report);
    status = document_read(&document, buf_slice(bytes), facts);
    return status == COP_E_SYNTAX ? COP_OK : status;
}

static enum cop_status documents_load(const struct sources_reading *reading,
    const struct sources *sources, struct facts *facts)
{
    enum cop_status status = COP_OK;
    uint64_t done = 0;
    struct buf bytes;

    /* One more than allowed, so that the parser tells what is too long. */
    buf_init(&bytes, YAML_BYTES_MAX + 1);
    for (size_t i = 0; i < sources->n && status == COP_OK; i++) {
        status = document_load(reading, &sources->p[i], &bytes, facts);
        done += sources->p[i].bytes;
        if (reading->progress != NULL) {
            reading->progress(reading->progress_context, "reading documents",
                done, sources->bytes);
        }
    }
    buf_fini(&bytes);
    return status;
}

enum cop_status sources_read(const char *const *paths, size_t n,
    struct facts *facts, const struct sources_reading *reading)
{
    struct sources sources;
    enum cop_status status =
        sources_find(paths, n, reading->arena, reading->report, &sources);

    if (status != COP_OK) {
        return status == COP_E_LIMIT ? COP_E_CHECK : status;
    }
    status = documents_load(reading, &sources, facts);
    if (status == COP_OK && sources.n == 0) {
        cop_report_at(reading->report, COP_ERROR, "bundle", NULL, 0, 0,
            "name files, or folders that have *.yaml below them",
            "there is no document to compile");
    }
    return status;
}
