/* Hosts and paths of the load generator that have numbers in them. */
#ifndef COPGATE_BENCH_LOAD_TEXT_H
#define COPGATE_BENCH_LOAD_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* `pattern` into `to`, which has n bytes, with `number` for every '#'. */
static inline void load_text_fill(
    const char *pattern, uint64_t number, char *to, size_t n)
{
    size_t at = 0;

    for (; *pattern != '\0' && at + 1 < n; pattern++) {
        if (*pattern == '#') {
            at += (size_t)snprintf(
                to + at, n - at, "%llu", (unsigned long long)number);
        } else {
            to[at++] = *pattern;
        }
    }
    to[at < n ? at : n - 1] = '\0';
}

#endif
