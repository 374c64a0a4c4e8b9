/* A record that writes to a pipe, a policy with a requirement for each duty and
 * identity, and what is done beside decisions. Include once per program. */
#ifndef TESTS_UNIT_RECORD_FIXTURE_H
#define TESTS_UNIT_RECORD_FIXTURE_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "gateway/net/address.h"
#include "gateway/record/line.h"
#include "gateway/record/record.h"
#include "tests/unit/address_text.h"
#include "tests/unit/bundle_fixture.h"

/* One requirement for each duty and identity; its id is its host. */
struct duty_row {
    const char *host;
    enum cop_logging duty;
    enum cop_identity identity;
};

static const struct duty_row rows[] = {
    {"prohibited.test", COP_LOG_PROHIBITED, COP_IDENTITY_PERSON},
    {"aggregate.test", COP_LOG_AGGREGATE, COP_IDENTITY_PERSON},
    {"none.test", COP_LOG_PERMITTED, COP_IDENTITY_NONE},
    {"pseudonym.test", COP_LOG_REQUIRED, COP_IDENTITY_PSEUDONYM},
    {"device.test", COP_LOG_PERMITTED, COP_IDENTITY_DEVICE},
    {"person.test", COP_LOG_REQUIRED, COP_IDENTITY_PERSON},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct world {
    struct loop *loop;
    struct record *record;
    int pipe[2];
    struct fixture *fixture;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_moment moment;
    uint32_t profile;
    /* The decision being recorded. */
    struct cop_url url;
    struct cop_class class;
    struct cop_verdict verdict;
    struct sockaddr_storage client;
    struct record_decision decision;
};

/* What is done beside the decision: alerted to, marked, changed. */
static inline void fill_beside(struct fixture *f)
{
    struct tables_requirement *q = fixture_requirement(f, "alert");
    uint32_t list = fixture_own_list(f, "alert", LIST_DENY);

    q->instead = COP_ALERT;
    q->r.logging = COP_LOG_REQUIRED;
    q->r.identity = COP_IDENTITY_PERSON;
    fixture_add(f, list, ENTRY_DOMAIN, "alerted.test");
    fixture_add(f, list, ENTRY_DOMAIN, "none.test");
    fixture_add(f, list, ENTRY_DOMAIN, "help.test");
    fixture_add(f, list, ENTRY_DOMAIN, "both.test");
    q = fixture_requirement(f, "mark");
    q->instead = COP_LOG_ONLY;
    q->r.logging = COP_LOG_AGGREGATE;
    list = fixture_own_list(f, "mark", LIST_DENY);
    fixture_add(f, list, ENTRY_DOMAIN, "marked.test");
    fixture_add(f, list, ENTRY_DOMAIN, "both.test");
    q = fixture_requirement(f, "modify");
    q->instead = COP_MODIFY;
    q->r.logging = COP_LOG_PERMITTED;
    list = fixture_own_list(f, "modify", LIST_DENY);
    fixture_add(f, list, ENTRY_DOMAIN, "modified.test");
    f->changes[f->t.changes_n++] = (struct tables_change){.list = list,
        .kind = COP_CHANGE_QUERY,
        .name = COP_LIT("safe"),
        .value = COP_LIT("on")};
    q = fixture_requirement(f, "warn");
    q->instead = COP_WARN;
    fixture_add(
        f, fixture_own_list(f, "warn", LIST_DENY), ENTRY_DOMAIN, "warned.test");
}

static inline void fill_fixture(struct fixture *f)
{
    uint32_t gambling =
        fixture_category(f, "gambling", COP_CAT_GAMBLING_REAL_MONEY);
    uint32_t help = fixture_category(f, "help", COP_CAT_SAFETY_HELPLINE);
    uint32_t grant;

    for (int i = 0; i < ROWS; i++) {
        struct tables_requirement *q = fixture_requirement(f, rows[i].host);

        q->r.logging = rows[i].duty;
        q->r.identity = rows[i].identity;
        fixture_add(f, fixture_own_list(f, rows[i].host, LIST_DENY),
            ENTRY_DOMAIN, rows[i].host);
        fixture_add(f, gambling, ENTRY_DOMAIN, rows[i].host);
    }
    fixture_add(f, help, ENTRY_DOMAIN, "help.test");
    fill_beside(f);
    (void)fixture_profile(f, "Mia \"the child\"", 10);
    f->grants[f->t.grants_n++] = (struct tables_grant){.profile = 0,
        .until_unix = 1800000000,
        .by = COP_LIT("parent"),
        .reason = COP_LIT("homework")};
    grant = fixture_list(f, "grant", LIST_GRANT, 0);
    fixture_add(f, grant, ENTRY_URL, "granted.test/lesson");
}

static inline int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    socklen_t n;

    assert_non_null(world);
    assert_int_equal(loop_new(&world->loop), COP_OK);
    assert_int_equal(pipe2(world->pipe, O_NONBLOCK), 0);
    assert_int_equal(
        record_new(world->loop, world->pipe[1], &world->record), COP_OK);
    world->fixture = fixture_new("record");
    fill_fixture(world->fixture);
    world->policy = fixture_policy(world->fixture);
    assert_int_equal(cop_policy_profile(world->policy,
                         COP_LIT("Mia \"the child\""), &world->profile),
        COP_OK);
    assert_int_equal(cop_matcher_new(&world->matcher), COP_OK);
    world->moment = (struct cop_moment){1795514400, 600};
    address_of("198.51.100.23:5555", &world->client, &n);
    *state = world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *world = *state;

    record_free(&world->record);
    record_free(&world->record);
    cop_matcher_free(&world->matcher);
    cop_policy_free(&world->policy);
    fixture_free(&world->fixture);
    (void)close(world->pipe[0]);
    (void)close(world->pipe[1]);
    loop_free(&world->loop);
    free(world);
    return 0;
}

/* The one line that was written, also as text. The caller drops it. */
static inline json_t *written(
    struct world *world, char text[LINE_MAX_BYTES + 1])
{
    json_error_t error;
    json_t *root;
    ssize_t n;

    record_flush(world->record);
    n = read(world->pipe[0], text, LINE_MAX_BYTES);
    assert_true(n > 0);
    text[n] = '\0';
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
    root = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fail_msg("%s: %s", error.text, text);
    }
    return root;
}

/* Decide about a URL for the profile, ready to be recorded. */
static inline void decide(struct world *world, const char *url)
{
    assert_int_equal(cop_url_parse(cop_slice_of(url), &world->url), COP_OK);
    cop_classify(world->policy, world->matcher, &world->url, &world->class);
    cop_evaluate(world->policy, &world->class, world->profile, &world->moment,
        &world->verdict);
    world->decision = (struct record_decision){.stage = RECORD_REQUEST,
        .mode = "intercept",
        .connection = 42,
        .reference = "0123456789abcdef",
        .client = &world->client,
        .policy = world->policy,
        .profile = world->profile,
        .method = COP_LIT("GET"),
        .host = &world->url.host,
        .port = world->url.port,
        .url = &world->url,
        .class = &world->class,
        .verdict = &world->verdict};
}

static inline json_t *recorded(
    struct world *world, const char *url, char text[LINE_MAX_BYTES + 1])
{
    decide(world, url);
    record_decision(world->record, &world->decision);
    return written(world, text);
}

static inline void assert_text(
    json_t *root, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(root, name));

    if (text == NULL || strcmp(text, wanted) != 0) {
        fail_msg(
            "%s is %s, not %s", name, text != NULL ? text : "missing", wanted);
    }
}

static inline bool has(json_t *root, const char *name)
{
    return json_object_get(root, name) != NULL;
}

/* Exactly these members, in this order. */
static inline void assert_members(json_t *root, const char *const *wanted)
{
    const char *name;
    json_t *value;
    size_t i = 0;

    json_object_foreach(root, name, value)
    {
        if (wanted[i] == NULL || strcmp(name, wanted[i]) != 0) {
            fail_msg("member %s, not %s", name,
                wanted[i] != NULL ? wanted[i] : "the end");
        }
        i++;
    }
    assert_null(wanted[i]);
}

#endif
