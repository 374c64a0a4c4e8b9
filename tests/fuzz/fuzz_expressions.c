/* Any bytes as squidGuard's expressions. */
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/list_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct fact_list list = {.format = LIST_EXPRESSIONS};

    list_lines_read(&list, data, n);
    return 0;
}
