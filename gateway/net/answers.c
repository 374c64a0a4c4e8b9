#include "gateway/net/answers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cop/host.h"

enum { ANSWERS_BUCKETS = 1024 }; /* a power of two */

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

struct answers {
    uint32_t seed; /* clients choose names: they must not choose buckets */
    uint32_t n;
    struct name *newest;
    struct name *oldest;
    struct name *buckets[ANSWERS_BUCKETS];
};

enum cop_status answers_new(struct answers **out)
{
    struct answers *answers = calloc(1, sizeof(*answers));

    if (answers == NULL) {
        return COP_E_NOMEM;
    }
    if (getrandom(&answers->seed, sizeof(answers->seed), 0) < 0) {
        answers->seed = (uint32_t)(uintptr_t)answers;
    }
    *out = answers;
    return COP_OK;
}

void answers_free(struct answers **answers)
{
    if (*answers == NULL) {
        return;
    }
    for (size_t i = 0; i < ANSWERS_BUCKETS; i++) {
        struct name *next;

        for (struct name *name = (*answers)->buckets[i]; name != NULL;
             name = next) {
            next = name->next;
            free(name);
        }
    }
    free(*answers);
    *answers = NULL;
}

void answer_add(struct answer *answer, const uint8_t address[16])
{
    for (uint32_t i = 0; i < answer->n; i++) {
        if (memcmp(answer->addresses[i], address, 16) == 0) {
            return;
        }
    }
    if (answer->n < ANSWERS_ADDRESSES) {
        memcpy(answer->addresses[answer->n++], address, 16);
    }
}

/* FNV-1a from a secret start, its high bits folded in at the end. */
static uint32_t answers_hash(
    const struct answers *answers, struct cop_slice text)
{
    uint32_t hash = answers->seed ^ 2166136261U;

    for (size_t i = 0; i < text.n; i++) {
        hash = (hash ^ (uint8_t)text.p[i]) * 16777619U;
    }
    return hash ^ hash >> 15;
}

static struct name **answers_bucket(struct answers *answers, uint32_t hash)
{
    return &answers->buckets[hash & (ANSWERS_BUCKETS - 1)];
}

static void answers_unlink(struct answers *answers, struct name *name)
{
    *(name->newer != NULL ? &name->newer->older : &answers->newest) =
        name->older;
    *(name->older != NULL ? &name->older->newer : &answers->oldest) =
        name->newer;
}

static void answers_link_newest(struct answers *answers, struct name *name)
{
    name->newer = NULL;
    name->older = answers->newest;
    *(answers->newest != NULL ? &answers->newest->newer : &answers->oldest) =
        name;
    answers->newest = name;
}

/* Forget a learnt name. */
static void answers_drop(struct answers *answers, struct name *name)
{
    struct name **link = answers_bucket(answers, name->hash);

    while (*link != name) {
        link = &(*link)->next;
    }
    *link = name->next;
    answers_unlink(answers, name);
    answers->n--;
    free(name);
}

static struct name *answers_get(struct answers *answers, struct cop_slice text)
{
    uint32_t hash = answers_hash(answers, text);

    for (struct name *name = *answers_bucket(answers, hash); name != NULL;
         name = name->next) {
        if (name->hash == hash &&
            cop_slice_eq((struct cop_slice){name->text, name->text_n}, text)) {
            return name;
        }
    }
    return NULL;
}

static struct name *answers_add(
    struct answers *answers, struct cop_slice text, bool is_fixed)
{
    struct name *name =
        text.n <= COP_HOST_MAX ? calloc(1, sizeof(*name)) : NULL;
    struct name **bucket;

    if (name == NULL) {
        return NULL;
    }
    name->hash = answers_hash(answers, text);
    name->is_fixed = is_fixed;
    name->text_n = (uint8_t)text.n;
    memcpy(name->text, text.p, text.n);
    bucket = answers_bucket(answers, name->hash);
    name->next = *bucket;
    *bucket = name;
    if (is_fixed) {
        return name;
    }
    answers_link_newest(answers, name);
    if (++answers->n > ANSWERS_MAX) {
        answers_drop(answers, answers->oldest);
    }
    return name;
}

const struct answer *answers_find(
    struct answers *answers, struct cop_slice text, int64_t now_ms)
{
    struct name *name = answers_get(answers, text);

    if (name == NULL) {
        return NULL;
    }
    if (name->is_fixed) {
        return &name->answer;
    }
    if (name->until_ms <= now_ms) {
        answers_drop(answers, name);
        return NULL;
    }
    answers_unlink(answers, name);
    answers_link_newest(answers, name);
    return &name->answer;
}

enum cop_status answers_learn(struct answers *answers, struct cop_slice text,
    const struct answer *answer, int64_t now_ms, int64_t ttl_ms)
{
    struct name *name = answers_get(answers, text);

    if (ttl_ms <= 0 || (name != NULL && name->is_fixed)) {
        return COP_OK;
    }
    if (name == NULL) {
        name = answers_add(answers, text, false);
    }
    if (name == NULL) {
        return COP_E_NOMEM;
    }
    name->answer = *answer;
    name->until_ms = now_ms + ttl_ms;
    return COP_OK;
}

enum cop_status answers_fix(
    struct answers *answers, struct cop_slice text, const struct answer *answer)
{
    struct name *name = answers_get(answers, text);

    if (name != NULL && !name->is_fixed) {
        answers_drop(answers, name);
        name = NULL;
    }
    if (name == NULL) {
        name = answers_add(answers, text, true);
    }
    if (name == NULL) {
        return COP_E_NOMEM;
    }
    for (uint32_t i = 0; i < answer->n; i++) {
        answer_add(&name->answer, answer->addresses[i]);
    }
    return COP_OK;
}

uint32_t answers_count(const struct answers *answers)
{
    return answers->n;
}
