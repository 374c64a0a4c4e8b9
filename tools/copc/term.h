/* The terminal: colour where somebody sees it, progress where it helps. */
#ifndef TOOLS_COPC_TERM_H
#define TOOLS_COPC_TERM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum term_style {
    TERM_PLAIN, /* back to normal */
    TERM_STRONG,
    TERM_FAINT,
    TERM_BAD,
    TERM_GOOD,
    TERM_CARE
};

/* The bytes that begin a style on a stream; "" unless the stream is a terminal
 * and neither NO_COLOR (no-color.org) nor TERM=dumb speaks against it. */
const char *term_style(FILE *stream, enum term_style style);

/* One line of progress on standard error, rewritten in place. */
struct term_progress {
    bool is_on;    /* standard error is a terminal */
    bool is_shown; /* something is on the line */
    int64_t start_ms;
    int64_t shown_ms;
};

void term_progress_init(struct term_progress *progress);
/* A cop_progress_fn; `context` is the struct. Nothing is shown for work of
 * less than half a second. */
void term_progress_step(
    void *context, const char *step, uint64_t done, uint64_t total);
/* Clear the line. */
void term_progress_end(struct term_progress *progress);

#endif
