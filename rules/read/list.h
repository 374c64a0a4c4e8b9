/* Reading a whole list, from its file or from its document, with places. */
#ifndef RULES_READ_LIST_H
#define RULES_READ_LIST_H

#include "cop/compile.h"
#include "rules/base/digest.h"
#include "rules/read/facts.h"

enum {
    LIST_ERRORS_MAX = 20, /* told of one list; then reading it stops */
    LIST_FILES_MAX = 3    /* of a folder that is one list */
};

/* Who gets a list's entries. */
struct list_sink {
    /* Takes one entry; `text` lives for the call. `line` is of the list's file
     * or, of an inline list, of the document. False when there is no room:
     * reading stops. */
    bool (*take)(void *context, enum entry_object object, struct cop_slice text,
        uint32_t line);
    /* The entries that follow are of this file in the list's folder, not of the
     * list's own; NULL: nobody asks. False when there is no room. */
    bool (*enter)(void *context, const char *file);
    void *context;
    cop_progress_fn *progress; /* NULL: none; called with bytes read so far */
    void *progress_context;
    uint64_t bytes_before; /* of lists already read */
    uint64_t bytes_total;
};

/* What was read of a list's files; zeros of an inline list. */
struct list_bytes {
    uint64_t n;
    unsigned char digest[DIGEST_BYTES]; /* SHA-256 of the file as it lies there,
                                           packed or not; of a folder, of those
                                           of its files in a row */
};

/* Stream a list into the sink. A list by reference has no entries.
 * report  gets a finding "list" for each line that is no entry, "unused" for
 *         each reason that lines name nothing, "io" when the file cannot be
 *         read
 * bytes   gets what was read; no digest unless COP_OK is returned
 * Returns COP_OK, COP_E_SYNTAX, COP_E_IO, or COP_E_NOMEM when the sink had no
 * room; all but the last reported. */
COP_MUST_USE enum cop_status list_read(const struct fact_list *list,
    const struct list_sink *sink, struct cop_report *report,
    struct list_bytes *bytes);

/* Bytes of the list's files, for progress; 0 when there is none. */
uint64_t list_file_bytes(const struct fact_list *list);

#endif
