/* What the load generator makes for each request: its time, and hosts and
 * paths that have numbers in them. */
#ifndef COPGATE_BENCH_LOAD_MAKE_H
#define COPGATE_BENCH_LOAD_MAKE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static inline uint64_t load_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* `pattern` into `to`, which has n bytes, with `number` for every '#'. */
static inline void load_fill(
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
