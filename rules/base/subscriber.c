#include "rules/base/subscriber.h"

static const char *const words[SUBSCRIBERS] = {
#define COP_SUBSCRIBER(symbol, word) [SUBSCRIBER_##symbol] = word,
#include "cop/subscriber.tbl"
};

_Static_assert(SUBSCRIBERS <= 32, "a set of classes is 32 bits");

uint32_t subscriber_bit(struct cop_slice word)
{
    for (unsigned i = 0; i < SUBSCRIBERS; i++) {
        if (cop_slice_eq(cop_slice_of(words[i]), word)) {
            return (uint32_t)1 << i;
        }
    }
    return 0;
}

const char *subscriber_word(enum subscriber which)
{
    return (unsigned)which < SUBSCRIBERS ? words[which] : "unknown";
}
