#include "tools/copc/term.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { QUIET_MS = 500, REDRAW_MS = 100 };

static bool has_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (no_color != NULL && no_color[0] != '\0') {
        return false;
    }
    return term != NULL && strcmp(term, "dumb") != 0 &&
           isatty(fileno(stream)) == 1;
}

const char *term_style(FILE *stream, enum term_style style)
{
    static const char *const codes[] = {
        [TERM_PLAIN] = "\033[0m",
        [TERM_STRONG] = "\033[1m",
        [TERM_FAINT] = "\033[2m",
        [TERM_BAD] = "\033[1;31m",
        [TERM_GOOD] = "\033[1;32m",
        [TERM_CARE] = "\033[1;33m",
    };

    return has_colour(stream) ? codes[style] : "";
}

static int64_t now_ms(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void term_progress_init(struct term_progress *progress)
{
    progress->is_on = isatty(STDERR_FILENO) == 1;
    progress->is_shown = false;
    progress->start_ms = now_ms();
    progress->shown_ms = progress->start_ms;
}

void term_progress_step(
    void *context, const char *step, uint64_t done, uint64_t total)
{
    struct term_progress *progress = context;
    int64_t now;

    if (!progress->is_on) {
        return;
    }
    now = now_ms();
    if (now - progress->start_ms < QUIET_MS ||
        now - progress->shown_ms < REDRAW_MS) {
        return;
    }
    progress->shown_ms = now;
    progress->is_shown = true;
    if (total == 0) {
        fprintf(stderr, "\r\033[K%s", step);
    } else {
        fprintf(stderr, "\r\033[K%s: %" PRIu64 " %%", step,
            done >= total ? 100 : done / (total / 100 + 1));
    }
    fflush(stderr);
}

void term_progress_end(struct term_progress *progress)
{
    if (progress->is_shown) {
        fputs("\r\033[K", stderr);
        progress->is_shown = false;
    }
}
