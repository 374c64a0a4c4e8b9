#include "rules/read/list.h"

#include <errno.h>
#include <sys/stat.h>

#include "rules/read/adblock_list.h"
#include "rules/read/entry.h"
#include "rules/read/lines.h"

enum { PROGRESS_BYTES = 1 << 20 };

/* A list being read. */
struct reading {
    const struct fact_list *list;
    const struct list_sink *sink;
    struct cop_report *report;
    struct entry_reader reader;
    uint32_t line;
    uint32_t errors;
    uint32_t cautions;
    bool is_full; /* the sink had no room */
};

static bool take(void *context, enum entry_object object, struct cop_slice text)
{
    struct reading *reading = context;

    if (!reading->sink->take(
            reading->sink->context, object, text, reading->line)) {
        reading->is_full = true;
        return false;
    }
    return true;
}

static void reading_init(struct reading *reading, const struct fact_list *list,
    const struct list_sink *sink, struct cop_report *report)
{
    *reading = (struct reading){.list = list, .sink = sink, .report = report};
    reading->reader = (struct entry_reader){.format = list->format,
        .object = list->object,
        .take = take,
        .context = reading};
}

/* Tell a flaw. False when it was the last that is told. */
static bool tell(struct reading *reading, const struct place *place,
    const struct entry_flaw *flaw)
{
    cop_report_at(reading->report, COP_ERROR, "list", place->file, place->line,
        place->column, flaw->todo, "%s", flaw->what);
    if (++reading->errors < LIST_ERRORS_MAX) {
        return true;
    }
    cop_report_at(reading->report, COP_ERROR, "list", place->file, place->line,
        0, "correct these first; is the format of the list the right one?",
        "this list has %d errors so far; the rest of it was not read",
        (int)LIST_ERRORS_MAX);
    return false;
}

/* Tell what a person should look at; after some of them, no more. */
static void tell_caution(struct reading *reading, const struct place *place,
    const struct entry_flaw *flaw)
{
    if (reading->cautions++ < LIST_ERRORS_MAX) {
        cop_report_at(reading->report, COP_WARNING, "suffix", place->file,
            place->line, place->column, flaw->todo, "%s", flaw->what);
    }
}

static enum cop_status outcome(const struct reading *reading)
{
    if (reading->is_full) {
        return COP_E_NOMEM;
    }
    return reading->errors > 0 ? COP_E_SYNTAX : COP_OK;
}

/* ---- inline ---- */

static enum cop_status read_inline(struct reading *reading)
{
    for (size_t i = 0; i < reading->list->entries_n; i++) {
        const struct fact_entry *entry = &reading->list->entries[i];
        struct entry_flaw flaw = {.what = ""};

        reading->line = entry->place.line;
        if (entry_read(&reading->reader, entry->text, &flaw)) {
            if (flaw.is_caution) {
                tell_caution(reading, &entry->place, &flaw);
            }
            continue;
        }
        if (reading->is_full || !tell(reading, &entry->place, &flaw)) {
            break;
        }
    }
    return outcome(reading);
}

/* ---- files ---- */

static enum cop_status tell_io(
    struct reading *reading, const struct place *place, int error)
{
    cop_report_at(reading->report, COP_ERROR, "io", place->file, place->line,
        place->column, "check the name; it is relative to this document",
        "cannot read the list %s: %s", reading->list->path.p, strerror(error));
    return COP_E_IO;
}

/* What was packed and cannot be unpacked. */
static enum cop_status tell_damage(
    struct reading *reading, const struct lines *lines)
{
    cop_report_at(reading->report, COP_ERROR, "list", reading->list->path.p,
        lines->number, 0, "fetch the list again, or unpack it yourself",
        "%s, behind line %u of the list", lines->flaw, lines->number);
    return COP_E_SYNTAX;
}

static bool read_line(
    struct reading *reading, const struct lines *lines, struct cop_slice line)
{
    struct place place = {reading->list->path.p, lines->number, 1};
    struct entry_flaw flaw = {.what = "this line has more than 16,384 bytes",
        .todo = "split it, or remove it"};

    reading->line = lines->number;
    if (lines->is_cut) {
        return tell(reading, &place, &flaw);
    }
    if (entry_read(&reading->reader, line, &flaw)) {
        place.column = (uint32_t)flaw.offset + 1;
        if (flaw.is_caution) {
            tell_caution(reading, &place, &flaw);
        }
        return true;
    }
    place.column = (uint32_t)flaw.offset + 1;
    return !reading->is_full && tell(reading, &place, &flaw);
}

static void show_progress(
    const struct reading *reading, const struct lines *lines, uint64_t *shown)
{
    const struct list_sink *sink = reading->sink;

    if (sink->progress == NULL || lines->bytes - *shown < PROGRESS_BYTES) {
        return;
    }
    *shown = lines->bytes;
    sink->progress(sink->progress_context, "reading lists",
        sink->bytes_before + lines->bytes, sink->bytes_total);
}

static enum cop_status read_file(struct reading *reading, uint64_t *bytes)
{
    struct cop_slice line;
    struct lines lines;
    uint64_t shown = 0;
    enum cop_status status;

    status = lines_open(&lines, reading->list->path.p);
    if (status != COP_OK) {
        return status == COP_E_IO
                   ? tell_io(reading, &reading->list->place, errno)
                   : status;
    }
    while (lines_next(&lines, &line)) {
        if (!read_line(reading, &lines, line)) {
            break;
        }
        show_progress(reading, &lines, &shown);
    }
    *bytes = lines.bytes;
    lines_close(&lines);
    if (lines.error != 0) {
        return tell_io(reading, &reading->list->place, lines.error);
    }
    if (lines.flaw != NULL) {
        return tell_damage(reading, &lines);
    }
    return outcome(reading);
}

enum cop_status list_read(const struct fact_list *list,
    const struct list_sink *sink, struct cop_report *report, uint64_t *bytes)
{
    struct reading reading;

    *bytes = 0;
    if (list->format == LIST_ADBLOCK) {
        return adblock_list_read(list, sink, report, bytes);
    }
    reading_init(&reading, list, sink, report);
    if (list->path.p != NULL) {
        return read_file(&reading, bytes);
    }
    return read_inline(&reading);
}

uint64_t list_file_bytes(const struct fact_list *list)
{
    struct stat st;

    if (list->path.p == NULL || stat(list->path.p, &st) != 0 ||
        !S_ISREG(st.st_mode)) {
        return 0;
    }
    return (uint64_t)st.st_size;
}
