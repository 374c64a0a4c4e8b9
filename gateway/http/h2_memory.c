#include "gateway/http/h2_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct h2_block {
    struct h2_block *next;
    struct h2_block *before;
    size_t n;
    _Alignas(16) unsigned char bytes[];
};

void h2_memory_init(struct h2_memory *memory, size_t max_bytes)
{
    *memory = (struct h2_memory){.max_bytes = max_bytes};
}

void h2_memory_fini(struct h2_memory *memory)
{
    struct h2_block *next;

    for (struct h2_block *it = memory->blocks; it != NULL; it = next) {
        next = it->next;
        free(it);
    }
    h2_memory_init(memory, memory->max_bytes);
}

static struct h2_block *block_of(void *p)
{
    return (struct h2_block *)((unsigned char *)p -
                               offsetof(struct h2_block, bytes));
}

static void link_block(struct h2_memory *memory, struct h2_block *block)
{
    block->before = NULL;
    block->next = memory->blocks;
    if (block->next != NULL) {
        block->next->before = block;
    }
    memory->blocks = block;
    memory->bytes += block->n;
}

static void unlink_block(struct h2_memory *memory, struct h2_block *block)
{
    if (block->before != NULL) {
        block->before->next = block->next;
    } else {
        memory->blocks = block->next;
    }
    if (block->next != NULL) {
        block->next->before = block->before;
    }
    memory->bytes -= block->n;
}

/* Grow or make a block; it is not linked. */
static void *settle(
    struct h2_memory *memory, struct h2_block *block, size_t n, size_t had)
{
    struct h2_block *grown = NULL;

    if (n <= memory->max_bytes && memory->bytes + n <= memory->max_bytes) {
        grown = realloc(block, sizeof(*block) + n);
    }
    if (grown == NULL) {
        memory->failed = true;
        if (block != NULL) {
            block->n = had;
            link_block(memory, block);
        }
        return NULL;
    }
    grown->n = n;
    link_block(memory, grown);
    return grown->bytes;
}

static void *memory_malloc(size_t n, void *user)
{
    return settle(user, NULL, n, 0);
}

static void memory_free(void *p, void *user)
{
    if (p != NULL) {
        unlink_block(user, block_of(p));
        free(block_of(p));
    }
}

static void *memory_calloc(size_t count, size_t n, void *user)
{
    struct h2_memory *memory = user;
    void *p;

    if (n != 0 && count > SIZE_MAX / n) {
        memory->failed = true;
        return NULL;
    }
    p = settle(memory, NULL, count * n, 0);
    if (p != NULL) {
        memset(p, 0, count * n);
    }
    return p;
}

static void *memory_realloc(void *p, size_t n, void *user)
{
    struct h2_block *block;

    if (p == NULL) {
        return memory_malloc(n, user);
    }
    block = block_of(p);
    unlink_block(user, block);
    return settle(user, block, n, block->n);
}

nghttp2_mem h2_memory_functions(struct h2_memory *memory)
{
    return (nghttp2_mem){
        memory, memory_malloc, memory_free, memory_calloc, memory_realloc};
}
