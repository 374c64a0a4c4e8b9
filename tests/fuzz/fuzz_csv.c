/* Any bytes as a table, with a header and without, with categories and not. */
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/list_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct cop_slice known[] = {{"bet", 3}};
    static const struct fact_list lists[] = {
        {.format = LIST_CSV,
            .object = ENTRY_DOMAIN,
            .csv = {.delimiter = ',', .name = {.number = 1}}},
        {.format = LIST_CSV,
            .object = ENTRY_CIDR,
            .csv = {.delimiter = ';',
                .has_header = true,
                .name = {.header = {"name", 4}},
                .category = {.header = {"type", 4}},
                .only = {"bet", 3},
                .known = known,
                .known_n = 1,
                .tells_unknown = true}},
    };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list_lines_read(&lists[i], data, n);
    }
    return 0;
}
