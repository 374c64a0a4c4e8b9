/* Classes of subscriber, by word; the table is cop/subscriber.tbl. */
#ifndef RULES_BASE_SUBSCRIBER_H
#define RULES_BASE_SUBSCRIBER_H

#include <stdint.h>

#include "cop/slice.h"

enum subscriber {
#define COP_SUBSCRIBER(symbol, word) SUBSCRIBER_##symbol,
#include "cop/subscriber.tbl"
    SUBSCRIBERS
};

/* The bit (1 << enum subscriber) of a class, or 0 when there is none of that
 * word. */
uint32_t subscriber_bit(struct cop_slice word);

/* The word of a class; static, never NULL. */
const char *subscriber_word(enum subscriber which);

#endif
