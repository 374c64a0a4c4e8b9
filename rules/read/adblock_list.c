/* A list is read twice: first for the rules that say badfilter, of which there
 * are few, then for all others, so that memory does not depend on how long a
 * list is. */
#include "rules/read/adblock_list.h"

#include <errno.h>
#include <stdlib.h>

#include "rules/base/arena.h"
#include "rules/read/adblock.h"
#include "rules/read/lines.h"

enum { EXAMPLE_MAX = 60, PROGRESS_BYTES = 1 << 20 };
static const size_t twins_bytes_max = (size_t)256 << 20;

/* What was left out for one reason. */
struct left_out {
    uint32_t n;
    uint32_t line; /* of the first */
    char example[EXAMPLE_MAX + 1];
};

struct reading {
    const struct fact_list *list;
    const struct list_sink *sink;
    struct cop_report *report;
    struct adblock line;
    struct arena arena;      /* of the twins */
    struct cop_slice *twins; /* what a badfilter names, in order */
    size_t twins_n;
    size_t twins_cap;
    bool is_first; /* the first time through */
    uint32_t bad;  /* rules that had a badfilter twin */
    struct left_out left_out[ADBLOCK_REASONS];
};

/* ---- twins ---- */

/* What tells a rule from others: its bytes, or its host behind a zero, with
 * which no packed rule begins that has a party. */
static struct cop_slice identity(struct adblock *line, enum adblock_kind kind)
{
    if (kind == ADBLOCK_HOST) {
        buf_clear(&line->packed);
        buf_add(&line->packed, "\0\0", 2);
        buf_add_slice(&line->packed, cop_host_slice(&line->host));
    }
    return buf_slice(&line->packed);
}

static int twin_order(const void *a, const void *b)
{
    return cop_slice_cmp(
        *(const struct cop_slice *)a, *(const struct cop_slice *)b);
}

static enum cop_status twin_add(struct reading *reading, enum adblock_kind kind)
{
    struct cop_slice twin =
        arena_copy(&reading->arena, identity(&reading->line, kind));

    if (twin.p == NULL || reading->line.packed.failed) {
        return COP_E_NOMEM;
    }
    if (reading->twins_n == reading->twins_cap) {
        size_t cap = reading->twins_cap * 2 + 64;
        struct cop_slice *grown =
            realloc(reading->twins, cap * sizeof(grown[0]));

        if (grown == NULL) {
            return COP_E_NOMEM;
        }
        reading->twins = grown;
        reading->twins_cap = cap;
    }
    reading->twins[reading->twins_n++] = twin;
    return COP_OK;
}

static bool has_twin(struct reading *reading, enum adblock_kind kind)
{
    if (reading->twins_n == 0) {
        return false;
    }
    struct cop_slice it = identity(&reading->line, kind);

    return bsearch(&it, reading->twins, reading->twins_n,
               sizeof(reading->twins[0]), twin_order) != NULL;
}

/* ---- lines ---- */

static void note_left_out(struct reading *reading, enum adblock_reason reason,
    struct cop_slice text, uint32_t number)
{
    struct left_out *left_out = &reading->left_out[reason];

    if (left_out->n++ != 0) {
        return;
    }
    left_out->line = number;
    size_t n = text.n < EXAMPLE_MAX ? text.n : EXAMPLE_MAX;

    for (size_t i = 0; i < n; i++) {
        char c = text.p[i];

        left_out->example[i] = (char)(c >= ' ' && c <= '~' ? c : '?');
    }
    left_out->example[n] = '\0';
}

static enum cop_status rule_take(
    struct reading *reading, enum adblock_kind kind, uint32_t number)
{
    const struct adblock *line = &reading->line;
    struct cop_slice text = buf_slice(&line->packed);
    enum entry_object object = ENTRY_ADBLOCK;

    if (has_twin(reading, kind)) {
        reading->bad++;
        return COP_OK;
    }
    if (kind == ADBLOCK_HOST) {
        object = line->host.kind == COP_HOST_NAME ? ENTRY_DOMAIN : ENTRY_HOST;
        text = cop_host_slice(&line->host);
    }
    return reading->sink->take(reading->sink->context, object, text, number)
               ? COP_OK
               : COP_E_NOMEM;
}

static bool may_be_badfilter(struct cop_slice text)
{
    static const char word[] = "badfilter";

    return memmem(text.p, text.n, word, sizeof(word) - 1) != NULL;
}

static enum cop_status line_take(
    struct reading *reading, struct cop_slice text, uint32_t number)
{
    enum adblock_kind kind;
    enum cop_status status;

    if (reading->is_first && !may_be_badfilter(text)) {
        return COP_OK;
    }
    status = adblock_read(&reading->line, text, &kind);
    if (status != COP_OK || kind == ADBLOCK_NOTHING) {
        return status;
    }
    if (kind == ADBLOCK_LEFT_OUT) {
        if (!reading->is_first) {
            note_left_out(reading, reading->line.reason, text, number);
        }
        return COP_OK;
    }
    if (reading->is_first) {
        return reading->line.is_badfilter ? twin_add(reading, kind) : COP_OK;
    }
    return reading->line.is_badfilter ? COP_OK
                                      : rule_take(reading, kind, number);
}

/* ---- where the lines are ---- */

static enum cop_status read_inline(struct reading *reading)
{
    enum cop_status status = COP_OK;

    for (size_t i = 0; i < reading->list->entries_n && status == COP_OK; i++) {
        const struct fact_entry *entry = &reading->list->entries[i];

        status = line_take(reading, entry->text, entry->place.line);
    }
    return status;
}

static enum cop_status tell_io(const struct reading *reading, int error)
{
    const struct place *place = &reading->list->place;

    cop_report_at(reading->report, COP_ERROR, "io", place->file, place->line,
        place->column, "check the name; it is relative to this document",
        "cannot read the list %s: %s", reading->list->path.p, strerror(error));
    return COP_E_IO;
}

static enum cop_status tell_damage(
    const struct reading *reading, const struct lines *lines)
{
    cop_report_at(reading->report, COP_ERROR, "list", reading->list->path.p,
        lines->number, 0, "fetch the list again, or unpack it yourself",
        "%s, behind line %u of the list", lines->flaw, lines->number);
    return COP_E_SYNTAX;
}

static void show_progress(
    const struct reading *reading, const struct lines *lines, uint64_t *shown)
{
    const struct list_sink *sink = reading->sink;

    if (sink->progress == NULL || reading->is_first ||
        lines->bytes - *shown < PROGRESS_BYTES) {
        return;
    }
    *shown = lines->bytes;
    sink->progress(sink->progress_context, "reading lists",
        sink->bytes_before + lines->bytes, sink->bytes_total);
}

static enum cop_status read_file(
    struct reading *reading, struct list_bytes *bytes)
{
    struct cop_slice text;
    struct lines lines;
    uint64_t shown = 0;
    enum cop_status status = lines_open(&lines, reading->list->path.p);

    if (status != COP_OK) {
        return status == COP_E_IO ? tell_io(reading, errno) : status;
    }
    while (status == COP_OK && lines_next(&lines, &text)) {
        if (!lines.is_cut) {
            status = line_take(reading, text, lines.number);
        } else if (!reading->is_first) {
            note_left_out(reading, ADBLOCK_LONG, text, lines.number);
        }
        show_progress(reading, &lines, &shown);
    }
    bytes->n = lines.bytes;
    if (status == COP_OK) {
        status = unpack_digest(lines.file, bytes->digest);
    }
    lines_close(&lines);
    if (status == COP_OK && lines.error != 0) {
        return tell_io(reading, lines.error);
    }
    if (status == COP_OK && lines.flaw != NULL) {
        return tell_damage(reading, &lines);
    }
    return status;
}

/* ---- what is said of it ---- */

static void tell_left_out(const struct reading *reading)
{
    const struct fact_list *list = reading->list;
    const char *file = list->path.p != NULL ? list->path.p : list->place.file;

    for (unsigned i = 0; i < ADBLOCK_REASONS; i++) {
        const struct left_out *left_out = &reading->left_out[i];

        if (left_out->n != 0) {
            cop_report_at(reading->report, COP_NOTE, "adblock", file,
                left_out->line, 0, NULL,
                "%u rules are left out because they %s; the first is \"%s\"",
                left_out->n, adblock_reason_words((enum adblock_reason)i),
                left_out->example);
        }
    }
    if (reading->bad != 0) {
        cop_report_at(reading->report, COP_NOTE, "adblock", file, 0, 0, NULL,
            "%u rules are left out because a badfilter names them",
            reading->bad);
    }
}

static enum cop_status read_through(
    struct reading *reading, struct list_bytes *bytes)
{
    return reading->list->path.p != NULL ? read_file(reading, bytes)
                                         : read_inline(reading);
}

static enum cop_status read_twice(
    struct reading *reading, struct list_bytes *bytes)
{
    enum cop_status status;

    reading->is_first = true;
    status = read_through(reading, bytes);
    if (status != COP_OK) {
        return status;
    }
    if (reading->twins_n != 0) {
        qsort(reading->twins, reading->twins_n, sizeof(reading->twins[0]),
            twin_order);
    }
    reading->is_first = false;
    status = read_through(reading, bytes);
    if (status == COP_OK) {
        tell_left_out(reading);
    }
    return status;
}

enum cop_status adblock_list_read(const struct fact_list *list,
    const struct list_sink *sink, struct cop_report *report,
    struct list_bytes *bytes)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    enum cop_status status;

    *bytes = (struct list_bytes){.n = 0};
    if (reading == NULL) {
        return COP_E_NOMEM;
    }
    reading->list = list;
    reading->sink = sink;
    reading->report = report;
    adblock_init(&reading->line);
    arena_init(&reading->arena, twins_bytes_max);
    status = read_twice(reading, bytes);
    adblock_fini(&reading->line);
    arena_fini(&reading->arena);
    free(reading->twins);
    free(reading);
    return status;
}
