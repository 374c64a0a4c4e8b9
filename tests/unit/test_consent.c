/* Going on behind a warning: whose wish counts, for what, and how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/filter/consent.h"

enum { NOW = 1800000000 };

static const unsigned char key[CONSENT_KEY_BYTES] = "one key";
static const unsigned char other_key[CONSENT_KEY_BYTES] = "another key";

static struct cop_url warned;

static void read_url(const char *text, struct cop_url *out)
{
    assert_int_equal(cop_url_parse(cop_slice_of(text), out), COP_OK);
}

static struct consent usual(void)
{
    read_url("https://warned.example/a?b=1", &warned);
    return (struct consent){
        .key = key,
        .client = {1, 2, 3},
        .profile = COP_LIT("mia"),
        .requirement = COP_LIT("cop:req:XX:a:b"),
        .url = &warned,
    };
}

static void add_field(
    struct http_head *head, const char *name, const char *value)
{
    struct http_field *field = &head->fields[head->fields_n++];

    field->name = cop_slice_of(name);
    field->value = cop_slice_of(value);
    field->id = http_field_id(field->name);
}

static struct http_head post(void)
{
    return (struct http_head){.method = COP_LIT("POST")};
}

/* The ticket of a page's form, and the URL that the form leads to. */
static struct cop_slice send_form(
    const struct consent *consent, struct arena *arena, struct cop_url *url)
{
    struct buf form;
    struct cop_slice ticket;
    char text[COP_URL_MAX];

    buf_init(&form, 16384);
    consent_form(consent, NOW, &form);
    assert_false(form.failed);
    (void)snprintf(
        text, sizeof(text), "https://warned.example%.*s", (int)form.n, form.p);
    buf_fini(&form);
    read_url(text, url);
    assert_true(consent_is_form(url));
    consent_read(url, arena, &ticket);
    return ticket;
}

static void a_ticket_is_for_one_thing(void **state)
{
    struct consent asked = usual();
    struct arena arena;
    struct http_head head = post();
    struct cop_url url;
    struct cop_slice ticket;

    (void)state;
    arena_init(&arena, 1 << 16);
    ticket = send_form(&asked, &arena, &url);
    assert_true(cop_slice_eq(url.text, warned.text));
    asked.url = &url;
    assert_true(consent_ticket_holds(&asked, &head, ticket, NOW));
    assert_true(consent_ticket_holds(
        &asked, &head, ticket, NOW + CONSENT_TICKET_S - 1));
    assert_false(
        consent_ticket_holds(&asked, &head, ticket, NOW + CONSENT_TICKET_S));
    assert_false(consent_ticket_holds(&asked, &head, COP_LIT(""), NOW));
    asked.client[15] = 9;
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    asked.client[15] = 0;
    asked.profile = COP_LIT("ben");
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    asked.profile = COP_LIT("mia");
    asked.requirement = COP_LIT("cop:req:XX:a:c");
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    asked.requirement = COP_LIT("cop:req:XX:a:b");
    asked.key = other_key;
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    asked.key = key;
    read_url("https://warned.example/a?b=2", &url);
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    read_url("https://other.example/a?b=1", &url);
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    arena_fini(&arena);
}

/* What is beside each other cannot be moved from one to the other. */
static void parts_do_not_run_together(void **state)
{
    struct consent asked = usual();
    struct arena arena;
    struct http_head head = post();
    struct cop_url url;
    struct cop_slice ticket;

    (void)state;
    arena_init(&arena, 1 << 16);
    ticket = send_form(&asked, &arena, &url);
    asked.profile = COP_LIT("miac");
    asked.requirement = COP_LIT("op:req:XX:a:b");
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    arena_fini(&arena);
}

static void only_the_pages_own_form_counts(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        bool holds;
    } rows[] = {
        {"Sec-Fetch-Site", "same-origin", true},
        {"sec-fetch-site", "none", false},
        {"Sec-Fetch-Site", "same-site", false},
        {"Sec-Fetch-Site", "cross-site", false},
        {"Origin", "https://warned.example", true},
        {"Origin", "http://warned.example", false},
        {"Origin", "https://warned.example.other.example", false},
        {"Origin", "null", false},
    };
    struct consent asked = usual();
    struct arena arena;
    struct cop_url url;
    struct cop_slice ticket;
    struct http_head head;

    (void)state;
    arena_init(&arena, 1 << 16);
    ticket = send_form(&asked, &arena, &url);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        head = post();
        add_field(&head, rows[i].name, rows[i].value);
        assert_int_equal(
            consent_ticket_holds(&asked, &head, ticket, NOW), rows[i].holds);
    }
    head = post();
    head.method = COP_LIT("GET");
    assert_false(consent_ticket_holds(&asked, &head, ticket, NOW));
    arena_fini(&arena);
}

/* Whatever stands in it, a form leads to a path of its own host. */
static void a_form_leads_nowhere_else(void **state)
{
    static const struct {
        const char *query;
        const char *to;
    } rows[] = {
        {"?to=%2Fx%3Fa%3D%2525", "https://warned.example/x?a=%25"},
        {"?to=%2F%2Fevil.example%2F", "https://warned.example//evil.example/"},
        {"?to=https%3A%2F%2Fevil.example", "https://warned.example/"},
        {"?to=%5Cevil.example", "https://warned.example/"},
        {"?to=%2F%0D%0ALocation:x", "https://warned.example/"},
        {"?to=%2F%zz", "https://warned.example/"},
        {"?to=%2", "https://warned.example/"},
        {"?to=", "https://warned.example/"},
        {"?t=1", "https://warned.example/"},
        {"", "https://warned.example/"},
        {"?to=%2F.well-known%2Fcopgate%2Fcontinue", "https://warned.example/"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cop_url url;
        struct cop_slice ticket;
        char text[256];

        (void)snprintf(text, sizeof(text),
            "https://warned.example/.well-known/copgate/continue%s",
            rows[i].query);
        read_url(text, &url);
        assert_true(consent_is_form(&url));
        consent_read(&url, &arena, &ticket);
        assert_int_equal(ticket.n, 0);
        if (!cop_slice_eq(url.text, cop_slice_of(rows[i].to))) {
            fail_msg(
                "%s led to %.*s", rows[i].query, (int)url.text.n, url.text.p);
        }
    }
    arena_fini(&arena);
}

static void a_long_way_is_shortened(void **state)
{
    struct consent asked = usual();
    struct http_head head = post();
    struct arena arena;
    struct cop_url url;
    struct cop_slice ticket;
    static char text[CONSENT_PATH_MAX + 64];

    (void)state;
    arena_init(&arena, 1 << 16);
    memset(text, 'a', sizeof(text) - 1);
    memcpy(text, "https://warned.example/", 23);
    read_url(text, &warned);
    ticket = send_form(&asked, &arena, &url);
    assert_true(cop_slice_eq(url.text, COP_LIT("https://warned.example/")));
    asked.url = &url;
    assert_true(consent_ticket_holds(&asked, &head, ticket, NOW));
    arena_fini(&arena);
}

static void cookie_of(const struct consent *consent, char out[256])
{
    struct buf cookie;

    buf_init(&cookie, 1024);
    consent_cookie(consent, NOW, &cookie);
    assert_false(cookie.failed);
    (void)snprintf(out, 256, "%.*s", (int)cookie.n, cookie.p);
    buf_fini(&cookie);
}

static void a_pass_holds_for_the_host(void **state)
{
    struct consent asked = usual();
    struct http_head head = {.method = COP_LIT("GET")};
    char cookie[256];
    char sent[512];

    (void)state;
    cookie_of(&asked, cookie);
    assert_non_null(strstr(cookie, "; HttpOnly"));
    assert_non_null(strstr(cookie, "; Secure"));
    assert_null(strstr(cookie, "Domain"));
    (void)snprintf(sent, sizeof(sent), "a=b; copgate-continue=0; %.*s;c=d",
        (int)strcspn(cookie, ";"), cookie);
    add_field(&head, "Cookie", sent);
    read_url("https://warned.example/elsewhere", &warned);
    assert_true(consent_pass_holds(&asked, &head, NOW));
    assert_true(consent_pass_holds(&asked, &head, NOW + CONSENT_PASS_S - 1));
    assert_false(consent_pass_holds(&asked, &head, NOW + CONSENT_PASS_S));
    read_url("https://www.warned.example/", &warned);
    assert_false(consent_pass_holds(&asked, &head, NOW));
    read_url("http://warned.example/", &warned);
    cookie_of(&asked, cookie);
    assert_null(strstr(cookie, "Secure"));
}

/* Trying every token that somebody sends would be work for nothing. */
static void few_passes_are_tried(void **state)
{
    struct consent asked = usual();
    struct http_head head = {.method = COP_LIT("GET")};
    char cookie[256];
    char sent[1024];

    (void)state;
    cookie_of(&asked, cookie);
    (void)snprintf(sent, sizeof(sent),
        "copgate-continue=1; copgate-continue=2; copgate-continue=3; "
        "copgate-continue=4; %.*s",
        (int)strcspn(cookie, ";"), cookie);
    add_field(&head, "Cookie", sent);
    assert_false(consent_pass_holds(&asked, &head, NOW));
}

static void passes_go_no_further(void **state)
{
    static const struct {
        const char *sent;
        const char *kept; /* NULL: nothing */
    } rows[] = {
        {"a=1; copgate-continue=x; b=2", "a=1; b=2"},
        {"copgate-continue=x", NULL},
        {"copgate-continue=x; a=1", "a=1"},
        {"a=1;copgate-continue=x", "a=1"},
        {" copgate-continue =x;a=1", "a=1"},
        {"a=copgate-continue", "a=copgate-continue"},
        {"xcopgate-continue=1", "xcopgate-continue=1"},
        {"a=1; copgate-continue=x; copgate-continue=y", "a=1"},
        {"a=1", "a=1"},
    };
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_head head = {.method = COP_LIT("GET")};

        add_field(&head, "cOOkie", rows[i].sent);
        add_field(&head, "X-Cookie", "copgate-continue=x");
        consent_strip(&head, &arena);
        assert_int_equal(head.fields[0].dropped, rows[i].kept == NULL);
        if (rows[i].kept != NULL &&
            !cop_slice_eq(head.fields[0].value, cop_slice_of(rows[i].kept))) {
            fail_msg("%s became %.*s", rows[i].sent,
                (int)head.fields[0].value.n, head.fields[0].value.p);
        }
        assert_false(head.fields[1].dropped);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_is_for_one_thing),
        cmocka_unit_test(parts_do_not_run_together),
        cmocka_unit_test(only_the_pages_own_form_counts),
        cmocka_unit_test(a_form_leads_nowhere_else),
        cmocka_unit_test(a_long_way_is_shortened),
        cmocka_unit_test(a_pass_holds_for_the_host),
        cmocka_unit_test(few_passes_are_tried),
        cmocka_unit_test(passes_go_no_further),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
