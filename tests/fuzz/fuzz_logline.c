/* A line of a decision log: what is read as one is an address that the engine
 * takes, said by words that the log has. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/copc/logline.h"

#define REQUIRE(holds) ((holds) ? (void)0 : abort())

static struct logline line;

static void check_decision(void)
{
    struct cop_slice by = line.decided.by;

    REQUIRE(line.decided.action <= COP_REDIRECT);
    REQUIRE(by.n != 0 && by.n <= LOGLINE_ID_MAX);
    REQUIRE(memchr(by.p, '\0', by.n) == NULL);
    REQUIRE(line.profile.n == 0 ||
            memchr(line.profile.p, '\0', line.profile.n) == NULL);
}

/* The address that is shown is the one that is decided. */
static void check_place(void)
{
    static struct cop_url url;
    struct cop_host host;

    REQUIRE(line.shown.n != 0);
    if (line.is_host) {
        REQUIRE(cop_host_parse(line.shown, &host) == COP_OK);
        REQUIRE(cop_host_eq(&host, &line.url.host));
        return;
    }
    REQUIRE(cop_url_parse(line.shown, &url) == COP_OK);
    REQUIRE(cop_slice_eq(url.text, line.url.text));
    REQUIRE(cop_host_eq(&url.host, &line.url.host));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum logline_kind kind =
        logline_read(&line, (struct cop_slice){(const char *)data, n});

    REQUIRE((kind == LOGLINE_BAD) == (line.flaw != NULL));
    REQUIRE((kind == LOGLINE_EMPTY) == (n == 0));
    if (kind == LOGLINE_ADDRESS || kind == LOGLINE_DECISION) {
        check_decision();
        check_place();
    }
    logline_fini(&line);
    return 0;
}
