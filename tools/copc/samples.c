#include "tools/copc/samples.h"

#include <stdlib.h>
#include <string.h>

/* What is sorted at once: some three million entries of ordinary length. */
enum { SEAL_BYTES = 64 << 20 };

void samples_fini(struct samples *samples)
{
    runs_fini(&samples->runs);
    free(samples->text);
    *samples = (struct samples){.texts = 0};
}

/* Room for n more bytes, or NULL. */
static char *room(struct samples *samples, size_t n)
{
    size_t cap = samples->cap != 0 ? samples->cap : 4096;
    char *text;

    if (samples->n + n > SEAL_BYTES && samples->n != 0) {
        (void)samples_seal(samples);
        cap = 4096;
    }
    while (cap - samples->n < n) {
        cap *= 2;
    }
    if (!samples->has_failed && cap != samples->cap) {
        text = realloc(samples->text, cap);
        samples->has_failed = text == NULL;
        samples->text = text != NULL ? text : samples->text;
        samples->cap = text != NULL ? cap : samples->cap;
    }
    return samples->has_failed ? NULL : samples->text + samples->n;
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
    samples->texts++;
    samples->added++;
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
    if (strcmp(kind, "pattern") == 0 || strcmp(kind, "country") == 0 ||
        strcmp(kind, "as") == 0 || strcmp(kind, "unknown") == 0) {
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

static bool seal(struct samples *samples)
{
    const char **texts = calloc(samples->texts + 1, sizeof texts[0]);
    const char *text = samples->text;
    bool is_added;

    if (texts == NULL) {
        return false;
    }
    for (size_t i = 0; i < samples->texts; i++) {
        texts[i] = text;
        text += strlen(text) + 1;
    }
    is_added = runs_add(&samples->runs, texts, samples->texts);
    free((void *)texts);
    return is_added;
}

bool samples_seal(struct samples *samples)
{
    if (samples->texts != 0 && !samples->has_failed) {
        samples->has_failed = !seal(samples);
    }
    free(samples->text);
    samples->text = NULL;
    samples->n = 0;
    samples->cap = 0;
    samples->texts = 0;
    return !samples->has_failed;
}
