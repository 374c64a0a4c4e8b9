/* The log of names, its chain, and how often something may be done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/proc/allowance.h"
#include "gateway/proc/ledger.h"

struct place {
    char path[64];
    char text[8192];
    size_t n;
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    int fd;

    assert_non_null(place);
    (void)snprintf(place->path, sizeof(place->path), "/tmp/cop-ledger-XXXXXX");
    fd = mkstemp(place->path);
    assert_true(fd >= 0);
    close(fd);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    (void)unlink(place->path);
    free(place);
    return 0;
}

static enum cop_status begin(const struct place *place, struct ledger *ledger)
{
    int fd = open(place->path, O_RDWR | O_APPEND | O_CLOEXEC);

    assert_true(fd >= 0);
    return ledger_open(ledger, fd);
}

static void add(struct ledger *ledger, const char *name)
{
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    assert_int_equal(
        ledger_add(ledger, &host, COP_LIT("certificate"), 1795000000), COP_OK);
}

/* The first line that does not hold, 0 for none. */
static uint64_t check(const struct place *place, uint64_t *lines)
{
    FILE *file = fopen(place->path, "r");
    struct ledger last;
    uint64_t bad = 0;
    enum cop_status status;

    assert_non_null(file);
    status = ledger_check(file, &bad, &last);
    assert_int_equal(status, bad == 0 ? COP_OK : COP_E_DIGEST);
    assert_int_equal(fclose(file), 0);
    *lines = last.n;
    return bad;
}

static void load(struct place *place)
{
    FILE *file = fopen(place->path, "r");

    assert_non_null(file);
    place->n = fread(place->text, 1, sizeof(place->text) - 1, file);
    place->text[place->n] = '\0';
    assert_int_equal(fclose(file), 0);
}

static void store(const struct place *place, const char *text, size_t n)
{
    FILE *file = fopen(place->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void write_five(const struct place *place)
{
    struct ledger ledger;

    assert_int_equal(begin(place, &ledger), COP_OK);
    add(&ledger, "a.example");
    add(&ledger, "192.0.2.1");
    add(&ledger, "2001:db8::1");
    ledger_close(&ledger);
    assert_int_equal(begin(place, &ledger), COP_OK);
    assert_int_equal(ledger.n, 3);
    add(&ledger, "b.example");
    add(&ledger, "b.example");
    ledger_close(&ledger);
}

static void test_a_chain_goes_on(void **state)
{
    struct place *place = *state;
    uint64_t lines = 0;

    assert_int_equal(check(place, &lines), 0);
    assert_int_equal(lines, 0);
    write_five(place);
    assert_int_equal(check(place, &lines), 0);
    assert_int_equal(lines, 5);
    load(place);
    assert_non_null(strstr(place->text,
        "{\"n\":3,\"unix\":1795000000,\"host\":\"2001:db8::1\",\"sha256\":\""));
}

static void test_every_changed_byte_shows(void **state)
{
    struct place *place = *state;
    uint64_t lines = 0;

    write_five(place);
    load(place);
    for (size_t i = 0; i < place->n; i++) {
        place->text[i] ^= 1;
        store(place, place->text, place->n);
        assert_int_not_equal(check(place, &lines), 0);
        place->text[i] ^= 1;
    }
}

static void test_a_line_taken_out_shows(void **state)
{
    struct place *place = *state;
    const char *second;
    const char *third;
    uint64_t lines = 0;

    write_five(place);
    load(place);
    second = strchr(place->text, '\n') + 1;
    third = strchr(second, '\n') + 1;
    store(place, second, place->n - (size_t)(second - place->text));
    assert_int_equal(check(place, &lines), 1);
    memmove(place->text + (second - place->text), third, strlen(third) + 1);
    store(place, place->text, strlen(place->text));
    assert_int_equal(check(place, &lines), 2);
    assert_int_equal(lines, 1);
}

/* A torn or foreign last line is said and does not swallow the next. */
static void test_a_torn_end(void **state)
{
    struct place *place = *state;
    struct ledger ledger;
    uint64_t lines = 0;

    write_five(place);
    load(place);
    store(place, place->text, place->n - 10);
    assert_int_equal(begin(place, &ledger), COP_E_SYNTAX);
    assert_int_equal(ledger.n, 0);
    add(&ledger, "c.example");
    ledger_close(&ledger);
    assert_int_equal(check(place, &lines), 5);
    assert_int_equal(begin(place, &ledger), COP_OK);
    assert_int_equal(ledger.n, 1);
    ledger_close(&ledger);
    store(place, "not ours\n", 9);
    assert_int_equal(begin(place, &ledger), COP_E_SYNTAX);
    ledger_close(&ledger);
}

static void test_what_cannot_be_written_is_told(void **state)
{
    struct ledger ledger;
    struct cop_host host;
    int fd = open("/dev/full", O_RDWR | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ledger_open(&ledger, fd), COP_OK);
    assert_int_equal(cop_host_parse(COP_LIT("a.example"), &host), COP_OK);
    assert_int_equal(ledger_add(&ledger, &host, COP_LIT("x"), 1), COP_E_IO);
    assert_int_equal(ledger_add(&ledger, &host, COP_LIT("x"), 1), COP_E_IO);
    ledger_close(&ledger);
    assert_int_equal(ledger_open(&ledger, -1), COP_OK);
    assert_int_equal(ledger_add(&ledger, &host, COP_LIT("x"), 1), COP_OK);
}

static int take(struct allowance *allowance, int n, int64_t now_ms)
{
    int taken = 0;

    for (int i = 0; i < n; i++) {
        taken += allowance_take(allowance, 10, 50, now_ms) ? 1 : 0;
    }
    return taken;
}

static void test_an_allowance(void **state)
{
    struct allowance allowance = {0};

    (void)state;
    assert_int_equal(take(&allowance, 100, 1000), 50);
    assert_int_equal(take(&allowance, 100, 1000), 0);
    assert_int_equal(take(&allowance, 100, 1099), 0);
    assert_int_equal(take(&allowance, 100, 1100), 1);
    assert_int_equal(take(&allowance, 100, 2100), 10);
    /* A rest gives a burst and no more; a clock that goes back gives nothing.
     */
    assert_int_equal(take(&allowance, 100, INT64_MAX / 2), 50);
    assert_int_equal(take(&allowance, 100, 5000), 0);
    assert_int_equal(take(&allowance, 100, INT64_MAX / 2 + 1000), 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_chain_goes_on),
        TEST(test_every_changed_byte_shows),
        TEST(test_a_line_taken_out_shows),
        TEST(test_a_torn_end),
        cmocka_unit_test(test_what_cannot_be_written_is_told),
        cmocka_unit_test(test_an_allowance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
