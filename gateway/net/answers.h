/* What is known of names: a bounded table of answers with their time to live,
 * the least recently used given up first, and answers that are fixed by the
 * configuration, which are always there. No I/O and no clock: time comes in. */
#ifndef GATEWAY_NET_ANSWERS_H
#define GATEWAY_NET_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"
#include "cop/status.h"

enum {
    ANSWERS_MAX = 1024,    /* learnt answers kept */
    ANSWERS_ADDRESSES = 16 /* of one name; more are not kept */
};

/* Addresses of a name, 16 bytes each, IPv4 as IPv4-mapped IPv6. None: the name
 * is known not to have any. */
struct answer {
    uint32_t n;
    uint8_t addresses[ANSWERS_ADDRESSES][16];
};

struct answers;

COP_MUST_USE enum cop_status answers_new(struct answers **out);
void answers_free(struct answers **answers);

/* Add an address; nothing happens to a full answer or one that has it. */
void answer_add(struct answer *answer, const uint8_t address[16]);

/* What is known of a canonical name at a time, borrowed until the next call;
 * NULL when nothing is. */
const struct answer *answers_find(
    struct answers *answers, struct cop_slice name, int64_t now_ms);

/* Learn an answer for ttl_ms, in place of an earlier one; nothing happens to a
 * fixed name, or when ttl_ms is 0. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status answers_learn(struct answers *answers,
    struct cop_slice name, const struct answer *answer, int64_t now_ms,
    int64_t ttl_ms);

/* Fix an answer for ever. A name that is fixed again gets both answers'
 * addresses. COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status answers_fix(struct answers *answers,
    struct cop_slice name, const struct answer *answer);

/* Learnt answers held, expired ones that were not asked for included. */
uint32_t answers_count(const struct answers *answers);

#endif
