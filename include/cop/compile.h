/* Compiling: requirement documents, lists and policy files -> bundle bytes.
 * In its own library (libcop-compile): never part of a process that reads
 * network bytes. */
#ifndef COP_COMPILE_H
#define COP_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/bundle.h"
#include "cop/report.h"

/* Progress of long work: `done` of `total` bytes of sources read, or a step's
 * name with total 0. */
typedef void cop_progress_fn(
    void *context, const char *step, uint64_t done, uint64_t total);

/* One entry of a list of the bundle that was compiled.
 * kind  "host", "domain", "below", "url", "pattern", "network",
 *       "country", "as"
 * text  canonical, for the call; of a URL without its scheme */
typedef void cop_entry_fn(
    void *context, const char *kind, struct cop_slice text);

struct cop_compile_options {
    int64_t now_unix; /* what "expired" is measured against */
    bool skip_vectors;
    bool warnings_fail;
    cop_progress_fn *progress; /* NULL: none */
    void *progress_context;
    cop_entry_fn *entry; /* called for each entry when all else has passed, in
                            the order of the lists; NULL: not wanted */
    void *entry_context;
};

/* Bytes of a bundle on the heap; free with cop_image_free(). */
struct cop_image {
    void *bytes; /* aligned to 64 */
    size_t n;
};
COP_API void cop_image_free(struct cop_image *image);

/* Compile documents to a bundle. The result depends on the sources' bytes and
 * names relative to their folder only, never on `now`, the machine, or order.
 *
 * paths   files or folders (all *.yaml below a folder, sorted); lists are
 *         found relative to the document that names them
 * report  gets every finding, errors and warnings and notes
 * out     written on COP_OK only; NULL to check only
 * Returns COP_OK; COP_E_CHECK (errors in sources), COP_E_VECTOR (only vectors
 * failed), COP_E_IO, COP_E_NOMEM. Every failure has been reported. */
COP_API COP_MUST_USE enum cop_status cop_compile(const char *const *paths,
    size_t n, const struct cop_compile_options *options,
    struct cop_report *report, struct cop_image *out);

struct cop_rule;
struct cop_origin;

/* A line of a list, as it is written. */
struct cop_trace_line {
    const char *file; /* as it was opened */
    uint32_t line;
    struct cop_slice text; /* any bytes, without its end; at most 16,384 */
};
typedef void cop_trace_fn(void *context, const struct cop_trace_line *line);

/* What is asked of sources. */
struct cop_trace {
    const char *const *paths; /* as of cop_compile() */
    size_t paths_n;
    const struct cop_rule *rule;     /* cop_rule_describe() (decide.h) */
    const struct cop_origin *origin; /* of its list (evidence.h) */
    cop_trace_fn *found;
    void *context;
};

/* Find the lines that a rule of a bundle was compiled from: those of its line
 * number, or, where that is not kept, those that name its domain. `found` is
 * called for each, at most COP_TRACE_LINES_MAX, in order.
 * report  gets one finding on failure, and those of documents that are wrong
 * Returns COP_OK; COP_E_NOTFOUND (no document has the list, or it has no such
 * line); COP_E_DIGEST (its file is not the one that was compiled); COP_E_CHECK,
 * COP_E_IO, COP_E_NOMEM. */
enum { COP_TRACE_LINES_MAX = 16 };
COP_API COP_MUST_USE enum cop_status cop_trace(
    const struct cop_trace *trace, struct cop_report *report);

/* Compile a policy file (profiles, grants, local lists) to a bundle of its
 * own, to be put beside the requirements' bundles by cop_policy_new().
 * text    the whole file; `file` names it in findings and is what lists are
 *         relative to
 * Errors as cop_compile(). */
COP_API COP_MUST_USE enum cop_status cop_compile_policy(struct cop_slice text,
    const char *file, const struct cop_compile_options *options,
    struct cop_report *report, struct cop_image *out);

#endif
