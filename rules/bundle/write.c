#include "rules/bundle/tables.h"

#include <stdlib.h>

#include "rules/bundle/view.h"
#include "rules/bundle/writer.h"

/* The orders of the tables: a few numbers a row, far below this. */
enum { WRITER_ARENA_MAX = 1 << 30 };

void writer_add(
    struct writer *w, enum section_id id, const void *bytes, size_t n)
{
    struct buf *section = &w->sections[id];

    if (n == 0 || !writer_ok(w)) {
        return;
    }
    if (n > section->max - section->n) {
        writer_fail(w, COP_E_LIMIT);
        return;
    }
    buf_add(section, bytes, n);
    if (section->failed) {
        writer_fail(w, COP_E_NOMEM);
    }
}

uint32_t writer_count(const struct writer *w, enum section_id id)
{
    return (uint32_t)(w->sections[id].n / section_record_bytes(id));
}

struct format_span writer_text(
    struct writer *w, enum section_id id, struct cop_slice text)
{
    struct format_span span = {writer_count(w, id), (uint32_t)text.n};

    writer_add(w, id, text.p, text.n);
    return span;
}

static void writer_init(struct writer *w, const struct cop_tables *tables)
{
    *w = (struct writer){.t = tables, .status = COP_OK};
    arena_init(&w->arena, WRITER_ARENA_MAX);
    for (unsigned id = 1; id < SECTION_END; id++) {
        size_t record = section_record_bytes((enum section_id)id);

        buf_init(&w->sections[id], (size_t)(FORMAT_NONE - 1) * record);
    }
}

static void writer_fini(struct writer *w)
{
    for (unsigned id = 1; id < SECTION_END; id++) {
        buf_fini(&w->sections[id]);
    }
    arena_fini(&w->arena);
}

static size_t align_up(size_t n)
{
    return (n + FORMAT_ALIGN - 1) / FORMAT_ALIGN * FORMAT_ALIGN;
}

static size_t image_bytes(const struct writer *w)
{
    size_t n = sizeof(struct format_header) +
               SECTION_COUNT * sizeof(struct format_section);

    for (unsigned id = 1; id < SECTION_END; id++) {
        n = align_up(n) + w->sections[id].n;
    }
    return n;
}

/* Put header, section table and sections into zeroed memory. */
static enum cop_status image_fill(
    const struct writer *w, unsigned char *bytes, size_t n)
{
    struct format_header *header = (void *)bytes;
    struct format_section *table = (void *)(header + 1);
    size_t at = sizeof(*header) + SECTION_COUNT * sizeof(*table);

    memcpy(header->magic, FORMAT_MAGIC, FORMAT_MAGIC_BYTES);
    header->version = FORMAT_VERSION;
    header->header_bytes = sizeof(*header);
    header->file_bytes = n;
    header->sections = SECTION_COUNT;
    header->tries = w->tries;
    memcpy(header->key, w->key, sizeof(header->key));
    for (unsigned id = 1; id < SECTION_END; id++) {
        const struct buf *section = &w->sections[id];

        at = align_up(at);
        table[id - 1] = (struct format_section){
            .id = id,
            .record_bytes = section_record_bytes((enum section_id)id),
            .offset = at,
            .bytes = section->n,
            .count = writer_count(w, (enum section_id)id),
        };
        if (section->n != 0) {
            memcpy(bytes + at, section->p, section->n);
        }
        at += section->n;
    }
    return bundle_digest(bytes, n, header->digest);
}

static void image_make(struct writer *w, struct cop_image *out)
{
    size_t n = image_bytes(w);
    unsigned char *bytes = aligned_alloc(FORMAT_ALIGN, align_up(n));

    if (bytes == NULL) {
        writer_fail(w, COP_E_NOMEM);
        return;
    }
    memset(bytes, 0, align_up(n));
    if (image_fill(w, bytes, n) != COP_OK) {
        writer_fail(w, COP_E_NOMEM);
        free(bytes);
        return;
    }
    out->bytes = bytes;
    out->n = n;
}

enum cop_status bundle_write(
    const struct cop_tables *tables, struct cop_image *out)
{
    struct writer w;

    writer_init(&w, tables);
    writer_sort(&w);
    writer_tables(&w);
    writer_rules(&w);
    writer_add(&w, SECTION_MANIFEST, &w.manifest, sizeof(w.manifest));
    if (writer_ok(&w)) {
        image_make(&w, out);
    }
    writer_fini(&w);
    return w.status;
}

void cop_image_free(struct cop_image *image)
{
    free(image->bytes);
    *image = (struct cop_image){NULL, 0};
}
