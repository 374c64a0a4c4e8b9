#include "cop/bundle.h"

#include <stddef.h>

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

static const char *word_of(const char *const *words, size_t n, size_t i)
{
    return i < n ? words[i] : "unknown";
}

#define WORD_OF(words, i)                                                      \
    word_of(words, sizeof(words) / sizeof(words[0]), (size_t)(i))

const char *cop_strength_word(enum cop_strength strength)
{
    return WORD_OF(strength_words, strength);
}

const char *cop_lock_word(enum cop_lock lock)
{
    return WORD_OF(lock_words, lock);
}

const char *cop_logging_word(enum cop_logging logging)
{
    return WORD_OF(logging_words, logging);
}

const char *cop_identity_word(enum cop_identity identity)
{
    return WORD_OF(identity_words, identity);
}

const char *entry_object_word(enum entry_object object)
{
    return WORD_OF(object_words, object);
}
