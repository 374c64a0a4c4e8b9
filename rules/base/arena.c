#include "rules/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGNMENT = 16,
    BLOCK_FIRST_BYTES = 4096 - 64, /* leaves room for malloc's own header */
    BLOCK_MOST_BYTES = 1 << 20
};

struct arena_block {
    struct arena_block *older;
    size_t cap;
    size_t used;
    _Alignas(ALIGNMENT) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max_bytes = max_bytes};
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *older = block->older;

        free(block);
        block = older;
    }
}

void arena_fini(struct arena *arena)
{
    blocks_free(arena->block);
    arena_init(arena, arena->max_bytes);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->block;

    if (kept != NULL) {
        blocks_free(kept->older);
        kept->older = NULL;
        kept->used = 0;
    }
    arena->used_bytes = 0;
    arena->failed = false;
}

/* A block for at least n bytes on top of the others. Each is twice the one
 * before, so that a large arena takes few of them. */
static struct arena_block *block_push(struct arena *arena, size_t n)
{
    size_t cap = BLOCK_FIRST_BYTES;

    if (arena->block != NULL) {
        cap = arena->block->cap * 2;
    }
    if (cap > BLOCK_MOST_BYTES) {
        cap = BLOCK_MOST_BYTES;
    }
    if (cap < n) {
        cap = n;
    }
    struct arena_block *block = malloc(sizeof(*block) + cap);

    if (block == NULL) {
        return NULL;
    }
    block->older = arena->block;
    block->cap = cap;
    block->used = 0;
    arena->block = block;
    return block;
}

static void *arena_fail(struct arena *arena)
{
    arena->failed = true;
    return NULL;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    if (arena->failed || n > SIZE_MAX - ALIGNMENT) {
        return arena_fail(arena);
    }
    /* Nothing takes a place too: two allocations never share an address. */
    size_t taken = (n / ALIGNMENT + (n % ALIGNMENT != 0 || n == 0)) * ALIGNMENT;

    if (taken > arena->max_bytes - arena->used_bytes) {
        return arena_fail(arena);
    }
    struct arena_block *block = arena->block;

    if (block == NULL || taken > block->cap - block->used) {
        block = block_push(arena, taken);
    }
    if (block == NULL) {
        return arena_fail(arena);
    }
    void *place = block->bytes + block->used;

    block->used += taken;
    arena->used_bytes += taken;
    return memset(place, 0, taken);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n)) {
        return arena_fail(arena);
    }
    return arena_alloc(arena, n);
}

struct cop_slice arena_copy(struct arena *arena, struct cop_slice text)
{
    char *copy = NULL;

    if (text.n < SIZE_MAX) {
        copy = arena_alloc(arena, text.n + 1);
    }
    if (copy == NULL) {
        return (struct cop_slice){NULL, 0};
    }
    if (text.n != 0) {
        memcpy(copy, text.p, text.n);
    }
    return (struct cop_slice){copy, text.n};
}

struct cop_slice arena_print(struct arena *arena, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        arena_fail(arena);
        return (struct cop_slice){NULL, 0};
    }
    char *text = arena_alloc(arena, (size_t)n + 1);

    if (text == NULL) {
        return (struct cop_slice){NULL, 0};
    }
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return (struct cop_slice){text, (size_t)n};
}
