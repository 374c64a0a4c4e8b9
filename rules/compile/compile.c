/* The pipeline: sources -> facts -> model -> checks -> tables -> bytes ->
 * vectors. Each stage stops the next when it found errors, so that nobody
 * reads about consequences before causes. */
#include "cop/compile.h"

#include <errno.h>

#include "rules/bundle/urlrules.h"
#include "rules/check/check.h"
#include "rules/compile/lower.h"
#include "rules/compile/vectors.h"
#include "rules/read/source.h"

/* All that one compilation may hold, entries' rows apart. */
static const size_t arena_max = (size_t)3 << 30;

enum { ENTRIES_STEP = 1 << 14 }; /* handed out between two looks at progress */

struct compilation {
    struct arena arena;
    struct cop_report *report;
    const struct cop_compile_options *options;
    uint32_t errors_before;
    uint32_t warnings_before;
    struct sources sources;
    struct facts facts;
    struct model model;
};

static void show_progress(const struct compilation *c, const char *step,
    uint64_t done, uint64_t total)
{
    if (c->options->progress != NULL) {
        c->options->progress(c->options->progress_context, step, done, total);
    }
}

static bool has_errors(const struct compilation *c)
{
    return c->report->errors != c->errors_before;
}

/* ---- reading ---- */

static enum cop_status refuse_file(const struct compilation *c,
    const struct source *source, enum cop_status status)
{
    cop_report_at(c->report, COP_ERROR, status == COP_E_LIMIT ? "limit" : "io",
        source->path.p, 0, 0,
        status == COP_E_LIMIT ? "split it; put long lists into list files"
                              : NULL,
        "cannot read this document: %s",
        status == COP_E_LIMIT ? "it is too large" : strerror(errno));
    return status == COP_E_LIMIT ? COP_OK : status;
}

static enum cop_status parse_document(struct compilation *c,
    const struct source *source, struct buf *bytes, struct document *out)
{
    enum cop_status status = source_read(source->path.p, bytes);

    *out = (struct document){.path = source->path, .name = source->name};
    yaml_init(&out->yaml, source->path.p, &c->arena, c->report);
    return status != COP_OK ? refuse_file(c, source, status)
                            : document_parse(out, buf_slice(bytes));
}

static enum cop_status parse_documents(
    struct compilation *c, struct document *documents)
{
    enum cop_status status = COP_OK;
    uint64_t done = 0;
    struct buf bytes;

    /* One more than allowed, so that the parser tells what is too long. */
    buf_init(&bytes, YAML_BYTES_MAX + 1);
    for (size_t i = 0; i < c->sources.n && status == COP_OK; i++) {
        status = parse_document(c, &c->sources.p[i], &bytes, &documents[i]);
        done += c->sources.p[i].bytes;
        show_progress(c, "reading documents", done, c->sources.bytes);
    }
    buf_fini(&bytes);
    return status;
}

/* Dates in every document mean days where the bundle is, which its manifest
 * says: so all are parsed before one is read. */
static enum cop_status read_documents(struct compilation *c)
{
    struct document *documents =
        arena_array(&c->arena, c->sources.n + 1, sizeof(*documents));
    enum cop_status status =
        documents != NULL ? parse_documents(c, documents) : COP_E_NOMEM;
    int32_t east_s = 0;

    for (size_t i = 0; i < c->sources.n && status == COP_OK; i++) {
        (void)document_offset(&documents[i], &east_s);
    }
    for (size_t i = 0; i < c->sources.n && status == COP_OK; i++) {
        documents[i].yaml.east_s = east_s;
        if (documents[i].yaml.root != NULL) {
            status = document_take(&documents[i], &c->facts);
            status = status == COP_E_SYNTAX ? COP_OK : status;
        }
    }
    if (status == COP_OK && c->sources.n == 0) {
        cop_report_at(c->report, COP_ERROR, "bundle", NULL, 0, 0,
            "name files, or folders that have *.yaml below them",
            "there is no document to compile");
    }
    return status;
}

/* ---- from facts to bytes ---- */

static enum cop_status write_image(struct compilation *c,
    const struct cop_tables *tables, struct cop_image *out)
{
    enum cop_status status;

    show_progress(c, "writing", 0, 0);
    status = bundle_write(tables, out);
    if (status == COP_E_LIMIT) {
        cop_report_at(c->report, COP_ERROR, "limit", NULL, 0, 0,
            "split it into several bundles",
            "this is more than one bundle can hold");
        status = COP_E_CHECK;
    }
    return status;
}

static enum cop_status check_model(struct compilation *c)
{
    show_progress(c, "checking", 0, 0);
    check_run(&c->model);
    if (!has_errors(c) && c->options->warnings_fail &&
        c->report->warnings != c->warnings_before) {
        cop_report_at(c->report, COP_ERROR, "warnings", NULL, 0, 0,
            "deal with them, or do not ask for warnings to count",
            "there were warnings, and they count as errors here");
    }
    return has_errors(c) ? COP_E_CHECK : COP_OK;
}

static enum cop_status build_image(struct compilation *c, struct cop_image *out)
{
    struct cop_tables tables;
    enum cop_status status = lower_model(&c->model, &tables);

    if (status == COP_OK) {
        status = write_image(c, &tables, out);
    }
    if (status == COP_OK && !c->options->skip_vectors) {
        show_progress(c, "running test vectors", 0, 0);
        status = vectors_run(&c->model, out);
    }
    /* A policy of this bundle alone would be beyond a limit; told there. */
    return status == COP_E_LIMIT ? COP_E_CHECK : status;
}

static const char *entry_word(enum entry_object object)
{
    switch (object) {
    case ENTRY_HOST:
        return "host";
    case ENTRY_DOMAIN:
        return "domain";
    case ENTRY_BELOW:
        return "below";
    case ENTRY_URL:
        return "url";
    case ENTRY_PATTERN:
        return "pattern";
    case ENTRY_CIDR:
        return "network";
    case ENTRY_ADBLOCK:
        return "adblock";
    }
    return "unknown";
}

/* Rules in Adblock syntax travel packed; people read their text. */
static struct cop_slice entry_text(const struct tables_entry *entry)
{
    struct urlrule rule;

    return entry->object == ENTRY_ADBLOCK && urlrule_unpack(entry->text, &rule)
               ? rule.text
               : entry->text;
}

static void hand_out_entries(const struct compilation *c)
{
    for (size_t i = 0; i < c->model.entries.n; i++) {
        const struct tables_entry *entry = &c->model.entries.p[i];

        if (i % ENTRIES_STEP == 0) {
            show_progress(c, "gathering entries", i, c->model.entries.n);
        }
        c->options->entry(c->options->entry_context, entry_word(entry->object),
            entry_text(entry));
    }
}

static enum cop_status compile_facts(
    struct compilation *c, struct cop_image *image)
{
    enum cop_status status =
        model_build(&c->model, &c->facts, c->options, c->report, &c->arena);

    if (status == COP_OK && has_errors(c)) {
        status = COP_E_CHECK;
    }
    if (status == COP_OK) {
        status = check_model(c);
    }
    if (status == COP_OK) {
        status = build_image(c, image);
    }
    if (status == COP_OK && c->options->entry != NULL) {
        hand_out_entries(c);
    }
    model_fini(&c->model);
    return status;
}

/* ---- both entries ---- */

/* The caller learns COP_E_NOMEM as a finding too: every failure is reported. */
static enum cop_status finish(struct compilation *c, enum cop_status status,
    struct cop_image *image, struct cop_image *out)
{
    if (status == COP_E_NOMEM) {
        cop_report_at(
            c->report, COP_ERROR, "limit", NULL, 0, 0, NULL, "out of memory");
    }
    if (status == COP_OK && out != NULL) {
        *out = *image;
        *image = (struct cop_image){NULL, 0};
    }
    cop_image_free(image);
    arena_fini(&c->arena);
    return status;
}

static void compilation_init(struct compilation *c,
    const struct cop_compile_options *options, struct cop_report *report)
{
    *c = (struct compilation){
        .report = report,
        .options = options,
        .errors_before = report->errors,
        .warnings_before = report->warnings,
    };
    arena_init(&c->arena, arena_max);
}

enum cop_status cop_compile(const char *const *paths, size_t n,
    const struct cop_compile_options *options, struct cop_report *report,
    struct cop_image *out)
{
    struct cop_image image = {NULL, 0};
    struct compilation c;
    enum cop_status status;

    compilation_init(&c, options, report);
    status = sources_find(paths, n, &c.arena, report, &c.sources);
    if (status == COP_E_LIMIT) {
        status = COP_E_CHECK;
    }
    if (status == COP_OK) {
        status = read_documents(&c);
    }
    if (status == COP_OK) {
        status = compile_facts(&c, &image);
    }
    return finish(&c, status, &image, out);
}

/* ---- policy files ---- */

static void check_grants(
    const struct compilation *c, const struct fact_policy *policy)
{
    for (size_t i = 0; i < policy->grants_n; i++) {
        const struct fact_grant *grant = &policy->grants[i];

        if (grant->until_unix <= c->options->now_unix) {
            cop_report_at(c->report, COP_WARNING, "L05", grant->place.file,
                grant->place.line, grant->place.column, "remove it",
                "this grant's time is over; it opens nothing");
        }
    }
}

/* What a profile blocks and does not get. */
static void check_profiles(
    const struct compilation *c, const struct fact_policy *policy)
{
    struct cop_catset protects = cop_category_protected();

    for (size_t i = 0; i < policy->profiles_n; i++) {
        const struct fact_profile *profile = &policy->profiles[i];
        const struct place *place = &profile->block.place;
        struct cop_catset open = cop_catset_and(
            profile->block.set, cop_catset_or(profile->permit.set, protects));

        for (unsigned k = 0; k < COP_CATEGORIES; k++) {
            if (cop_catset_has(open, k)) {
                cop_report_at(c->report, COP_WARNING, "form", place->file,
                    place->line, place->column, "remove it",
                    "%s is %s; it stays open", cop_category_id(k),
                    cop_catset_has(protects, k) ? "protected"
                                                : "under permit, too");
            }
        }
    }
}

static enum cop_status compile_policy(struct compilation *c,
    struct cop_slice text, const char *file, struct cop_image *image)
{
    const char *slash = strrchr(file, '/');
    struct document document = {
        .path = cop_slice_of(file),
        .name = cop_slice_of(slash != NULL ? slash + 1 : file),
    };
    struct fact_policy policy;
    struct cop_tables tables;
    enum cop_status status;

    yaml_init(&document.yaml, file, &c->arena, c->report);
    status = policyfile_read(&document, text, &policy);
    if (status != COP_OK) {
        return status == COP_E_SYNTAX ? COP_E_CHECK : status;
    }
    check_profiles(c, &policy);
    check_grants(c, &policy);
    c->model = (struct model){
        .arena = &c->arena, .report = c->report, .options = c->options};
    entries_init(&c->model.entries, &c->arena);
    status = lower_policy(&c->model, &policy, &document, &tables);
    if (status == COP_OK && has_errors(c)) {
        status = COP_E_CHECK;
    }
    if (status == COP_OK) {
        status = write_image(c, &tables, image);
    }
    if (status == COP_OK && c->options->entry != NULL) {
        hand_out_entries(c);
    }
    model_fini(&c->model);
    return status;
}

enum cop_status cop_compile_policy(struct cop_slice text, const char *file,
    const struct cop_compile_options *options, struct cop_report *report,
    struct cop_image *out)
{
    struct cop_image image = {NULL, 0};
    struct compilation c;

    compilation_init(&c, options, report);
    return finish(&c, compile_policy(&c, text, file, &image), &image, out);
}
