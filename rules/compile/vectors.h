/* Running test vectors with the real engine over the bytes just written: a
 * bundle whose vectors do not hold is not given out. */
#ifndef RULES_COMPILE_VECTORS_H
#define RULES_COMPILE_VECTORS_H

#include "rules/model/model.h"

/* Run every requirement's vectors against the image.
 * Returns COP_OK; COP_E_VECTOR when some do not hold, each reported;
 * COP_E_NOMEM; or what opening the image returned, reported, which is a bug of
 * ours. */
COP_MUST_USE enum cop_status vectors_run(
    const struct model *model, const struct cop_image *image);

#endif
