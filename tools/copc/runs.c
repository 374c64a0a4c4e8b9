#include "tools/copc/runs.h"

#include <stdlib.h>
#include <string.h>

#include <zstd.h>

enum { BLOCK_BYTES = 1 << 16, LEVEL = 1 };

struct head {
    uint32_t raw;
    uint32_t packed;
};

void runs_fini(struct runs *runs)
{
    for (size_t i = 0; i < runs->n; i++) {
        free(runs->p[i].bytes);
    }
    free(runs->p);
    *runs = (struct runs){NULL, 0};
}

/* ---- making a run ---- */

/* A run being written. */
struct packing {
    struct run run;
    size_t cap;
    char *block; /* raw, of what has no head yet */
    size_t block_n;
    size_t block_cap;
};

static bool grow(void **bytes, size_t *cap, size_t need)
{
    size_t larger = *cap + *cap / 2;
    void *moved;

    if (need <= *cap) {
        return true;
    }
    larger = larger > need ? larger : need;
    moved = realloc(*bytes, larger);
    if (moved == NULL) {
        return false;
    }
    *bytes = moved;
    *cap = larger;
    return true;
}

static bool block_end(struct packing *packing)
{
    struct head head = {.raw = (uint32_t)packing->block_n};
    size_t at = packing->run.n + sizeof head;
    size_t bound = ZSTD_compressBound(packing->block_n);
    void *bytes = packing->run.bytes;
    size_t n;

    if (packing->block_n == 0) {
        return true;
    }
    if (!grow(&bytes, &packing->cap, at + bound)) {
        return false;
    }
    packing->run.bytes = bytes;
    n = ZSTD_compress(packing->run.bytes + at, bound, packing->block,
        packing->block_n, LEVEL);
    if (ZSTD_isError(n)) {
        return false;
    }
    head.packed = (uint32_t)n;
    memcpy(packing->run.bytes + packing->run.n, &head, sizeof head);
    packing->run.n = at + n;
    packing->block_n = 0;
    return true;
}

/* A text with its NUL is in one block, whose size is free for that. */
static bool text_add(struct packing *packing, const char *text)
{
    size_t n = strlen(text) + 1;
    void *block = packing->block;

    if (packing->block_n + n > BLOCK_BYTES && !block_end(packing)) {
        return false;
    }
    if (!grow(&block, &packing->block_cap, packing->block_n + n)) {
        return false;
    }
    packing->block = block;
    memcpy(packing->block + packing->block_n, text, n);
    packing->block_n += n;
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool pack(struct packing *packing, const char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool is_again = i != 0 && strcmp(texts[i - 1], texts[i]) == 0;

        if (!is_again && !text_add(packing, texts[i])) {
            return false;
        }
    }
    return block_end(packing);
}

bool runs_add(struct runs *runs, const char **texts, size_t n)
{
    struct packing packing = {.run = {NULL, 0}};
    struct run *p = realloc(runs->p, (runs->n + 1) * sizeof p[0]);
    uint8_t *fitted;
    bool is_packed;

    if (p == NULL) {
        return false;
    }
    runs->p = p;
    qsort(texts, n, sizeof texts[0], by_text);
    is_packed = pack(&packing, texts, n);
    free(packing.block);
    if (!is_packed) {
        free(packing.run.bytes);
        return false;
    }
    fitted = realloc(packing.run.bytes, packing.run.n + 1);
    runs->p[runs->n++] = (struct run){
        fitted != NULL ? fitted : packing.run.bytes, packing.run.n};
    return true;
}

/* ---- reading ---- */

/* Where a run is read. */
struct place {
    const struct run *run;
    size_t at; /* of the next block */
    char *block;
    size_t block_cap;
    size_t block_n;
    size_t text; /* of the current text in the block */
};

struct runs_reader {
    struct place *places;
    size_t n;
    struct place **heap; /* heap_n places with a text, the first on top */
    size_t heap_n;
    char *last; /* what was handed out */
    size_t last_cap;
    bool has_failed;
};

static const char *place_text(const struct place *place)
{
    return place->block + place->text;
}

/* Unpack the next block. False at the end, and where memory ran out. */
static bool place_fill(struct runs_reader *reader, struct place *place)
{
    const struct run *run = place->run;
    struct head head;
    void *block = place->block;

    if (place->at == run->n) {
        return false;
    }
    memcpy(&head, run->bytes + place->at, sizeof head);
    if (!grow(&block, &place->block_cap, head.raw)) {
        reader->has_failed = true;
        return false;
    }
    place->block = block;
    if (ZSTD_decompress(place->block, head.raw,
            run->bytes + place->at + sizeof head, head.packed) != head.raw) {
        reader->has_failed = true;
        return false;
    }
    place->at += sizeof head + head.packed;
    place->block_n = head.raw;
    place->text = 0;
    return true;
}

static bool place_next(struct runs_reader *reader, struct place *place)
{
    place->text += strlen(place_text(place)) + 1;
    return place->text < place->block_n || place_fill(reader, place);
}

/* Let the place at i sink to where it belongs. */
static void heap_sink(struct runs_reader *reader, size_t i)
{
    struct place **heap = reader->heap;

    for (;;) {
        size_t child = 2 * i + 1;
        struct place *place = heap[i];

        if (child >= reader->heap_n) {
            return;
        }
        if (child + 1 < reader->heap_n &&
            strcmp(place_text(heap[child + 1]), place_text(heap[child])) < 0) {
            child++;
        }
        if (strcmp(place_text(place), place_text(heap[child])) <= 0) {
            return;
        }
        heap[i] = heap[child];
        heap[child] = place;
        i = child;
    }
}

static void reader_start(struct runs_reader *reader, const struct runs *runs)
{
    for (size_t i = 0; i < runs->n; i++) {
        reader->places[i].run = &runs->p[i];
        if (place_fill(reader, &reader->places[i])) {
            reader->heap[reader->heap_n++] = &reader->places[i];
        }
    }
    for (size_t i = reader->heap_n; i-- > 0;) {
        heap_sink(reader, i);
    }
}

struct runs_reader *runs_reader_new(const struct runs *runs)
{
    struct runs_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL) {
        return NULL;
    }
    reader->n = runs->n;
    reader->places = calloc(runs->n + 1, sizeof reader->places[0]);
    reader->heap = calloc(runs->n + 1, sizeof(struct place *));
    if (reader->places == NULL || reader->heap == NULL) {
        reader->n = 0;
        runs_reader_free(&reader);
        return NULL;
    }
    reader_start(reader, runs);
    return reader;
}

void runs_reader_free(struct runs_reader **reader)
{
    struct runs_reader *r = *reader;

    *reader = NULL;
    if (r == NULL) {
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        free(r->places[i].block);
    }
    free(r->places);
    free((void *)r->heap);
    free(r->last);
    free(r);
}

/* Copy the text on top, and move its run on. */
static bool take(struct runs_reader *reader)
{
    struct place *top = reader->heap[0];
    size_t n = strlen(place_text(top)) + 1;
    void *last = reader->last;

    if (!grow(&last, &reader->last_cap, n)) {
        reader->has_failed = true;
        return false;
    }
    reader->last = last;
    memcpy(reader->last, place_text(top), n);
    return true;
}

const char *runs_next(struct runs_reader *reader)
{
    if (reader->heap_n == 0 || !take(reader)) {
        return NULL;
    }
    while (reader->heap_n != 0 &&
           strcmp(place_text(reader->heap[0]), reader->last) == 0) {
        if (!place_next(reader, reader->heap[0])) {
            reader->heap[0] = reader->heap[--reader->heap_n];
        }
        heap_sink(reader, 0);
    }
    return reader->has_failed ? NULL : reader->last;
}

bool runs_failed(const struct runs_reader *reader)
{
    return reader->has_failed;
}
