/* Keys that begin with x-: an author's own, kept for whoever oversees. */
#ifndef RULES_READ_EXTRA_H
#define RULES_READ_EXTRA_H

#include "rules/base/arena.h"
#include "rules/read/yaml.h"

/* Every such key below `root` as one line, "legal.x-file: 17", in the order
 * written and with line ends between; a list or mapping is not written out.
 * Empty when there is none, cut at a line's end beyond 4 KiB. */
struct cop_slice extra_read(struct arena *arena, const struct yaml_node *root);

#endif
