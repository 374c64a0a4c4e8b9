/* CHANGES: how requests are changed before they are forwarded. */
#ifndef RULES_BUNDLE_CHANGES_H
#define RULES_BUNDLE_CHANGES_H

#include "cop/decide.h"

enum { CHANGE_NAME_MAX = 64, CHANGE_VALUE_MAX = 1024 };

/* Why a change must not be made, a static sentence; NULL when it may. Whoever
 * forwards a request can rely on it: a parameter is of letters and digits that
 * need no encoding, a field line cannot end early nor frame, route or
 * authenticate a request, an address is a name in canonical form. */
const char *change_flaw(
    enum cop_change_kind kind, struct cop_slice name, struct cop_slice value);

/* Whether two names are of the same thing, in any case: fields are, and of
 * parameters nobody knows how a server takes them. */
bool change_names_same(struct cop_slice a, struct cop_slice b);

#endif
