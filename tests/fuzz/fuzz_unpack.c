/* Any bytes as a packed file, read in lines: it ends, within its bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rules/read/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void read_lines(const char *path, size_t n)
{
    static struct lines lines;
    struct cop_slice line;
    uint64_t bytes = 0;

    if (lines_open(&lines, path) != COP_OK) {
        abort();
    }
    while (lines_next(&lines, &line)) {
        bytes += line.n;
    }
    if (bytes > UNPACK_FREE_BYTES + (n + 1) * UNPACK_RATIO_MAX) {
        abort();
    }
    lines_close(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char path[64];
    int fd = memfd_create("list", 0);

    if (fd < 0 || write(fd, data, n) != (ssize_t)n) {
        abort();
    }
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    read_lines(path, n);
    (void)close(fd);
    return 0;
}
