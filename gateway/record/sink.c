/* Lines of several workers meet in one file or pipe and must not be mixed.
 *
 * A regular file opened for appending takes a write of any size in one piece.
 * A pipe does so up to PIPE_BUF, so anything that is no regular file is
 * written in pieces of whole lines of at most that. A write may still be short
 * (a socket, a full disk): the rest of the line then goes first next time.
 *
 * Whether a write would wait is asked with poll(2) before each piece, because
 * standard output is shared and must stay blocking for those who expect it. */
#include "gateway/record/sink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/record/line.h"

enum {
    SINK_BYTES = 256 * 1024, /* held while nobody takes them */
    SINK_RETRY_MS = 100
};

struct sink {
    struct loop *loop;
    int fd;
    bool is_file;
    bool is_half; /* the first line's beginning has been written */
    uint64_t dropped;
    struct task flush;
    struct timer retry;
    size_t n;
    char held[SINK_BYTES];
};

static void sink_set_fd(struct sink *sink, int fd)
{
    struct stat about;

    sink->fd = fd;
    sink->is_file = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

/* Whole lines from the front of `n` bytes, at most what a pipe takes at once.
 * No line is longer than that, nor is the rest of one. */
static size_t sink_piece(const char *p, size_t n)
{
    const char *end;

    if (n <= LINE_MAX_BYTES) {
        return n;
    }
    end = memrchr(p, '\n', LINE_MAX_BYTES);
    return end != NULL ? (size_t)(end - p) + 1 : LINE_MAX_BYTES;
}

static bool sink_would_wait(const struct sink *sink)
{
    struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};

    return poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0;
}

/* Write from the front. Returns the bytes written, 0 when none could be. */
static size_t sink_write(const struct sink *sink, const char *p, size_t n)
{
    ssize_t written;

    if (!sink->is_file) {
        n = sink_piece(p, n);
        if (sink_would_wait(sink)) {
            return 0;
        }
    }
    do {
        written = write(sink->fd, p, n);
    } while (written < 0 && errno == EINTR);
    return written < 0 ? 0 : (size_t)written;
}

void sink_flush(struct sink *sink)
{
    size_t at = 0;

    while (at < sink->n) {
        size_t written = sink_write(sink, sink->held + at, sink->n - at);

        if (written == 0) {
            break;
        }
        at += written;
        sink->is_half = sink->held[at - 1] != '\n';
    }
    sink->n -= at;
    memmove(sink->held, sink->held + at, sink->n);
    if (sink->n == 0) {
        loop_clear_timer(sink->loop, &sink->retry);
    } else if (loop_set_timer(sink->loop, &sink->retry, SINK_RETRY_MS) !=
               COP_OK) {
        return; /* the next line tries again */
    }
}

static void sink_on_flush(struct task *task)
{
    sink_flush(LOOP_OWNER(task, struct sink, flush));
}

static void sink_on_retry(struct timer *timer)
{
    sink_flush(LOOP_OWNER(timer, struct sink, retry));
}

static bool sink_put(struct sink *sink, struct cop_slice line)
{
    if (line.n > SINK_BYTES - sink->n) {
        return false;
    }
    memcpy(sink->held + sink->n, line.p, line.n);
    sink->n += line.n;
    loop_defer(sink->loop, &sink->flush);
    return true;
}

/* Tell how many lines are missing here. */
static void sink_put_dropped(struct sink *sink)
{
    struct timespec now;
    struct line line;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    line_open(&line);
    line_time(&line, "time", now.tv_sec, (int)(now.tv_nsec / 1000000));
    line_word(&line, "event", "dropped");
    line_number(&line, "lines", sink->dropped);
    line_close(&line);
    if (sink_put(sink, (struct cop_slice){line.p, line.n})) {
        sink->dropped = 0;
    }
}

void sink_add(struct sink *sink, struct cop_slice line)
{
    if (SINK_BYTES - sink->n < 2 * LINE_MAX_BYTES) {
        sink_flush(sink);
    }
    if (sink->dropped > 0 && SINK_BYTES - sink->n >= 2 * LINE_MAX_BYTES) {
        sink_put_dropped(sink);
    }
    if (sink->dropped > 0 || !sink_put(sink, line)) {
        sink->dropped++;
    }
}

enum cop_status sink_new(struct loop *loop, int fd, struct sink **out)
{
    struct sink *sink = malloc(sizeof(*sink));

    if (sink == NULL) {
        return COP_E_NOMEM;
    }
    sink->loop = loop;
    sink->is_half = false;
    sink->dropped = 0;
    sink->n = 0;
    task_init(&sink->flush, sink_on_flush);
    timer_init(&sink->retry, sink_on_retry);
    sink_set_fd(sink, fd);
    *out = sink;
    return COP_OK;
}

void sink_redirect(struct sink *sink, int fd)
{
    sink_flush(sink);
    if (sink->is_half) {
        const char *end = memchr(sink->held, '\n', sink->n);
        size_t rest = end != NULL ? (size_t)(end - sink->held) + 1 : sink->n;

        sink->n -= rest;
        memmove(sink->held, sink->held + rest, sink->n);
        sink->is_half = false;
        sink->dropped++;
    }
    sink_set_fd(sink, fd);
    sink_flush(sink);
}

void sink_free(struct sink **sink)
{
    struct sink *it = *sink;

    if (it == NULL) {
        return;
    }
    sink_flush(it);
    loop_cancel_task(it->loop, &it->flush);
    loop_clear_timer(it->loop, &it->retry);
    free(it);
    *sink = NULL;
}
