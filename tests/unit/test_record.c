/* Decisions and ends as they are written down: what each duty to log and each
 * identity lets through, and that it is JSON whatever comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/record_fixture.h"

static void test_person_gets_everything(void **state)
{
    static const char *const members[] = {"time", "event", "stage", "mode",
        "connection", "reference", "client", "profile", "method", "scheme",
        "host", "port", "path", "action", "level", "categories", "requirement",
        "rule", NULL};
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(
        world, "https://www.person.test:8443/a/b.html?secret=1#part", text);
    json_t *rule = json_object_get(root, "rule");

    assert_members(root, members);
    assert_text(root, "event", "decision");
    assert_text(root, "stage", "request");
    assert_text(root, "mode", "intercept");
    assert_int_equal(
        json_integer_value(json_object_get(root, "connection")), 42);
    assert_text(root, "reference", "0123456789abcdef");
    assert_text(root, "client", "198.51.100.23");
    assert_text(root, "profile", "Mia \"the child\"");
    assert_text(root, "method", "GET");
    assert_text(root, "scheme", "https");
    assert_text(root, "host", "www.person.test");
    assert_int_equal(json_integer_value(json_object_get(root, "port")), 8443);
    assert_text(root, "path", "/a/b.html");
    assert_text(root, "action", "block");
    assert_text(root, "level", "default-on");
    assert_text(root, "requirement", "person.test");
    assert_int_equal(json_array_size(json_object_get(root, "categories")), 1);
    assert_string_equal(json_string_value(json_array_get(
                            json_object_get(root, "categories"), 0)),
        "gambling.real_money");
    assert_text(rule, "kind", "domain");
    assert_text(rule, "text", "person.test");
    assert_text(rule, "list", "person.test");
    assert_text(rule, "file", "lists/main.txt");
    assert_true(json_integer_value(json_object_get(rule, "line")) > 0);
    assert_null(strstr(text, "secret"));
    json_decref(root);
}

static void test_time_is_rfc3339(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://person.test/", text);
    const char *time = json_string_value(json_object_get(root, "time"));
    unsigned part[7];
    char end;

    assert_int_equal(strlen(time), strlen("2026-11-24T10:00:00.000Z"));
    assert_int_equal(
        sscanf(time, "%4u-%2u-%2uT%2u:%2u:%2u.%3u%c", &part[0], &part[1],
            &part[2], &part[3], &part[4], &part[5], &part[6], &end),
        8);
    assert_int_equal(end, 'Z');
    assert_in_range(part[0], 2024, 2200);
    json_decref(root);
}

/* Nothing that tells who or where, in any member. */
static void test_prohibited(void **state)
{
    static const char *const members[] = {"time", "event", "stage", "mode",
        "action", "level", "requirement", NULL};
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://www.prohibited.test/path", text);

    assert_members(root, members);
    assert_text(root, "requirement", "prohibited.test");
    assert_null(strstr(text, "www."));
    assert_null(strstr(text, "path"));
    assert_null(strstr(text, "198.51.100.23"));
    assert_null(strstr(text, "Mia"));
    assert_null(strstr(text, "0123456789abcdef"));
    assert_null(strstr(text, "gambling"));
    json_decref(root);
}

static void test_aggregate(void **state)
{
    static const char *const members[] = {"time", "event", "stage", "mode",
        "reference", "action", "level", "categories", "requirement", NULL};
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://www.aggregate.test/path", text);

    assert_members(root, members);
    assert_null(strstr(text, "www."));
    assert_null(strstr(text, "198.51.100.23"));
    assert_null(strstr(text, "Mia"));
    json_decref(root);
}

/* That a pattern gave up is told wherever categories are. */
static void test_limited(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];

    for (int i = 0; i < ROWS; i++) {
        char url[64];

        (void)snprintf(url, sizeof(url), "https://%s/", rows[i].host);
        decide(world, url);
        world->class.is_limited = true;
        record_decision(world->record, &world->decision);
        json_t *root = written(world, text);

        assert_int_equal(json_is_true(json_object_get(root, "limited")),
            rows[i].duty != COP_LOG_PROHIBITED);
        json_decref(root);
    }
}

static void test_identities(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://none.test/path", text);

    assert_false(has(root, "client"));
    assert_false(has(root, "profile"));
    assert_text(root, "host", "none.test");
    assert_text(root, "path", "/path");
    json_decref(root);

    root = recorded(world, "https://device.test/path", text);
    assert_text(root, "client", "198.51.100.23");
    assert_text(root, "profile", "Mia \"the child\"");
    json_decref(root);
}

static char *pseudonym(struct world *world)
{
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://pseudonym.test/path", text);
    char *it = strdup(json_string_value(json_object_get(root, "client")));

    assert_false(has(root, "profile"));
    assert_null(strstr(text, "198.51.100.23"));
    assert_int_equal(strlen(it), 16);
    assert_int_equal(strspn(it, "0123456789abcdef"), 16);
    json_decref(root);
    return it;
}

/* The same client is the same; another one, or another process, is not. */
static void test_pseudonyms(void **state)
{
    struct world *world = *state;
    char *first = pseudonym(world);
    char *again = pseudonym(world);
    char *other;
    char *later;
    socklen_t n;

    assert_string_equal(first, again);
    address_of("198.51.100.24:5555", &world->client, &n);
    other = pseudonym(world);
    assert_string_not_equal(first, other);
    record_free(&world->record);
    assert_int_equal(
        record_new(world->loop, world->pipe[1], &world->record), COP_OK);
    later = pseudonym(world);
    assert_string_not_equal(other, later);
    free(first);
    free(again);
    free(other);
    free(later);
}

/* No requirement decided: the profile and the host, not the client nor what
 * was read there. */
static void test_no_requirement(void **state)
{
    static const char *const members[] = {"time", "event", "stage", "mode",
        "connection", "reference", "profile", "method", "scheme", "host",
        "port", "action", "level", "categories", NULL};
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "http://other.test/path", text);

    assert_members(root, members);
    assert_text(root, "action", "allow");
    assert_text(root, "level", "none");
    assert_int_equal(json_array_size(json_object_get(root, "categories")), 0);
    assert_null(strstr(text, "path"));
    json_decref(root);
}

static void test_grant_has_its_end(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://granted.test/lesson/1", text);

    assert_text(root, "level", "grant");
    assert_text(root, "until", "2027-01-15T08:00:00Z");
    assert_false(has(root, "path"));
    assert_text(json_object_get(root, "rule"), "kind", "url");
    json_decref(root);
}

/* Who looks for help is not written down, although nothing forbids it. */
static void test_protected_place(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://chat.help.test/talk", text);

    assert_text(root, "action", "allow");
    assert_false(has(root, "host"));
    assert_false(has(root, "profile"));
    assert_null(strstr(text, "help.test"));
    assert_true(
        record_is_private(world->policy, &world->class, &world->verdict));
    json_decref(root);
}

static void test_which_are_private(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < ROWS; i++) {
        decide(world, rows[i].host);
        assert_int_equal(
            record_is_private(world->policy, &world->class, &world->verdict),
            rows[i].duty == COP_LOG_PROHIBITED ||
                rows[i].duty == COP_LOG_AGGREGATE);
    }
    decide(world, "other.test");
    assert_false(
        record_is_private(world->policy, &world->class, &world->verdict));
}

static void test_connect(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root;

    decide(world, "https://device.test/");
    world->decision.stage = RECORD_CONNECT;
    world->decision.mode = "refuse";
    world->decision.method.n = 0;
    world->decision.url = NULL;
    world->decision.reference[0] = '\0';
    record_decision(world->record, &world->decision);
    root = written(world, text);
    assert_text(root, "stage", "connect");
    assert_text(root, "mode", "refuse");
    assert_text(root, "host", "device.test");
    assert_int_equal(json_integer_value(json_object_get(root, "port")), 443);
    assert_false(has(root, "method"));
    assert_false(has(root, "scheme"));
    assert_false(has(root, "path"));
    assert_false(has(root, "reference"));
    json_decref(root);
}

/* The longest of everything is still one whole line, with what matters. */
static void test_longest(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    char url[COP_URL_MAX];
    char method[5000];
    json_t *root;
    const char *path;

    memset(url, 'p', sizeof(url));
    memcpy(url, "https://person.test/", strlen("https://person.test/"));
    url[sizeof(url) - 100] = '\0';
    decide(world, url);
    memset(method, '"', sizeof(method));
    world->decision.method = (struct cop_slice){method, sizeof(method)};
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        cop_catset_add(&world->class.categories, i);
    }
    world->verdict.until_unix = 1800000000;
    record_decision(world->record, &world->decision);
    root = written(world, text);
    path = json_string_value(json_object_get(root, "path"));
    assert_int_equal(strlen(path), 1024);
    assert_true(json_array_size(json_object_get(root, "categories")) > 20);
    assert_text(root, "requirement", "person.test");
    assert_text(root, "until", "2027-01-15T08:00:00Z");
    assert_text(json_object_get(root, "rule"), "file", "lists/main.txt");
    json_decref(root);
}

static struct record_end end_of(const struct cop_host *host)
{
    return (struct record_end){.connection = 7,
        .mode = "splice",
        .reason = COP_REASON_ORIGIN_TLS,
        .detail = "handshake failure\n\xff",
        .host = host,
        .requests = 3,
        .up_bytes = 1000,
        .down_bytes = 5000000000,
        .lasted_ms = 1234};
}

static void test_end(void **state)
{
    static const char *const members[] = {"time", "event", "connection", "mode",
        "reason", "whose", "detail", "host", "requests", "up_bytes",
        "down_bytes", "lasted_ms", NULL};
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    struct cop_host host;
    struct record_end end;
    json_t *root;

    assert_int_equal(cop_host_parse(COP_LIT("origin.test"), &host), COP_OK);
    end = end_of(&host);
    record_end(world->record, &end);
    root = written(world, text);
    assert_members(root, members);
    assert_text(root, "event", "end");
    assert_text(root, "mode", "splice");
    assert_text(root, "reason", "origin_tls");
    assert_text(root, "whose", "origin");
    assert_text(root, "detail", "handshake failure\n\xef\xbf\xbd");
    assert_text(root, "host", "origin.test");
    assert_int_equal(
        json_integer_value(json_object_get(root, "down_bytes")), 5000000000);
    assert_int_equal(
        json_integer_value(json_object_get(root, "lasted_ms")), 1234);
    json_decref(root);
}

static void test_private_end(void **state)
{
    static const char *const members[] = {"time", "event", "mode", "reason",
        "whose", "requests", "up_bytes", "down_bytes", "lasted_ms", NULL};
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    struct cop_host host;
    struct record_end end;
    json_t *root;

    assert_int_equal(cop_host_parse(COP_LIT("origin.test"), &host), COP_OK);
    end = end_of(&host);
    end.is_private = true;
    record_end(world->record, &end);
    root = written(world, text);
    assert_members(root, members);
    assert_null(strstr(text, "origin.test"));
    json_decref(root);
}

static void test_end_of_each_reason(void **state)
{
    static const char *const whose[] = {
        "nobody", "policy", "client", "origin", "gateway"};
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];

    for (unsigned i = 0; i < COP_REASONS; i++) {
        struct record_end end = {
            .mode = "plain", .reason = (enum cop_reason)i, .lasted_ms = -5};
        json_t *root;

        record_end(world->record, &end);
        root = written(world, text);
        assert_text(root, "reason", cop_reason_word(end.reason));
        assert_text(root, "whose", whose[cop_reason_whose(end.reason)]);
        assert_int_equal(
            json_integer_value(json_object_get(root, "lasted_ms")), 0);
        assert_false(has(root, "host"));
        assert_false(has(root, "detail"));
        json_decref(root);
    }
}

static void test_detail_is_cut(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    char detail[1000];
    struct record_end end = {
        .mode = "plain", .reason = COP_REASON_MINT, .detail = detail};
    json_t *root;

    memset(detail, 'd', sizeof(detail) - 1);
    detail[sizeof(detail) - 1] = '\0';
    record_end(world->record, &end);
    root = written(world, text);
    assert_int_equal(
        strlen(json_string_value(json_object_get(root, "detail"))), 200);
    json_decref(root);
}

static void test_redirect(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    int other[2];
    json_t *root;

    assert_int_equal(pipe2(other, O_NONBLOCK), 0);
    decide(world, "other.test");
    record_decision(world->record, &world->decision);
    record_redirect(world->record, other[1]);
    root = written(world, text); /* the first went to the old one */
    json_decref(root);
    record_decision(world->record, &world->decision);
    record_flush(world->record);
    assert_int_equal(read(world->pipe[0], text, sizeof(text)), -1);
    assert_true(read(other[0], text, sizeof(text)) > 0);
    record_redirect(world->record, world->pipe[1]);
    (void)close(other[0]);
    (void)close(other[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_person_gets_everything),
        TEST(test_time_is_rfc3339),
        TEST(test_prohibited),
        TEST(test_aggregate),
        TEST(test_limited),
        TEST(test_identities),
        TEST(test_pseudonyms),
        TEST(test_no_requirement),
        TEST(test_grant_has_its_end),
        TEST(test_protected_place),
        TEST(test_which_are_private),
        TEST(test_connect),
        TEST(test_longest),
        TEST(test_end),
        TEST(test_private_end),
        TEST(test_end_of_each_reason),
        TEST(test_detail_is_cut),
        TEST(test_redirect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
