/* A database of addresses from a stranger: refused, or every lookup ends. */
#include <stddef.h>
#include <unistd.h>

#include "cop/locate.h"

static void look_up(int fd, enum cop_database kind)
{
    static const uint8_t firsts[] = {0, 1, 10, 127, 192, 198, 203, 255};
    int fds[COP_DATABASES] = {-1, -1};
    struct cop_locator *locator = NULL;

    fds[kind] = fd;
    if (cop_locator_new(fds, &locator) != COP_OK) {
        __builtin_trap(); /* what was sealed had been opened */
    }
    for (size_t i = 0; i < sizeof(firsts); i++) {
        struct cop_address ip4 = {
            .bytes = {[10] = 0xff, [11] = 0xff, [12] = firsts[i]}};
        struct cop_address ip6 = {.bytes = {0x20, 0x01, 0x0d, firsts[i]}};

        cop_locate(locator, &ip4);
        cop_locate(locator, &ip6);
    }
    cop_locator_free(&locator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct cop_slice bytes = {(const char *)data, n};

    for (unsigned kind = 0; kind < COP_DATABASES; kind++) {
        struct cop_database_facts facts;
        int fd = -1;

        if (cop_database_seal(bytes, (enum cop_database)kind, "fuzz", NULL,
                &facts, &fd) == COP_OK) {
            look_up(fd, (enum cop_database)kind);
            close(fd);
        }
    }
    return 0;
}
