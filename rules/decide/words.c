#include "cop/decide.h"

static const char *const action_words[] = {
#define COP_ACTION(symbol, word) word,
#include "cop/action.tbl"
};

static const struct {
    const char *word;
    const char *text;
} levels[] = {
#define COP_LEVEL(symbol, word, text) {word, text},
#include "cop/level.tbl"
};

static const char *const resource_words[] = {
#define COP_RESOURCE(symbol, word) word,
#include "cop/resource.tbl"
};

const char *cop_resource_word(enum cop_resource resource)
{
    size_t i = (size_t)resource;

    return i < sizeof(resource_words) / sizeof(resource_words[0])
               ? resource_words[i]
               : "unknown";
}

const char *cop_change_word(enum cop_change_kind kind)
{
    static const char *const words[] = {
#define COP_CHANGE_ROW(symbol, word) word,
#include "cop/change.tbl"
    };
    size_t i = (size_t)kind;

    return i < sizeof(words) / sizeof(words[0]) ? words[i] : "unknown";
}

const char *cop_action_word(enum cop_action action)
{
    size_t i = (size_t)action;

    return i < sizeof(action_words) / sizeof(action_words[0]) ? action_words[i]
                                                              : "unknown";
}

const char *cop_level_word(enum cop_level level)
{
    size_t i = (size_t)level;

    return i < sizeof(levels) / sizeof(levels[0]) ? levels[i].word : "unknown";
}

const char *cop_level_text(enum cop_level level)
{
    size_t i = (size_t)level;

    return i < sizeof(levels) / sizeof(levels[0]) ? levels[i].text
                                                  : "an unknown level";
}
