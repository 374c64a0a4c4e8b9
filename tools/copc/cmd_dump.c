/* copc dump: every record of a bundle, in words. One line a record, written as
 * it is read, so that a bundle of any size can be looked into. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cop/dump.h"
#include "tools/copc/copc.h"
#include "tools/copc/findings.h"
#include "tools/copc/inside.h"

enum { MOMENT_BYTES = 32 };

/* A time as people write it; the ends of what is open have none. */
static bool moment_print(int64_t unix_time, char out[MOMENT_BYTES])
{
    time_t seconds = (time_t)unix_time;
    struct tm parts;

    return unix_time != INT64_MIN && unix_time != INT64_MAX &&
           gmtime_r(&seconds, &parts) != NULL &&
           strftime(out, MOMENT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) != 0;
}

/* ---- for people ---- */

/* What could move the cursor or end the line is shown as its number. */
static void print_text(struct cop_slice text)
{
    putchar('"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c < 0x20 || c == 0x7f) {
            printf("\\x%02x", c);
        } else {
            if (c == '"' || c == '\\') {
                putchar('\\');
            }
            putchar(c);
        }
    }
    putchar('"');
}

static void print_field(const struct cop_dump_field *field)
{
    char moment[MOMENT_BYTES];

    printf(" %s=", field->name);
    switch (field->kind) {
    case COP_DUMP_NUMBER:
        printf("%" PRId64, field->number);
        break;
    case COP_DUMP_HASH:
        printf("%" PRIx64, (uint64_t)field->number);
        break;
    case COP_DUMP_TIME:
        fputs(moment_print(field->number, moment) ? moment : "open", stdout);
        break;
    case COP_DUMP_TEXT:
        print_text(field->text);
        break;
    }
}

static bool print_record(void *context, const char *section, uint32_t index,
    const struct cop_dump_field *fields, size_t n)
{
    (void)context;
    (void)section;
    printf("%" PRIu32 ":", index);
    for (size_t i = 0; i < n; i++) {
        print_field(&fields[i]);
    }
    putchar('\n');
    return ferror(stdout) == 0;
}

static void print_header(const struct cop_bundle *bundle)
{
    inside_print(stdout, bundle);
    for (uint32_t i = 0; i < cop_dump_sections(); i++) {
        struct cop_dump_section s;

        cop_dump_section(bundle, i, &s);
        printf("  section       %s: %" PRIu32 " of %" PRIu32 " bytes, %" PRIu64
               " from %" PRIu64 "\n",
            s.name, s.count, s.record_bytes, s.bytes, s.offset);
    }
}

/* ---- for programs: one JSON object a line ---- */

/* A time that is open has no value; a hash is text, because its 64 bits are
 * more than numbers of JSON are read with. */
static json_t *field_json(const struct cop_dump_field *field)
{
    char text[MOMENT_BYTES];

    switch (field->kind) {
    case COP_DUMP_NUMBER:
        return json_integer(field->number);
    case COP_DUMP_HASH:
        snprintf(text, sizeof(text), "%016" PRIx64, (uint64_t)field->number);
        return json_string(text);
    case COP_DUMP_TIME:
        return moment_print(field->number, text) ? json_integer(field->number)
                                                 : json_null();
    case COP_DUMP_TEXT:
        return inside_text_json(field->text);
    }
    return json_null();
}

/* Write an object on a line of its own and drop it. */
static bool line_json(json_t *object)
{
    bool is_written = object != NULL &&
                      json_dumpf(object, stdout, JSON_COMPACT) == 0 &&
                      putchar('\n') != EOF;

    json_decref(object);
    return is_written;
}

static bool record_json(void *context, const char *section, uint32_t index,
    const struct cop_dump_field *fields, size_t n)
{
    json_t *object =
        json_pack("{s:s, s:i}", "section", section, "record", (int)index);

    (void)context;
    for (size_t i = 0; i < n && object != NULL; i++) {
        if (json_object_set_new(
                object, fields[i].name, field_json(&fields[i])) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return line_json(object);
}

static bool header_json(const struct cop_bundle *bundle)
{
    json_t *sections = json_array();
    json_t *object;

    for (uint32_t i = 0; i < cop_dump_sections(); i++) {
        struct cop_dump_section s;

        cop_dump_section(bundle, i, &s);
        (void)json_array_append_new(sections,
            json_pack("{s:s, s:I, s:I, s:I, s:I}", "name", s.name, "count",
                (json_int_t)s.count, "record_bytes", (json_int_t)s.record_bytes,
                "offset", (json_int_t)s.offset, "bytes", (json_int_t)s.bytes));
    }
    object = json_pack("{s:s, s:o, s:o}", "schema", "copc/dump/v1", "bundle",
        inside_json(bundle), "sections", sections);
    return line_json(object);
}

/* ---- the command ---- */

/* The number of the section of a name; all of them when there is no such. */
static uint32_t section_find(const struct cop_bundle *bundle, const char *name)
{
    struct cop_dump_section s;
    uint32_t i = 0;

    for (; i < cop_dump_sections(); i++) {
        cop_dump_section(bundle, i, &s);
        if (strcmp(s.name, name) == 0) {
            break;
        }
    }
    return i;
}

static bool dump_section(
    const struct cop_bundle *bundle, uint32_t section, bool is_json)
{
    struct cop_dump_section s;

    cop_dump_section(bundle, section, &s);
    if (!is_json && s.count != 0 && s.record_bytes != 1) {
        printf("\n%s%s%s\n", term_style(stdout, TERM_STRONG), s.name,
            term_style(stdout, TERM_PLAIN));
    }
    return cop_dump_records(
        bundle, section, is_json ? record_json : print_record, NULL);
}

static bool dump_all(const struct cop_bundle *bundle, bool is_json)
{
    bool is_written = true;

    if (is_json) {
        is_written = header_json(bundle);
    } else {
        print_header(bundle);
    }
    for (uint32_t i = 0; is_written && i < cop_dump_sections(); i++) {
        is_written = dump_section(bundle, i, is_json);
    }
    return is_written;
}

static enum copc_exit dump_bundle(
    const struct options *options, const struct cop_bundle *bundle)
{
    const char *name = options->value[OPTION_SECTION];
    bool is_json = options_has(options, OPTION_JSON);
    bool is_written;

    if (name == NULL) {
        is_written = dump_all(bundle, is_json);
    } else {
        uint32_t section = section_find(bundle, name);

        if (section == cop_dump_sections()) {
            options_complain(options,
                "there is no such section; without --section they are listed");
            return COPC_USAGE;
        }
        is_written = dump_section(bundle, section, is_json);
    }
    return is_written && fflush(stdout) == 0 ? COPC_DONE : COPC_IO;
}

enum copc_exit copc_dump(const struct options *options)
{
    struct findings findings;
    struct cop_bundle *bundle = NULL;
    enum cop_status status;
    enum copc_exit ended;

    if (options->operands_n != 1) {
        options_complain(options, "name one bundle");
        return COPC_USAGE;
    }
    if (!findings_init(&findings, false)) {
        return COPC_BUG;
    }
    status = cop_bundle_open(options->operands[0], &findings.report, &bundle);
    findings_fini(&findings);
    if (status != COP_OK) {
        return status == COP_E_NOMEM ? COPC_BUG : COPC_DATA;
    }
    ended = dump_bundle(options, bundle);
    cop_bundle_drop(&bundle);
    return ended;
}
