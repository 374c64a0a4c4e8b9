/* Words of the enumerations that documents, output and dumps have in common,
 * each in the order of its values. */
#ifndef RULES_BUNDLE_WORDS_H
#define RULES_BUNDLE_WORDS_H

#include <stddef.h>

struct words {
    const char *const *p;
    size_t n;
};

extern const struct words words_object; /* enum entry_object */
extern const struct words words_strength;
extern const struct words words_lock;
extern const struct words words_logging;
extern const struct words words_identity;

#endif
