/* When this program was made, as the earliest that it can be now. */
#ifndef GATEWAY_TLS_BUILT_H
#define GATEWAY_TLS_BUILT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a clock that shows this is wrong beyond doubt. Certificates that have
 * expired look valid to such a clock, so nothing may be believed by it.
 * now_unix  seconds since 1970 */
bool built_is_after(int64_t now_unix);

#endif
