/* The messages between a worker and keyd: what is read is written the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tls/mint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct mint_request request;
    static struct mint_reply reply;
    uint8_t again[MINT_MESSAGE_MAX];
    struct cop_slice bytes = {(const char *)data, n};

    if (mint_read_request(bytes, &request) == COP_OK &&
        (mint_write_request(&request, again) != n ||
            memcmp(again, data, n) != 0)) {
        abort();
    }
    if (mint_read_reply(bytes, &reply) == COP_OK &&
        (mint_write_reply(&reply, again) != n || memcmp(again, data, n) != 0)) {
        abort();
    }
    return 0;
}
