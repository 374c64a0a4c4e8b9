/* Lines from a descriptor, in large reads and without a copy. */
#ifndef TOOLS_COPC_INPUT_H
#define TOOLS_COPC_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cop/slice.h"

struct input {
    int fd;
    char *bytes;
    size_t cap;
    size_t begin; /* of what was not handed out yet */
    size_t end;
    bool is_over;     /* the descriptor has no more */
    bool is_skipping; /* the rest of a line that was too long */
    void (*before_read)(void *context); /* NULL allowed */
    void *context;
};

enum input_result {
    INPUT_LINE,
    INPUT_TOO_LONG, /* longer than the buffer; the line is passed over */
    INPUT_END,
    INPUT_FAILED /* errno says why */
};

/* Returns false when memory ran out.
 * before_read  called before each read, which may wait for somebody */
bool input_init(
    struct input *input, int fd, void (*before_read)(void *), void *context);
void input_fini(struct input *input);

/* The next line without its LF or CR LF; into the buffer, until the next call.
 * A last line needs no LF. */
enum input_result input_next(struct input *input, struct cop_slice *out);

#endif
