#include "tools/copc/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INPUT_BYTES = 1 << 20 };

bool input_init(
    struct input *input, int fd, void (*before_read)(void *), void *context)
{
    *input = (struct input){.fd = fd,
        .bytes = malloc(INPUT_BYTES),
        .cap = INPUT_BYTES,
        .before_read = before_read,
        .context = context};
    return input->bytes != NULL;
}

void input_fini(struct input *input)
{
    free(input->bytes);
    input->bytes = NULL;
}

/* Read more behind what is left. Returns false when reading failed. */
static bool fill(struct input *input)
{
    ssize_t n;

    if (input->begin != 0) {
        memmove(input->bytes, input->bytes + input->begin,
            input->end - input->begin);
        input->end -= input->begin;
        input->begin = 0;
    }
    if (input->before_read != NULL) {
        input->before_read(input->context);
    }
    do {
        n = read(input->fd, input->bytes + input->end, input->cap - input->end);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return false;
    }
    input->is_over = n == 0;
    input->end += (size_t)n;
    return true;
}

static struct cop_slice without_cr(const char *p, size_t n)
{
    return (struct cop_slice){p, n != 0 && p[n - 1] == '\r' ? n - 1 : n};
}

/* Hand out n bytes from begin and step over `skip`. */
static enum input_result hand_out(
    struct input *input, size_t n, size_t skip, struct cop_slice *out)
{
    bool was_skipping = input->is_skipping;

    *out = without_cr(input->bytes + input->begin, n);
    input->begin += n + skip;
    input->is_skipping = false;
    return was_skipping ? INPUT_TOO_LONG : INPUT_LINE;
}

enum input_result input_next(struct input *input, struct cop_slice *out)
{
    size_t seen = 0; /* bytes from begin without an LF */

    for (;;) {
        size_t n = input->end - input->begin;
        char *lf = n != seen ? memchr(input->bytes + input->begin + seen, '\n',
                                   n - seen)
                             : NULL;

        if (lf != NULL) {
            return hand_out(
                input, (size_t)(lf - (input->bytes + input->begin)), 1, out);
        }
        if (input->is_over) {
            return n != 0 || input->is_skipping ? hand_out(input, n, 0, out)
                                                : INPUT_END;
        }
        seen = n;
        if (n == input->cap) {
            input->is_skipping = true;
            input->begin = input->end;
            seen = 0;
        }
        if (!fill(input)) {
            return INPUT_FAILED;
        }
    }
}
