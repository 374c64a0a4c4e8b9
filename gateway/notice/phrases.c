#include "gateway/notice/phrases.h"

#include "gateway/http/syntax.h"

struct phrases {
    const char *tag;
    const char *direction;
    const char *const *texts;
};

static const char *const phrases_ar[PHRASES] = {
#define PHRASE(symbol, text) [PHRASE_##symbol] = (text),
#include "gateway/notice/phrases_ar.tbl"
};

static const char *const phrases_en[PHRASES] = {
#define PHRASE(symbol, text) [PHRASE_##symbol] = (text),
#include "gateway/notice/phrases_en.tbl"
};

static const char *const phrases_es[PHRASES] = {
#define PHRASE(symbol, text) [PHRASE_##symbol] = (text),
#include "gateway/notice/phrases_es.tbl"
};

static const char *const phrases_fr[PHRASES] = {
#define PHRASE(symbol, text) [PHRASE_##symbol] = (text),
#include "gateway/notice/phrases_fr.tbl"
};

static const char *const phrases_pt[PHRASES] = {
#define PHRASE(symbol, text) [PHRASE_##symbol] = (text),
#include "gateway/notice/phrases_pt.tbl"
};

static const char *const phrases_ru[PHRASES] = {
#define PHRASE(symbol, text) [PHRASE_##symbol] = (text),
#include "gateway/notice/phrases_ru.tbl"
};

static const char *const phrases_zh[PHRASES] = {
#define PHRASE(symbol, text) [PHRASE_##symbol] = (text),
#include "gateway/notice/phrases_zh.tbl"
};

static const struct phrases languages[] = {
#define LANGUAGE(tag, direction) {#tag, direction, phrases_##tag},
#include "gateway/notice/language.tbl"
};

enum { LANGUAGES = sizeof(languages) / sizeof(*languages) };

/* Drop the last subtag, and a singleton that would then end the tag. */
static struct cop_slice shorten(struct cop_slice tag)
{
    while (tag.n != 0 && tag.p[tag.n - 1] != '-') {
        tag.n--;
    }
    tag.n -= tag.n != 0;
    if (tag.n >= 2 && tag.p[tag.n - 2] == '-') {
        tag.n -= 2;
    }
    return tag;
}

const struct phrases *phrases_find(struct cop_slice tag)
{
    for (; tag.n != 0; tag = shorten(tag)) {
        for (size_t i = 0; i < LANGUAGES; i++) {
            if (http_same(tag, cop_slice_of(languages[i].tag))) {
                return &languages[i];
            }
        }
    }
    return NULL;
}

const struct phrases *phrases_fallback(void)
{
    return phrases_find(COP_LIT("en"));
}

const struct phrases *phrases_at(size_t index)
{
    return index < LANGUAGES ? &languages[index] : NULL;
}

const char *phrases_say(const struct phrases *phrases, enum phrase phrase)
{
    return phrases->texts[phrase];
}

const char *phrases_tag(const struct phrases *phrases)
{
    return phrases->tag;
}

const char *phrases_direction(const struct phrases *phrases)
{
    return phrases->direction;
}
