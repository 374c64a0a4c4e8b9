#include "rules/bundle/words.h"

#include "cop/bundle.h"
#include "rules/bundle/tables.h"

static const char *const object_words[] = {
#define ENTRY_ROW(symbol, word) word,
#include "rules/bundle/entry.tbl"
};

static const char *const strength_words[] = {
#define COP_STRENGTH_ROW(symbol, word) word,
#include "cop/strength.tbl"
};

static const char *const lock_words[] = {
#define COP_LOCK_ROW(symbol, word) word,
#include "cop/lock.tbl"
};

static const char *const logging_words[] = {
#define COP_LOGGING_ROW(symbol, word) word,
#include "cop/logging.tbl"
};

static const char *const identity_words[] = {
#define COP_IDENTITY_ROW(symbol, word) word,
#include "cop/identity.tbl"
};

#define TABLE(texts)                                                           \
    {                                                                          \
        texts, sizeof(texts) / sizeof(texts[0])                                \
    }

const struct words words_object = TABLE(object_words);
const struct words words_strength = TABLE(strength_words);
const struct words words_lock = TABLE(lock_words);
const struct words words_logging = TABLE(logging_words);
const struct words words_identity = TABLE(identity_words);

static const char *word_of(const struct words *words, size_t i)
{
    return i < words->n ? words->p[i] : "unknown";
}

const char *cop_strength_word(enum cop_strength strength)
{
    return word_of(&words_strength, (size_t)strength);
}

const char *cop_lock_word(enum cop_lock lock)
{
    return word_of(&words_lock, (size_t)lock);
}

const char *cop_logging_word(enum cop_logging logging)
{
    return word_of(&words_logging, (size_t)logging);
}

const char *cop_identity_word(enum cop_identity identity)
{
    return word_of(&words_identity, (size_t)identity);
}

const char *entry_object_word(enum entry_object object)
{
    return word_of(&words_object, (size_t)object);
}
