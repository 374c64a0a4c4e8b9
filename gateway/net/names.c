#include "gateway/net/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cop/host.h"

enum { NAMES_BUCKETS = 1024 }; /* a power of two */

struct name {
    struct name *next;  /* of its bucket */
    struct name *newer; /* in order of use; fixed names are in no order */
    struct name *older;
    int64_t until_ms;
    uint32_t hash;
    bool is_fixed;
    uint8_t text_n;
    char text[COP_HOST_MAX];
    struct answer answer;
};

struct names {
    uint32_t seed; /* clients choose names: they must not choose buckets */
    uint32_t n;
    struct name *newest;
    struct name *oldest;
    struct name *buckets[NAMES_BUCKETS];
};

enum cop_status names_new(struct names **out)
{
    struct names *names = calloc(1, sizeof(*names));

    if (names == NULL) {
        return COP_E_NOMEM;
    }
    if (getrandom(&names->seed, sizeof(names->seed), 0) < 0) {
        names->seed = (uint32_t)(uintptr_t)names;
    }
    *out = names;
    return COP_OK;
}

void names_free(struct names **names)
{
    if (*names == NULL) {
        return;
    }
    for (size_t i = 0; i < NAMES_BUCKETS; i++) {
        struct name *next;

        for (struct name *name = (*names)->buckets[i]; name != NULL;
             name = next) {
            next = name->next;
            free(name);
        }
    }
    free(*names);
    *names = NULL;
}

void answer_add(struct answer *answer, const uint8_t address[16])
{
    for (uint32_t i = 0; i < answer->n; i++) {
        if (memcmp(answer->addresses[i], address, 16) == 0) {
            return;
        }
    }
    if (answer->n < NAMES_ADDRESSES) {
        memcpy(answer->addresses[answer->n++], address, 16);
    }
}

/* FNV-1a from a secret start, its high bits folded in at the end. */
static uint32_t names_hash(const struct names *names, struct cop_slice text)
{
    uint32_t hash = names->seed ^ 2166136261U;

    for (size_t i = 0; i < text.n; i++) {
        hash = (hash ^ (uint8_t)text.p[i]) * 16777619U;
    }
    return hash ^ hash >> 15;
}

static struct name **names_bucket(struct names *names, uint32_t hash)
{
    return &names->buckets[hash & (NAMES_BUCKETS - 1)];
}

static void names_unlink(struct names *names, struct name *name)
{
    *(name->newer != NULL ? &name->newer->older : &names->newest) = name->older;
    *(name->older != NULL ? &name->older->newer : &names->oldest) = name->newer;
}

static void names_link_newest(struct names *names, struct name *name)
{
    name->newer = NULL;
    name->older = names->newest;
    *(names->newest != NULL ? &names->newest->newer : &names->oldest) = name;
    names->newest = name;
}

/* Forget a learnt name. */
static void names_drop(struct names *names, struct name *name)
{
    struct name **link = names_bucket(names, name->hash);

    while (*link != name) {
        link = &(*link)->next;
    }
    *link = name->next;
    names_unlink(names, name);
    names->n--;
    free(name);
}

static struct name *names_get(struct names *names, struct cop_slice text)
{
    uint32_t hash = names_hash(names, text);

    for (struct name *name = *names_bucket(names, hash); name != NULL;
         name = name->next) {
        if (name->hash == hash &&
            cop_slice_eq((struct cop_slice){name->text, name->text_n}, text)) {
            return name;
        }
    }
    return NULL;
}

static struct name *names_add(
    struct names *names, struct cop_slice text, bool is_fixed)
{
    struct name *name =
        text.n <= COP_HOST_MAX ? calloc(1, sizeof(*name)) : NULL;
    struct name **bucket;

    if (name == NULL) {
        return NULL;
    }
    name->hash = names_hash(names, text);
    name->is_fixed = is_fixed;
    name->text_n = (uint8_t)text.n;
    memcpy(name->text, text.p, text.n);
    bucket = names_bucket(names, name->hash);
    name->next = *bucket;
    *bucket = name;
    if (is_fixed) {
        return name;
    }
    names_link_newest(names, name);
    if (++names->n > NAMES_MAX) {
        names_drop(names, names->oldest);
    }
    return name;
}

const struct answer *names_find(
    struct names *names, struct cop_slice text, int64_t now_ms)
{
    struct name *name = names_get(names, text);

    if (name == NULL) {
        return NULL;
    }
    if (name->is_fixed) {
        return &name->answer;
    }
    if (name->until_ms <= now_ms) {
        names_drop(names, name);
        return NULL;
    }
    names_unlink(names, name);
    names_link_newest(names, name);
    return &name->answer;
}

enum cop_status names_learn(struct names *names, struct cop_slice text,
    const struct answer *answer, int64_t now_ms, int64_t ttl_ms)
{
    struct name *name = names_get(names, text);

    if (ttl_ms <= 0 || (name != NULL && name->is_fixed)) {
        return COP_OK;
    }
    if (name == NULL) {
        name = names_add(names, text, false);
    }
    if (name == NULL) {
        return COP_E_NOMEM;
    }
    name->answer = *answer;
    name->until_ms = now_ms + ttl_ms;
    return COP_OK;
}

enum cop_status names_fix(
    struct names *names, struct cop_slice text, const struct answer *answer)
{
    struct name *name = names_get(names, text);

    if (name != NULL && !name->is_fixed) {
        names_drop(names, name);
        name = NULL;
    }
    if (name == NULL) {
        name = names_add(names, text, true);
    }
    if (name == NULL) {
        return COP_E_NOMEM;
    }
    for (uint32_t i = 0; i < answer->n; i++) {
        answer_add(&name->answer, answer->addresses[i]);
    }
    return COP_OK;
}

uint32_t names_count(const struct names *names)
{
    return names->n;
}
