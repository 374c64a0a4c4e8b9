/* The PROXY header's reader: whatever comes, and every part of a header is "not
 * whole yet", never something else. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "gateway/net/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct proxy_header header;
    struct proxy_header part;

    if (proxy_header_parse(
            (struct cop_slice){(const char *)data, n}, &header) != COP_OK) {
        return 0;
    }
    if (header.n == 0 || header.n > n || header.n > PROXY_HEADER_MAX ||
        (header.has_addresses &&
            header.from.ss_family != header.to.ss_family)) {
        abort();
    }
    for (size_t i = 0; i < header.n; i++) {
        if (proxy_header_parse((struct cop_slice){(const char *)data, i},
                &part) != COP_AGAIN) {
            abort();
        }
    }
    if (proxy_header_parse((struct cop_slice){(const char *)data, header.n},
            &part) != COP_OK ||
        part.n != header.n || part.has_addresses != header.has_addresses) {
        abort();
    }
    return 0;
}
