/* From a rule of a bundle back to the lines that it was compiled from: the
 * list is found among the documents, its file is read with the reader that
 * compiled it, and the lines that gave the rule are shown as they are. */
#include <stdlib.h>
#include <string.h>

#include "cop/compile.h"
#include "cop/decide.h"
#include "cop/evidence.h"
#include "rules/base/hex.h"
#include "rules/bundle/tables.h"
#include "rules/compile/sources.h"
#include "rules/read/fact.h"
#include "rules/read/lines.h"
#include "rules/read/list.h"
#include "rules/read/source.h"

static const size_t arena_max = (size_t)1 << 30;

/* A line that gave the rule. */
struct place_found {
    const char *file; /* in the list's folder; NULL: the list's own */
    uint32_t line;
};

struct tracing {
    const struct cop_trace *trace;
    struct cop_report *report;
    struct arena arena;
    const struct fact_list *list;
    const char *file; /* being read, as of place_found */
    size_t n;
    struct place_found found[COP_TRACE_LINES_MAX];
};

/* ---- which list ---- */

static bool is_named(
    struct tracing *tracing, struct cop_slice id, const char *part)
{
    struct cop_slice name =
        part == NULL ? id : arena_print(&tracing->arena, "%s#%s", id.p, part);

    return name.p != NULL && cop_slice_eq(name, tracing->trace->rule->list);
}

static const struct fact_list *list_of_category(
    struct tracing *tracing, const struct fact_category_list *fact)
{
    if (fact_has_rest(fact) && is_named(tracing, fact->head.id, NULL)) {
        return &fact->list;
    }
    for (size_t i = 0; i < fact->parts_n; i++) {
        if (is_named(tracing, fact->head.id, fact->parts[i].value.p)) {
            return &fact->parts[i].list;
        }
    }
    return NULL;
}

static const struct fact_list *list_of_requirement(struct tracing *tracing,
    const struct fact_requirement *fact, int32_t east_s)
{
    for (size_t i = 0; i < fact->target.lists_n; i++) {
        struct cop_slice name =
            fact_list_name(&tracing->arena, fact, i, east_s);

        if (fact->lists_of == NULL && name.p != NULL &&
            cop_slice_eq(name, tracing->trace->rule->list)) {
            return &fact->target.lists[i];
        }
    }
    return NULL;
}

static void list_find(struct tracing *tracing, const struct facts *facts)
{
    const struct fact_manifest *manifest =
        (const struct fact_manifest *)facts->manifests;
    int32_t east_s = manifest != NULL ? manifest->east_s : 0;
    const struct fact_head *head;

    for (head = facts->lists; head != NULL && tracing->list == NULL;
         head = head->next) {
        tracing->list =
            list_of_category(tracing, (const struct fact_category_list *)head);
    }
    for (head = facts->requirements; head != NULL && tracing->list == NULL;
         head = head->next) {
        tracing->list = list_of_requirement(
            tracing, (const struct fact_requirement *)head, east_s);
    }
}

/* ---- which lines ---- */

/* Whether a rule's file is the one of the folder that is being read. */
static bool is_its_file(const struct tracing *tracing)
{
    struct cop_slice whole = tracing->trace->rule->file;
    size_t n = tracing->file != NULL ? strlen(tracing->file) : 0;

    return tracing->file == NULL ||
           (whole.n > n && whole.p[whole.n - n - 1] == '/' &&
               memcmp(whole.p + whole.n - n, tracing->file, n) == 0);
}

static bool gave_the_rule(const struct tracing *tracing,
    enum entry_object object, struct cop_slice text, uint32_t line)
{
    const struct cop_rule *rule = tracing->trace->rule;

    return rule->line != 0
               ? rule->line == line && is_its_file(tracing)
               : object == ENTRY_DOMAIN && cop_slice_eq(text, rule->text);
}

static bool take(void *context, enum entry_object object, struct cop_slice text,
    uint32_t line)
{
    struct tracing *tracing = context;
    const struct place_found *last =
        tracing->n != 0 ? &tracing->found[tracing->n - 1] : NULL;

    if (!gave_the_rule(tracing, object, text, line) ||
        tracing->n == COP_TRACE_LINES_MAX ||
        (last != NULL && last->line == line && last->file == tracing->file)) {
        return true;
    }
    tracing->found[tracing->n++] = (struct place_found){tracing->file, line};
    return true;
}

static bool enter(void *context, const char *file)
{
    struct tracing *tracing = context;

    tracing->file = file; /* a name that is static (list.c) */
    return true;
}

/* ---- findings ---- */

static enum cop_status tell_other_file(
    struct tracing *tracing, const unsigned char digest[DIGEST_BYTES])
{
    char here[2 * DIGEST_BYTES + 1];
    char there[2 * DIGEST_BYTES + 1];

    hex_write(digest, DIGEST_BYTES, here);
    hex_write(tracing->trace->origin->digest, DIGEST_BYTES, there);
    cop_report_at(tracing->report, COP_ERROR, "sources", tracing->list->path.p,
        0, 0, "take the sources of the bundle's revision",
        "this is not the file that the bundle was compiled from: its SHA-256 "
        "is %s, the bundle has %s",
        here, there);
    return COP_E_DIGEST;
}

static enum cop_status tell_nothing(
    struct tracing *tracing, const char *what, const char *todo)
{
    struct cop_slice name = tracing->trace->rule->list;

    cop_report_at(tracing->report, COP_ERROR, "sources",
        tracing->list != NULL ? tracing->list->place.file : NULL, 0, 0, todo,
        "%s %.*s", what, (int)name.n, name.p);
    return COP_E_NOTFOUND;
}

static enum cop_status tell_io(struct tracing *tracing, const char *path)
{
    cop_report_at(tracing->report, COP_ERROR, "io", path, 0, 0, NULL,
        "this file of the list cannot be read");
    return COP_E_IO;
}

static enum cop_status tell_wrong(struct tracing *tracing)
{
    cop_report_at(tracing->report, COP_ERROR, "sources",
        tracing->list->path.p != NULL ? tracing->list->path.p
                                      : tracing->list->place.file,
        0, 0, "copc check tells what is wrong",
        "this is not the list that the bundle was compiled from: it has lines "
        "that are wrong");
    return COP_E_DIGEST;
}

/* ---- showing them ---- */

/* Tell the lines found in one file, which ascend. */
static enum cop_status lines_tell(struct tracing *tracing, const char *path,
    const struct place_found *found, size_t n)
{
    struct lines *lines = arena_alloc(&tracing->arena, sizeof(*lines));
    struct cop_slice text;
    size_t i = 0;

    if (lines == NULL) {
        return COP_E_NOMEM;
    }
    enum cop_status status = lines_open(lines, path);

    if (status != COP_OK) {
        return status == COP_E_IO ? tell_io(tracing, path) : status;
    }
    while (i < n && lines_next(lines, &text)) {
        if (lines->number == found[i].line) {
            struct cop_trace_line line = {path, lines->number, text};

            tracing->trace->found(tracing->trace->context, &line);
            i++;
        }
    }
    lines_close(lines);
    return i == n ? COP_OK : tell_io(tracing, path);
}

static enum cop_status found_tell(struct tracing *tracing)
{
    const struct fact_list *list = tracing->list;
    enum cop_status status = COP_OK;

    for (size_t i = 0; i < tracing->n && status == COP_OK;) {
        const struct place_found *found = &tracing->found[i];
        const char *path =
            list->path.p != NULL ? list->path.p : list->place.file;
        size_t n = 0;

        if (found->file != NULL) {
            path =
                arena_print(&tracing->arena, "%s/%s", list->path.p, found->file)
                    .p;
        }
        while (i + n < tracing->n && found[n].file == found->file) {
            n++;
        }
        status =
            path != NULL ? lines_tell(tracing, path, found, n) : COP_E_NOMEM;
        i += n;
    }
    return status;
}

/* ---- the whole ---- */

static enum cop_status list_trace(struct tracing *tracing)
{
    static const unsigned char none[DIGEST_BYTES];
    const unsigned char *digest = tracing->trace->origin->digest;
    const struct list_sink sink = {
        .take = take, .enter = enter, .context = tracing};
    struct cop_report silent = {.emit = NULL};
    struct list_bytes bytes;
    enum cop_status status = list_read(tracing->list, &sink, &silent, &bytes);

    if (status == COP_E_NOMEM) {
        return status;
    }
    if (status == COP_E_IO) {
        return tell_io(tracing, tracing->list->path.p);
    }
    if (status != COP_OK) { /* it is not read to its end, so has no digest */
        return tell_wrong(tracing);
    }
    if (memcmp(digest, none, sizeof(none)) != 0 &&
        memcmp(digest, bytes.digest, sizeof(none)) != 0) {
        return tell_other_file(tracing, bytes.digest);
    }
    return tracing->n != 0
               ? found_tell(tracing)
               : tell_nothing(tracing, "no line gives this rule in the list",
                     "take the sources of the bundle's revision");
}

enum cop_status cop_trace(
    const struct cop_trace *trace, struct cop_report *report)
{
    struct tracing *tracing = calloc(1, sizeof(*tracing));
    struct facts facts = {NULL, NULL, NULL, NULL, NULL, NULL, 0};
    enum cop_status status;

    if (tracing == NULL) {
        return COP_E_NOMEM;
    }
    tracing->trace = trace;
    tracing->report = report;
    arena_init(&tracing->arena, arena_max);
    status = sources_read(trace->paths, trace->paths_n, &facts,
        &(struct sources_reading){.arena = &tracing->arena, .report = report});
    if (status == COP_OK) {
        list_find(tracing, &facts);
        status = tracing->list != NULL
                     ? list_trace(tracing)
                     : tell_nothing(tracing,
                           "no document of the sources has the list",
                           "name the folder that the bundle was compiled from");
    }
    arena_fini(&tracing->arena);
    free(tracing);
    return status;
}
