/* An arena: allocations that live and die together, born with a ceiling.
 *
 * Failure is sticky: after one allocation failed, all fail, so a caller may
 * check arena_failed() once at the end. */
#ifndef RULES_BASE_ARENA_H
#define RULES_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "cop/slice.h"

struct arena_block;
struct arena {
    struct arena_block *block; /* current; NULL before the first allocation */
    size_t used_bytes;         /* of all blocks */
    size_t max_bytes;
    bool failed;
};

/* max_bytes   all allocations together; beyond it they fail */
void arena_init(struct arena *arena, size_t max_bytes);
void arena_fini(struct arena *arena);
/* Give everything back but keep one block for the next use. */
void arena_reset(struct arena *arena);

/* n zeroed bytes aligned to 16, or NULL. */
void *arena_alloc(struct arena *arena, size_t n);
/* count x size zeroed bytes, overflow checked, or NULL. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy of `text` followed by NUL; p is NULL on failure. */
struct cop_slice arena_copy(struct arena *arena, struct cop_slice text);
/* printf into the arena; p is NULL on failure. */
struct cop_slice arena_print(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline bool arena_failed(const struct arena *arena)
{
    return arena->failed;
}

#endif
