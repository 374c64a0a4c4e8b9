#include "tools/copc/samples.h"

#include <stdlib.h>
#include <string.h>

/* 64 million entries of ordinary length. */
static const size_t samples_max = (size_t)2 << 30;

void samples_fini(struct samples *samples)
{
    free(samples->text);
    free(samples->order);
    *samples = (struct samples){0};
}

/* Room for n more bytes, or NULL. */
static char *room(struct samples *samples, size_t n)
{
    size_t cap = samples->cap != 0 ? samples->cap : 4096;
    char *text;

    if (samples->has_failed || n > samples_max - samples->n) {
        samples->has_failed = true;
        return NULL;
    }
    while (cap - samples->n < n) {
        cap *= 2;
    }
    if (cap != samples->cap) {
        text = realloc(samples->text, cap);
        if (text == NULL) {
            samples->has_failed = true;
            return NULL;
        }
        samples->text = text;
        samples->cap = cap;
    }
    return samples->text + samples->n;
}

static void add_parts(struct samples *samples, const char *before,
    struct cop_slice text, const char *after)
{
    size_t before_n = strlen(before);
    size_t after_n = strlen(after);
    char *to = room(samples, before_n + text.n + after_n + 1);

    if (to == NULL) {
        return;
    }
    memcpy(to, before, before_n);
    memcpy(to + before_n, text.p, text.n);
    memcpy(to + before_n + text.n, after, after_n + 1);
    samples->n += before_n + text.n + after_n + 1;
}

void samples_add(struct samples *samples, struct cop_slice address)
{
    if (address.n != 0 && memchr(address.p, '\0', address.n) == NULL) {
        add_parts(samples, "", address, "");
    }
}

void samples_entry(void *context, const char *kind, struct cop_slice text)
{
    struct samples *samples = context;
    bool is_v6 = memchr(text.p, ':', text.n) != NULL;

    if (strcmp(kind, "network") == 0) {
        const char *slash = memchr(text.p, '/', text.n);

        text.n = slash != NULL ? (size_t)(slash - text.p) : text.n;
        kind = "host"; /* its first address stands for all */
    }
    if (strcmp(kind, "pattern") == 0 || strcmp(kind, "unknown") == 0) {
        samples->patterns++;
    } else if (strcmp(kind, "url") == 0) {
        add_parts(samples, "https://", text, "");
    } else if (strcmp(kind, "below") == 0) {
        add_parts(samples, "https://www.", text, "/");
    } else if (is_v6) {
        add_parts(samples, "https://[", text, "]/");
    } else {
        add_parts(samples, "https://", text, "/");
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool samples_sort(struct samples *samples)
{
    size_t n = 0;

    if (samples->has_failed) {
        return false;
    }
    for (size_t i = 0; i < samples->n; i++) {
        n += samples->text[i] == '\0';
    }
    free(samples->order);
    samples->order = malloc((n + 1) * sizeof samples->order[0]);
    if (samples->order == NULL) {
        return false;
    }
    n = 0;
    for (size_t at = 0; at < samples->n; at += strlen(samples->text + at) + 1) {
        samples->order[n++] = samples->text + at;
    }
    qsort(samples->order, n, sizeof samples->order[0], by_text);
    samples->order_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (samples->order_n == 0 ||
            by_text(&samples->order[samples->order_n - 1],
                &samples->order[i]) != 0) {
            samples->order[samples->order_n++] = samples->order[i];
        }
    }
    return true;
}
