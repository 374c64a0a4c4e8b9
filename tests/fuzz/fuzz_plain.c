/* Any bytes as a list whose lines stand by themselves: names, hosts, URL
 * prefixes or patterns, as the first byte says. */
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/list_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct fact_list lists[] = {
        {.format = LIST_DOMAINS, .object = ENTRY_DOMAIN},
        {.format = LIST_DOMAINS, .object = ENTRY_HOST},
        {.format = LIST_HOSTS, .object = ENTRY_HOST},
        {.format = LIST_URLS, .object = ENTRY_URL},
        {.format = LIST_PATTERNS, .object = ENTRY_PATTERN},
    };

    if (n == 0) {
        return 0;
    }
    list_lines_read(
        &lists[data[0] % (sizeof(lists) / sizeof(lists[0]))], data + 1, n - 1);
    return 0;
}
