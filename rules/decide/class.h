/* Filling a cop_class: private to decide/. */
#ifndef RULES_DECIDE_CLASS_H
#define RULES_DECIDE_CLASS_H

#include "cop/decide.h"

/* An empty class; its hits stay as they are. */
void class_begin(struct cop_class *class);

/* Add up the categories of the class's hits. */
void class_end(const struct cop_policy *policy, struct cop_class *class);

#endif
