/* The ClientHello reader: whatever comes, and what is read does not depend on
 * how the message is cut into records. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tls/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The message of the first record, again in records of `size` bytes. */
static size_t cut(
    const uint8_t *data, size_t message_n, size_t size, uint8_t *out)
{
    size_t n = 0;

    for (size_t at = 0; at < message_n; at += size) {
        size_t part = message_n - at < size ? message_n - at : size;
        const uint8_t header[5] = {
            22, 3, 1, (uint8_t)(part >> 8), (uint8_t)part};

        memcpy(out + n, header, sizeof(header));
        memcpy(out + n + sizeof(header), data + 5 + at, part);
        n += sizeof(header) + part;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t again[6 * HELLO_MAX];
    struct hello first;
    struct hello second;
    struct cop_host host;
    size_t record_n = n < 5 ? 0 : (size_t)data[3] << 8 | data[4];

    if (hello_parse((struct cop_slice){(const char *)data, n}, &first) !=
        COP_OK) {
        return 0;
    }
    if (first.has_sni &&
        (cop_host_parse(cop_host_slice(&first.sni), &host) != COP_OK ||
            !cop_host_eq(&host, &first.sni))) {
        abort();
    }
    for (size_t size = 1; size < 3 && record_n + 5 <= n; size++) {
        size_t again_n = cut(data, record_n, size, again);
        enum cop_status status = hello_parse(
            (struct cop_slice){(const char *)again, again_n}, &second);

        if (status == COP_OK ? first.has_sni != second.has_sni
                             : status != COP_AGAIN && status != COP_E_LIMIT) {
            abort();
        }
    }
    return 0;
}
