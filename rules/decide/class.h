/* Filling a cop_class: private to decide/. */
#ifndef RULES_DECIDE_CLASS_H
#define RULES_DECIDE_CLASS_H

#include "cop/decide.h"

struct addresses_key;
struct policy_bundle;
struct policy_list;

/* An empty class; its hits stay as they are. */
void class_begin(struct cop_class *class);

/* Note that a rule of a list matched, keeping hits in order of lists and the
 * best rule of each. */
void class_hit(struct cop_class *class, struct cop_hit hit);

/* Whether a list was hit, and take its hit out again. */
bool class_has(const struct cop_class *class, uint16_t list);
void class_drop(struct cop_class *class, uint16_t list);

/* address.c: note every network of a bundle that has a key in it.
 * guarded  the policy's lists, where the key is a server's address: those that
 *          need a URL get nothing; NULL where a URL names the address */
void class_add_address(const struct policy_bundle *at,
    const struct addresses_key *key, const struct policy_list *guarded,
    struct cop_class *class);

/* Add up the categories of the class's hits. */
void class_end(const struct cop_policy *policy, struct cop_class *class);

#endif
