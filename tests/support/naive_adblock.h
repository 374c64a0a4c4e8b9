/* A second opinion on lists in Adblock syntax: every rule is turned into a
 * regular expression, as the syntax was first described, and every rule is
 * tried. Nothing of the reader, the bundle or the engine is used but the
 * canonical form of hosts and URLs. */
#ifndef TESTS_SUPPORT_NAIVE_ADBLOCK_H
#define TESTS_SUPPORT_NAIVE_ADBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/decide.h"

struct naive_adblock_rule;

enum { NAIVE_PAIRS = 4 };

/* Some pairs of letters that a rule's matches have, 0 where there are fewer:
 * a rule of which one is not in a URL needs no closer look. */
struct naive_adblock_pairs {
    uint16_t pair[NAIVE_PAIRS];
};

struct naive_adblock {
    struct naive_adblock_rule *rules;
    struct naive_adblock_pairs *pairs; /* of each rule */
    size_t n;
    size_t cap;
};

/* Add the rules of a text, line by line, from line 1. Aborts when that
 * fails. */
void naive_adblock_read(struct naive_adblock *list, const char *text);
void naive_adblock_fini(struct naive_adblock *list);

struct naive_adblock_answer {
    bool is_matched;
    size_t lines_n; /* of rules that may be named as the reason */
    uint32_t lines[64];
};

void naive_adblock_ask(const struct naive_adblock *list,
    const struct cop_url *url, const struct cop_facts *facts,
    struct naive_adblock_answer *out);

#endif
