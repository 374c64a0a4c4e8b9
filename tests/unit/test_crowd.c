/* Clients counted by address, and hosts that an operator may exempt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/flow/crowd.h"
#include "gateway/flow/exempt.h"
#include "gateway/net/address.h"

static struct sockaddr_storage client(uint32_t number, uint16_t port)
{
    uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};
    struct sockaddr_storage address;
    socklen_t n;

    bytes[14] = (uint8_t)(number >> 8);
    bytes[15] = (uint8_t)number;
    address_from_bytes(bytes, port, &address, &n);
    return address;
}

static void test_each_has_so_many(void **state)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct crowd_member *members[4] = {NULL};
    struct sockaddr_storage address;

    (void)state;
    assert_non_null(crowd);
    crowd_init(crowd);
    for (uint16_t i = 0; i < 3; i++) {
        address = client(1, (uint16_t)(1000 + i));
        assert_int_equal(crowd_enter(crowd, &address, 3, &members[i]), COP_OK);
    }
    assert_int_equal(crowd_enter(crowd, &address, 3, &members[3]), COP_E_LIMIT);
    address = client(2, 1000);
    assert_int_equal(crowd_enter(crowd, &address, 3, &members[3]), COP_OK);
    crowd_leave(&members[0]);
    assert_null(members[0]);
    crowd_leave(&members[0]);
    address = client(1, 2000);
    assert_int_equal(crowd_enter(crowd, &address, 3, &members[0]), COP_OK);
    assert_int_equal(members[0]->n, 3);
    for (int i = 0; i < 4; i++) {
        crowd_leave(&members[i]);
    }
    free(crowd);
}

/* More clients than buckets come, and go in another order. */
static void test_many_come_and_go(void **state)
{
    enum { MANY = 5000 };
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    struct crowd_member **members = calloc(MANY, sizeof(*members));

    (void)state;
    assert_non_null(crowd);
    assert_non_null(members);
    crowd_init(crowd);
    for (uint32_t i = 0; i < MANY; i++) {
        struct sockaddr_storage address = client(i, 1);

        assert_int_equal(crowd_enter(crowd, &address, 1, &members[i]), COP_OK);
    }
    for (uint32_t i = 0; i < MANY; i += 2) {
        crowd_leave(&members[i]);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        struct sockaddr_storage address = client(i, 2);

        if (members[i] == NULL) {
            assert_int_equal(
                crowd_enter(crowd, &address, 1, &members[i]), COP_OK);
        } else {
            struct crowd_member *more = NULL;

            assert_int_equal(
                crowd_enter(crowd, &address, 1, &more), COP_E_LIMIT);
        }
    }
    for (uint32_t i = MANY; i > 0; i--) {
        crowd_leave(&members[i - 1]);
    }
    free(members);
    free(crowd);
}

static void note(
    struct exempt *exempt, const char *name, enum cop_reason reason)
{
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(name), &host), COP_OK);
    exempt_note(exempt, &host, reason);
}

struct told {
    char text[256];
    int n;
};

static void tell(void *context, const struct cop_host *host,
    uint64_t distrusted, uint64_t wanted)
{
    struct told *told = context;
    size_t used = strlen(told->text);

    told->n++;
    (void)snprintf(told->text + used, sizeof(told->text) - used, "%s %u %u; ",
        host->text, (unsigned)distrusted, (unsigned)wanted);
}

static void test_who_may_be_exempted(void **state)
{
    struct exempt exempt;
    struct told told = {.n = 0};
    char name[32];

    (void)state;
    assert_int_equal(exempt_init(&exempt), COP_OK);
    note(&exempt, "app.example", COP_REASON_CLIENT_DISTRUST);
    note(&exempt, "bank.example", COP_REASON_CLIENT_CERTIFICATE);
    note(&exempt, "app.example", COP_REASON_CLIENT_DISTRUST);
    note(&exempt, "app.example", COP_REASON_CLIENT_CERTIFICATE);
    note(&exempt, "other.example", COP_REASON_CERT_EXPIRED);
    exempt_each(&exempt, tell, &told);
    assert_string_equal(told.text, "app.example 2 1; bank.example 0 1; ");
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "a%d.example", i);
        note(&exempt, name, COP_REASON_CLIENT_DISTRUST);
    }
    told.n = 0;
    exempt_each(&exempt, tell, &told);
    assert_int_equal(told.n, EXEMPT_MAX);
    exempt_fini(&exempt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_has_so_many),
        cmocka_unit_test(test_many_come_and_go),
        cmocka_unit_test(test_who_may_be_exempted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
