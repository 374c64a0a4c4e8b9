/* What is written down of requirements that speak beside the decision, and of
 * who goes on behind a warning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/record_fixture.h"

static void assert_one(json_t *root, const char *name, const char *wanted)
{
    json_t *array = json_object_get(root, name);

    assert_int_equal(json_array_size(array), 1);
    assert_string_equal(json_string_value(json_array_get(array, 0)), wanted);
}

/* Where nobody decides, who is alerted learns what the alert's requirement
 * says; else no more than the deciding one allows. */
static void test_alerts(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://alerted.test/talk?x=1", text);

    assert_one(root, "alert", "alert");
    assert_text(root, "action", "allow");
    assert_text(root, "client", "198.51.100.23");
    assert_text(root, "path", "/talk");
    assert_false(has(root, "requirement"));
    assert_false(
        record_is_private(world->policy, &world->class, &world->verdict));
    json_decref(root);
    root = recorded(world, "https://none.test/", text);
    assert_one(root, "alert", "alert");
    assert_text(root, "requirement", "none.test");
    assert_false(has(root, "client"));
    assert_false(has(root, "profile"));
    json_decref(root);
    root = recorded(world, "https://help.test/", text);
    assert_false(has(root, "alert"));
    assert_false(has(root, "host"));
    json_decref(root);
}

static void test_marks(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://marked.test/", text);

    assert_one(root, "marked", "mark");
    assert_false(has(root, "host"));
    assert_false(has(root, "connection"));
    assert_true(
        record_is_private(world->policy, &world->class, &world->verdict));
    json_decref(root);
    root = recorded(world, "https://both.test/", text);
    assert_one(root, "alert", "alert");
    assert_one(root, "marked", "mark");
    assert_false(has(root, "client"));
    assert_false(has(root, "host"));
    json_decref(root);
}

static void test_changes(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://modified.test/find?q=1", text);

    assert_one(root, "modified", "modify");
    assert_text(root, "profile", "Mia \"the child\"");
    assert_false(has(root, "path"));
    json_decref(root);
    decide(world, "https://modified.test/");
    world->decision.is_unread = true;
    record_decision(world->record, &world->decision);
    root = written(world, text);
    assert_one(root, "unmodified", "modify");
    assert_false(has(root, "modified"));
    json_decref(root);
}

static void test_going_on(void **state)
{
    struct world *world = *state;
    char text[LINE_MAX_BYTES + 1];
    json_t *root = recorded(world, "https://warned.test/", text);

    assert_text(root, "action", "warn");
    assert_false(has(root, "continued"));
    json_decref(root);
    decide(world, "https://warned.test/");
    world->decision.goes_on = true;
    record_decision(world->record, &world->decision);
    root = written(world, text);
    assert_true(json_is_true(json_object_get(root, "continued")));
    json_decref(root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_alerts),
        TEST(test_marks),
        TEST(test_changes),
        TEST(test_going_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
