#include "gateway/loop/heap.h"

#include <stdlib.h>

enum { HEAP_FIRST_HELD = 64 };

static void heap_place(struct heap *heap, uint32_t i, struct timer *timer)
{
    heap->at[i] = timer;
    timer->place = i;
}

/* Move the timer at i towards the front while it is earlier. */
static void heap_raise(struct heap *heap, uint32_t i)
{
    struct timer *timer = heap->at[i];

    while (i > 0) {
        uint32_t parent = (i - 1) / 2;

        if (heap->at[parent]->at_ms <= timer->at_ms) {
            break;
        }
        heap_place(heap, i, heap->at[parent]);
        i = parent;
    }
    heap_place(heap, i, timer);
}

/* Move the timer at i towards the back while it is later. */
static void heap_sink(struct heap *heap, uint32_t i)
{
    struct timer *timer = heap->at[i];

    while (i < heap->n / 2) {
        uint32_t child = 2 * i + 1;

        if (child + 1 < heap->n &&
            heap->at[child + 1]->at_ms < heap->at[child]->at_ms) {
            child++;
        }
        if (timer->at_ms <= heap->at[child]->at_ms) {
            break;
        }
        heap_place(heap, i, heap->at[child]);
        i = child;
    }
    heap_place(heap, i, timer);
}

static enum cop_status heap_grow(struct heap *heap)
{
    uint32_t held = heap->held == 0 ? HEAP_FIRST_HELD : heap->held * 2;
    struct timer **at;

    if (held < heap->held) {
        return COP_E_NOMEM;
    }
    at = realloc(heap->at, held * sizeof(struct timer *));
    if (at == NULL) {
        return COP_E_NOMEM;
    }
    heap->at = at;
    heap->held = held;
    return COP_OK;
}

void heap_fini(struct heap *heap)
{
    free(heap->at);
    *heap = (struct heap){0};
}

enum cop_status heap_put(struct heap *heap, struct timer *timer)
{
    if (timer->place == UINT32_MAX) {
        if (heap->n == heap->held && heap_grow(heap) != COP_OK) {
            return COP_E_NOMEM;
        }
        heap_place(heap, heap->n++, timer);
    }
    heap_raise(heap, timer->place);
    heap_sink(heap, timer->place);
    return COP_OK;
}

void heap_take(struct heap *heap, struct timer *timer)
{
    uint32_t i = timer->place;
    struct timer *last;

    if (i == UINT32_MAX) {
        return;
    }
    timer->place = UINT32_MAX;
    last = heap->at[--heap->n];
    if (last == timer) {
        return;
    }
    heap_place(heap, i, last);
    heap_raise(heap, i);
    heap_sink(heap, last->place);
}

struct timer *heap_first(const struct heap *heap)
{
    return heap->n > 0 ? heap->at[0] : NULL;
}
