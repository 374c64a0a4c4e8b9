/* HTTP/2 from clients: what comes out as a request can be written as HTTP/1
 * and is read there as the same. */
#include "tests/fuzz/h2_drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct h2_options options = drive_options;
    struct h2 *h2 = NULL;

    options.role = H2_SERVER;
    if (n == 0 || h2_new(&options, &h2) != COP_OK) {
        return 0;
    }
    drive(h2, data, n);
    h2_free(&h2);
    return 0;
}
