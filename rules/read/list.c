#include "rules/read/list.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rules/read/adblock_list.h"
#include "rules/read/form.h"
#include "rules/read/lines.h"
#include "rules/read/source.h"

enum {
    PROGRESS_BYTES = 1 << 20,
    LIST_REASONS_MAX = 16 /* more than one format has */
};

/* Why lines name nothing, how many do so, and the first of them. */
struct skipped {
    const char *reason;
    uint32_t count;
    uint32_t line;
};

/* A list being read. */
struct reading {
    const struct fact_list *list;
    const struct list_sink *sink;
    struct cop_report *report;
    const char *path;             /* of the file being read */
    struct list_bytes bytes;      /* of all of the list's files */
    struct digest digest_of_each; /* of a folder's */
    uint32_t line;
    uint32_t errors;
    uint32_t cautions;
    uint32_t passed_over; /* wrong lines that the document allows */
    bool is_full;         /* the sink had no room */
    struct skipped skipped[LIST_REASONS_MAX];
    struct form form;
};

static bool take(void *context, enum entry_object object, struct cop_slice text)
{
    struct reading *reading = context;

    if (!reading->sink->take(reading->sink->context, object, text,
            reading->line - reading->form.back)) {
        reading->is_full = true;
        return false;
    }
    return true;
}

static void reading_init(struct reading *reading, const struct fact_list *list,
    const struct list_sink *sink, struct cop_report *report)
{
    memset(reading, 0, offsetof(struct reading, form));
    reading->list = list;
    reading->sink = sink;
    reading->report = report;
    reading->path = list->path.p;
}

static void form_begin(struct reading *reading, enum list_format format)
{
    form_init(&reading->form, reading->list, format);
    reading->form.reader.take = take;
    reading->form.reader.context = reading;
}

/* A flaw that the list's document allows: told of the first ones. */
static void pass_over(struct reading *reading, const struct place *place,
    const struct entry_flaw *flaw)
{
    if (reading->passed_over++ < LIST_ERRORS_MAX) {
        cop_report_at(reading->report, COP_WARNING, "list", place->file,
            place->line, place->column, flaw->todo, "%s; passed over",
            flaw->what);
    }
}

/* Tell a flaw, if it is one of the first. False when nothing more is to be
 * read, because there are more than the document allows. */
static bool tell(struct reading *reading, const struct place *place,
    const struct entry_flaw *flaw)
{
    uint32_t allowed = reading->list->bad_lines;

    if (reading->passed_over < allowed) {
        pass_over(reading, place, flaw);
        return true;
    }
    if (reading->errors < LIST_ERRORS_MAX) {
        cop_report_at(reading->report, COP_ERROR, "list", place->file,
            place->line, place->column, flaw->todo, "%s", flaw->what);
    }
    reading->errors++;
    if (allowed == 0) {
        return true;
    }
    cop_report_at(reading->report, COP_ERROR, "list", place->file, place->line,
        0, "is the format of the list the right one?",
        "this list has more than the %u wrong lines that bad_lines allows; the "
        "rest of it was not read",
        allowed);
    return false;
}

/* Tell how many flaws there are beyond those that were told. */
static void tell_count(const struct reading *reading)
{
    if (reading->errors > LIST_ERRORS_MAX && reading->list->bad_lines == 0) {
        cop_report_at(reading->report, COP_ERROR, "list", reading->path, 0, 0,
            "correct these first; is the format of the list the right one?",
            "%u lines of %u are wrong; the first %d are told above",
            reading->errors, reading->line, (int)LIST_ERRORS_MAX);
    }
}

/* Tell what a person should look at; after some of them, no more. */
static void tell_caution(struct reading *reading, const struct place *place,
    const struct entry_flaw *flaw)
{
    if (reading->cautions++ < LIST_ERRORS_MAX) {
        cop_report_at(reading->report, COP_WARNING, flaw->code, place->file,
            place->line, place->column, flaw->todo, "%s", flaw->what);
    }
}

/* Count a line that is right and names nothing. */
static void count_skipped(struct reading *reading, const char *reason)
{
    for (size_t i = 0; i < LIST_REASONS_MAX; i++) {
        struct skipped *skipped = &reading->skipped[i];

        if (skipped->reason == NULL) {
            *skipped = (struct skipped){reason, 1, reading->line};
            return;
        }
        if (skipped->reason == reason) {
            skipped->count++;
            return;
        }
    }
}

/* Tell what of a file is not used, once for each reason. */
static void tell_skipped(struct reading *reading)
{
    for (size_t i = 0; i < LIST_REASONS_MAX; i++) {
        const struct skipped *skipped = &reading->skipped[i];

        if (skipped->reason == NULL) {
            break;
        }
        cop_report_at(reading->report, COP_NOTE, "unused", reading->path,
            skipped->line, 0,
            "this is the first; if they matter, write them "
            "as what they are",
            skipped->count == 1 ? "%u line is not used: %s"
                                : "%u lines are not used: %s",
            skipped->count, skipped->reason);
    }
    memset(reading->skipped, 0, sizeof(reading->skipped));
}

static void tell_passed_over(const struct reading *reading)
{
    if (reading->passed_over > LIST_ERRORS_MAX) {
        cop_report_at(reading->report, COP_WARNING, "list", reading->path, 0, 0,
            NULL, "%u lines of this list are wrong and were passed over",
            reading->passed_over);
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

/* What came of a line. False when reading is to stop. */
static bool note(struct reading *reading, bool is_read,
    const struct place *place, const struct entry_flaw *flaw)
{
    if (!is_read) {
        return !reading->is_full && tell(reading, place, flaw);
    }
    if (flaw->is_caution) {
        tell_caution(reading, place, flaw);
    }
    if (flaw->skipped != NULL) {
        count_skipped(reading, flaw->skipped);
    }
    return true;
}

static enum cop_status read_inline(struct reading *reading)
{
    form_begin(reading, reading->list->format);
    reading->path = reading->list->place.file;
    for (size_t i = 0; i < reading->list->entries_n; i++) {
        const struct fact_entry *entry = &reading->list->entries[i];
        struct entry_flaw flaw = {.what = ""};
        bool is_read;

        reading->line = entry->place.line;
        is_read = form_read(&reading->form, entry->text, &flaw);
        if (!note(reading, is_read, &entry->place, &flaw)) {
            break;
        }
    }
    tell_skipped(reading);
    tell_count(reading);
    return outcome(reading);
}

/* ---- files ---- */

static enum cop_status tell_io(struct reading *reading, int error)
{
    const struct place *place = &reading->list->place;

    cop_report_at(reading->report, COP_ERROR, "io", place->file, place->line,
        place->column, "check the name; it is relative to this document",
        "cannot read the list %s: %s", reading->path, strerror(error));
    return COP_E_IO;
}

/* What was packed and cannot be unpacked. */
static enum cop_status tell_damage(
    struct reading *reading, const struct lines *lines)
{
    cop_report_at(reading->report, COP_ERROR, "list", reading->path,
        lines->number, 0, "fetch the list again, or unpack it yourself",
        "%s, behind line %u of the list", lines->flaw, lines->number);
    return COP_E_SYNTAX;
}

static bool read_line(
    struct reading *reading, const struct lines *lines, struct cop_slice line)
{
    struct place place = {reading->path, lines->number, 1};
    struct entry_flaw flaw = {.what = "this line has more than 16,384 bytes",
        .todo = "split it, or remove it"};
    bool is_read;

    reading->line = lines->number;
    if (lines->is_cut) {
        return tell(reading, &place, &flaw);
    }
    is_read = form_read(&reading->form, line, &flaw);
    place.column = (uint32_t)flaw.offset + 1;
    return note(reading, is_read, &place, &flaw);
}

/* Whether what the last lines began has ended. */
static void read_end(struct reading *reading)
{
    struct place place = {reading->path, reading->line, 0};
    struct entry_flaw flaw = {.what = ""};

    if (!form_end(&reading->form, &flaw)) {
        (void)tell(reading, &place, &flaw);
    }
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
        sink->bytes_before + reading->bytes.n + lines->bytes,
        sink->bytes_total);
}

static bool read_lines(struct reading *reading, struct lines *lines)
{
    struct cop_slice line;
    uint64_t shown = 0;

    while (lines_next(lines, &line)) {
        if (!read_line(reading, lines, line)) {
            return false;
        }
        show_progress(reading, lines, &shown);
    }
    return true;
}

/* Read reading->path. */
static enum cop_status read_file(
    struct reading *reading, enum list_format format)
{
    struct lines lines;
    enum cop_status status = lines_open(&lines, reading->path);

    if (status != COP_OK) {
        return status == COP_E_IO ? tell_io(reading, errno) : status;
    }
    form_begin(reading, format);
    reading->line = 0;
    if (read_lines(reading, &lines) && lines.error == 0 && lines.flaw == NULL) {
        read_end(reading);
    }
    tell_skipped(reading);
    tell_count(reading);
    reading->bytes.n += lines.bytes;
    status = unpack_digest(lines.file, reading->bytes.digest);
    lines_close(&lines);
    if (lines.error != 0) {
        return tell_io(reading, lines.error);
    }
    if (lines.flaw != NULL) {
        return tell_damage(reading, &lines);
    }
    return status == COP_OK ? outcome(reading) : status;
}

/* ---- folders ---- */

/* What squidGuard and the lists made for it call their files. */
static const struct {
    const char *name;
    enum list_format format;
} folder_files[] = {
    {"domains", LIST_DOMAINS},
    {"urls", LIST_URLS},
    {"expressions", LIST_EXPRESSIONS},
};
enum { FOLDER_FILES = sizeof(folder_files) / sizeof(folder_files[0]) };

/* The path of a folder's file. False when it is too long or not there; any
 * other trouble shows when it is opened. */
static bool find_file(
    struct cop_slice folder, size_t i, char path[SOURCE_PATH_MAX], off_t *bytes)
{
    struct stat st = {.st_size = 0};
    int n = snprintf(path, SOURCE_PATH_MAX, "%.*s/%s", (int)folder.n, folder.p,
        folder_files[i].name);
    bool is_there = n > 0 && n < SOURCE_PATH_MAX &&
                    (stat(path, &st) == 0 || errno != ENOENT);

    *bytes = st.st_size;
    return is_there;
}

static enum cop_status tell_empty(const struct reading *reading)
{
    const struct place *place = &reading->list->place;

    cop_report_at(reading->report, COP_ERROR, "list", place->file, place->line,
        place->column, "name a folder that has at least one of them",
        "there is no file domains, urls or expressions in %s",
        reading->list->path.p);
    return COP_E_SYNTAX;
}

static enum cop_status read_files(struct reading *reading)
{
    const struct fact_list *list = reading->list;
    enum cop_status status = COP_OK;
    char path[SOURCE_PATH_MAX];
    off_t unused;
    size_t found = 0;

    for (size_t i = 0; i < FOLDER_FILES && status == COP_OK; i++) {
        if (!find_file(list->path, i, path, &unused)) {
            continue;
        }
        found++;
        reading->path = path;
        if (reading->sink->enter != NULL &&
            !reading->sink->enter(
                reading->sink->context, folder_files[i].name)) {
            return COP_E_NOMEM;
        }
        status = read_file(reading, folder_files[i].format);
        digest_add(&reading->digest_of_each, reading->bytes.digest,
            sizeof(reading->bytes.digest));
    }
    return found == 0 ? tell_empty(reading) : status;
}

static enum cop_status read_folder(struct reading *reading)
{
    enum cop_status status;

    digest_init(&reading->digest_of_each);
    status = read_files(reading);
    if (digest_end(&reading->digest_of_each, reading->bytes.digest) != COP_OK) {
        return COP_E_NOMEM;
    }
    return status;
}

enum cop_status list_read(const struct fact_list *list,
    const struct list_sink *sink, struct cop_report *report,
    struct list_bytes *bytes)
{
    struct reading reading;
    enum cop_status status;

    *bytes = (struct list_bytes){.n = 0};
    if (list->format == LIST_ADBLOCK) {
        return adblock_list_read(list, sink, report, bytes);
    }
    reading_init(&reading, list, sink, report);
    if (list->path.p == NULL) {
        status = read_inline(&reading);
    } else if (list->format == LIST_SQUIDGUARD) {
        status = read_folder(&reading);
    } else {
        status = read_file(&reading, list->format);
    }
    reading.path = list->path.p != NULL ? list->path.p : list->place.file;
    tell_passed_over(&reading);
    *bytes = reading.bytes;
    return status;
}

uint64_t list_file_bytes(const struct fact_list *list)
{
    char path[SOURCE_PATH_MAX];
    struct stat st;
    uint64_t bytes = 0;
    off_t more;

    if (list->path.p == NULL) {
        return 0;
    }
    if (list->format != LIST_SQUIDGUARD) {
        return stat(list->path.p, &st) == 0 && S_ISREG(st.st_mode)
                   ? (uint64_t)st.st_size
                   : 0;
    }
    for (size_t i = 0; i < FOLDER_FILES; i++) {
        if (find_file(list->path, i, path, &more)) {
            bytes += (uint64_t)more;
        }
    }
    return bytes;
}
