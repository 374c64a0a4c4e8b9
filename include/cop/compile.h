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
    int64_t now_unix;      /* what "expired" is measured against */
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

/* Compile a policy file (profiles, grants, local lists) to a bundle of its
 * own, to be put beside the requirements' bundles by cop_policy_new().
 * text    the whole file; `file` names it in findings and is what lists are
 *         relative to
 * Errors as cop_compile(). */
COP_API COP_MUST_USE enum cop_status cop_compile_policy(struct cop_slice text,
    const char *file, const struct cop_compile_options *options,
    struct cop_report *report, struct cop_image *out);

#endif
