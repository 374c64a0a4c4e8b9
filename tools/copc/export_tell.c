#include <inttypes.h>
#include <stdlib.h>

#include "tools/copc/export.h"
#include "tools/copc/inside.h"
#include "tools/copc/moment.h"

static const char *const format_words[EXPORT_FORMATS] = {
    [EXPORT_PLAIN] = "plain",
    [EXPORT_HOSTS] = "hosts",
    [EXPORT_RPZ] = "rpz",
    [EXPORT_DNSMASQ] = "dnsmasq",
    [EXPORT_SQUIDGUARD] = "squidguard",
};

static const struct {
    const char *word;
    const char *words;
} reason_rows[REASONS] = {
#define EXPORT_REASON(symbol, word, words) {word, words},
#include "tools/copc/export_reason.tbl"
};

const char *export_format_word(enum export_format format)
{
    return format_words[format];
}

/* ---- counting ---- */

bool export_tally_init(struct export *export)
{
    struct export_tally *tally = &export->tally;

    for (size_t i = 0; i < export->setting->bundles_n; i++) {
        struct cop_bundle_info info;

        cop_bundle_info(export->setting->bundles[i], &info);
        tally->first[i] = tally->rows;
        tally->rows += info.requirements;
    }
    tally->rows++;
    tally->left_out = calloc(tally->rows, sizeof(tally->left_out[0]));
    tally->written = calloc(tally->rows, sizeof(tally->written[0]));
    return tally->left_out != NULL && tally->written != NULL;
}

uint32_t export_tally_row(
    const struct export *export, const struct cop_verdict *verdict)
{
    if (verdict->requirement == COP_NONE ||
        verdict->bundle >= export->setting->bundles_n) {
        return export->tally.rows - 1;
    }
    return export->tally.first[verdict->bundle] + verdict->requirement;
}

void export_leave_out(
    struct export *export, uint32_t row, enum export_reason reason)
{
    if (row < export->tally.rows) {
        export->tally.left_out[row][reason]++;
    }
}

/* The id of a row's requirement; words for the last row. */
static struct cop_slice row_id(const struct export *export, uint32_t row)
{
    struct cop_requirement requirement;
    size_t bundle = export->setting->bundles_n;

    if (row == export->tally.rows - 1) {
        return COP_LIT("the subject's own profile or template");
    }
    while (bundle > 1 && export->tally.first[bundle - 1] > row) {
        bundle--;
    }
    cop_bundle_requirement(export->setting->bundles[bundle - 1],
        row - export->tally.first[bundle - 1], &requirement);
    return requirement.id;
}

static uint64_t written_total(const struct export *export)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < export->tally.rows; i++) {
        total += export->tally.written[i];
    }
    return total;
}

static uint64_t left_out_total(
    const struct export *export, uint32_t row, enum export_reason reason)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < export->tally.rows; i++) {
        if (row == COP_NONE || row == i) {
            total += export->tally.left_out[i][reason];
        }
    }
    return total;
}

/* Patterns, rules and countries have no place to ask about, so no requirement
 * either. */
static const enum export_reason unplaced[] = {
    REASON_ORIGIN, REASON_PATTERN, REASON_RULE};
enum { UNPLACED = sizeof(unplaced) / sizeof(unplaced[0]) };

static uint64_t unplaced_total(
    const struct export *export, enum export_reason reason)
{
    if (reason == REASON_PATTERN) {
        return export->patterns;
    }
    if (reason == REASON_ORIGIN) {
        return export->origins;
    }
    return reason == REASON_RULE ? export->rules : 0;
}

static uint64_t reason_total(
    const struct export *export, enum export_reason reason)
{
    return left_out_total(export, COP_NONE, reason) +
           unplaced_total(export, reason);
}

/* ---- the head of a file ---- */

void export_head(const struct export *export, const char *mark, struct buf *to)
{
    struct cop_bundle_info info;
    char day[16];

    cop_bundle_info(export->setting->bundles[0], &info);
    moment_day(export->setting->moment.unix_time, day);
    buf_print(to, "%s %.*s, revision %.*s, for %s, as of %s\n", mark,
        (int)info.name.n, info.name.p, (int)info.revision.n, info.revision.p,
        export->setting->who, day);
    buf_print(to, "%s %" PRIu32 " requirements, %" PRIu32 " lists\n", mark,
        info.requirements, info.lists);
    buf_print(to,
        "%s Written by copc export: it closes less than the policy does, "
        "never more.\n",
        mark);
}

/* ---- telling ---- */

static void tell_row(const struct export *export, uint32_t row)
{
    struct cop_slice id = row_id(export, row);
    bool is_named = false;

    for (unsigned i = 0; i < REASONS; i++) {
        uint64_t n = export->tally.left_out[row][i];

        if (n == 0) {
            continue;
        }
        if (!is_named) {
            fprintf(stderr, "  %.*s\n", (int)id.n, id.p);
            is_named = true;
        }
        fprintf(stderr, "    %8" PRIu64 "  %s\n", n, reason_rows[i].words);
    }
}

void export_tell(const struct export *export)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < REASONS; i++) {
        total += reason_total(export, (enum export_reason)i);
    }
    fprintf(stderr,
        "%" PRIu64 " entries written for %s; %" PRIu64
        " more are covered by them, %" PRIu64 " are open\n",
        written_total(export), export->setting->who, export->tally.covered,
        export->tally.open);
    if (total == 0) {
        return;
    }
    fprintf(stderr, "%" PRIu64 " cannot be said in this format:\n", total);
    for (uint32_t i = 0; i < export->tally.rows; i++) {
        tell_row(export, i);
    }
    if (export->patterns + export->rules + export->origins != 0) {
        fprintf(stderr, "  of any requirement\n");
    }
    for (unsigned i = 0; i < UNPLACED; i++) {
        uint64_t n = unplaced_total(export, unplaced[i]);

        if (n != 0) {
            fprintf(stderr, "    %8" PRIu64 "  %s\n", n,
                reason_rows[unplaced[i]].words);
        }
    }
}

/* ---- JSON ---- */

static json_t *reasons_json(const struct export *export, uint32_t row)
{
    json_t *object = json_object();

    for (unsigned i = 0; object != NULL && i < REASONS; i++) {
        uint64_t n = row == COP_NONE
                         ? reason_total(export, (enum export_reason)i)
                         : export->tally.left_out[row][i];

        if (n != 0) {
            (void)json_object_set_new(
                object, reason_rows[i].word, json_integer((json_int_t)n));
        }
    }
    return object;
}

static json_t *rows_json(const struct export *export)
{
    json_t *array = json_array();

    for (uint32_t i = 0; array != NULL && i < export->tally.rows; i++) {
        json_t *reasons = reasons_json(export, i);

        if (export->tally.written[i] == 0 && json_object_size(reasons) == 0) {
            json_decref(reasons);
            continue;
        }
        (void)json_array_append_new(
            array, json_pack("{s:o, s:I, s:o}", "requirement",
                       i == export->tally.rows - 1
                           ? json_null()
                           : inside_text_json(row_id(export, i)),
                       "written", (json_int_t) export->tally.written[i],
                       "left_out", reasons));
    }
    return array;
}

json_t *export_json(const struct export *export)
{
    struct cop_bundle_info info;

    cop_bundle_info(export->setting->bundles[0], &info);
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:I, s:o, s:o}",
        "schema", "copc/export/v1", "format",
        export_format_word(export->format), "bundle",
        inside_text_json(info.name), "revision",
        inside_text_json(info.revision), "subject", export->setting->who, "at",
        (json_int_t) export->setting->moment.unix_time, "written",
        (json_int_t)written_total(export), "covered",
        (json_int_t) export->tally.covered, "open",
        (json_int_t) export->tally.open, "left_out",
        reasons_json(export, COP_NONE), "requirements", rows_json(export));
}
