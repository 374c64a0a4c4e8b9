/* The engine against the naive evaluator over requirements that change with the
 * date, the class of subscriber and the hour (tests/support/moving), at random
 * moments; and that a verdict holds as long as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "cop/decide.h"
#include "rules/read/date.h"
#include "tests/support/naive.h"
#include "tests/support/urls.h"

enum { URLS = 20000, ASKED_EACH = 4, PEOPLE_MAX = 64, LATER_EACH = 3 };

static const char moving[] = TESTS_DIR "/support/moving";

static const char *const classes[] = {"", "residential", "school_pupil",
    "library_minor", "mobile_minor_line", "guest"};
static const unsigned ages[] = {5, 6, 7, 15, 16, 40};

static struct {
    struct naive naive;
    struct cop_image image;
    struct cop_bundle *bundle;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_cache *cache;
    struct {
        uint32_t engine, naive;
    } people[PEOPLE_MAX];
    size_t people_n;
} sides;

static void report_print(void *context, const struct cop_finding *finding)
{
    (void)context;
    if (finding->severity == COP_ERROR) {
        fprintf(stderr, "%s:%u: %s\n",
            finding->file != NULL ? finding->file : "-", finding->line,
            finding->what);
    }
}

static void add_person(unsigned age, const char *class, bool accepts)
{
    struct cop_subject subject = {.age = (uint8_t)age,
        .subscriber = cop_slice_of(class),
        .accepts_offers = accepts};
    struct naive_profile profile = {
        .age = age, .subscriber = subject.subscriber, .accepts_all = accepts};

    assert_true(sides.people_n < PEOPLE_MAX);
    assert_int_equal(cop_policy_add_subject(sides.policy, &subject,
                         &sides.people[sides.people_n].engine),
        COP_OK);
    sides.people[sides.people_n++].naive = naive_add(&sides.naive, &profile);
}

static int set_up(void **state)
{
    static const char *const folder = moving;
    struct cop_report report = {.emit = report_print};
    struct cop_compile_options options = {.now_unix = 1795514400};

    (void)state;
    naive_init(&sides.naive, moving);
    assert_int_equal(
        cop_compile(&folder, 1, &options, &report, &sides.image), COP_OK);
    assert_int_equal(cop_bundle_open_memory(sides.image.bytes, sides.image.n,
                         "moving", &report, &sides.bundle),
        COP_OK);
    assert_int_equal(
        cop_policy_new(&sides.bundle, 1, &report, &sides.policy), COP_OK);
    assert_int_equal(cop_matcher_new(&sides.matcher), COP_OK);
    assert_int_equal(cop_cache_new(4096, &sides.cache), COP_OK);
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        for (size_t k = 0; k < sizeof classes / sizeof classes[0]; k++) {
            add_person(ages[i], classes[k], (i + k) % 2 == 0);
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cop_cache_free(&sides.cache);
    cop_matcher_free(&sides.matcher);
    cop_policy_free(&sides.policy);
    cop_bundle_drop(&sides.bundle);
    cop_image_free(&sides.image);
    naive_fini(&sides.naive);
    return 0;
}

/* Any second from 2024 to 2029, often one at an edge. */
static struct cop_moment any_moment(struct urls *chance)
{
    int64_t at = INT64_C(1704067200) + urls_below(chance, 5 * 365 * 1440) * 60;

    if (urls_below(chance, 4) == 0) { /* a quarter of an hour's first second */
        at = at / 900 * 900;
    }
    if (urls_below(chance, 4) == 0) { /* or the last before midnight */
        at = at / 86400 * 86400 - 1;
    }
    return (struct cop_moment){at, date_week_minute(at)};
}

static struct cop_slice requirement_id(const struct cop_verdict *verdict)
{
    struct cop_requirement r;

    if (verdict->requirement == COP_NONE) {
        return COP_LIT("");
    }
    cop_bundle_requirement(sides.bundle, verdict->requirement, &r);
    return r.id;
}

static bool same_decision(
    const struct cop_verdict *a, const struct cop_verdict *b)
{
    return a->action == b->action && a->level == b->level &&
           a->requirement == b->requirement && a->hit.rule == b->hit.rule;
}

/* Whatever the moment before holds_until_unix, it decides the same. */
static bool holds(const struct cop_class *class, uint32_t person,
    const struct cop_moment *moment, const struct cop_verdict *verdict,
    struct urls *chance)
{
    int64_t room = INT64_C(40) * 86400;

    if (verdict->holds_until_unix <= moment->unix_time ||
        verdict->holds_until_unix > verdict->until_unix) {
        return false;
    }
    if (verdict->holds_until_unix - moment->unix_time < room) {
        room = verdict->holds_until_unix - moment->unix_time;
    }
    for (unsigned i = 0; i < LATER_EACH; i++) {
        struct cop_moment later = {moment->unix_time + room - 1, 0};
        struct cop_verdict again;

        if (i != 0) {
            later.unix_time =
                moment->unix_time + (int64_t)urls_below(chance, (size_t)room);
        }
        later.week_minute = date_week_minute(later.unix_time);
        cop_evaluate(sides.policy, class, person, &later, &again);
        if (!same_decision(verdict, &again)) {
            return false;
        }
    }
    return true;
}

static bool ask(const struct cop_url *url, const struct cop_class *class,
    struct urls *chance, unsigned levels[COP_LEVEL_NONE + 1])
{
    size_t who = urls_below(chance, sides.people_n);
    struct cop_moment moment = any_moment(chance);
    struct naive_answer want;
    struct cop_verdict got;
    bool is_same;

    naive_decide(
        &sides.naive, url, NULL, sides.people[who].naive, &moment, &want);
    cop_evaluate(sides.policy, class, sides.people[who].engine, &moment, &got);
    levels[got.level]++;
    is_same = got.action == want.action && got.level == want.level &&
              cop_slice_eq(requirement_id(&got), want.requirement);
    if (!is_same) {
        fprintf(stderr, "%s at %lld for %zu: naive %s %s %.*s, engine %s %s\n",
            url->text.p, (long long)moment.unix_time, who,
            cop_action_word(want.action), cop_level_word(want.level),
            (int)want.requirement.n, want.requirement.p,
            cop_action_word(got.action), cop_level_word(got.level));
    } else if (!holds(class, sides.people[who].engine, &moment, &got, chance)) {
        fprintf(stderr, "%s at %lld for %zu: does not hold until %lld\n",
            url->text.p, (long long)moment.unix_time, who,
            (long long)got.holds_until_unix);
        is_same = false;
    }
    return is_same;
}

/* What is cached does not depend on the time, so a cached class is asked at
 * every moment, too. */
static void no_difference_at_any_moment(void **state)
{
    static const enum cop_level met[] = {COP_LEVEL_LOCKED_ENTRY,
        COP_LEVEL_LOCKED, COP_LEVEL_MANDATORY, COP_LEVEL_ALLOW_ONLY,
        COP_LEVEL_TEMPLATE, COP_LEVEL_DEFAULT_ON, COP_LEVEL_NONE};
    static struct cop_class class;
    static struct cop_url url;
    static char text[URLS_TEXT_BYTES];
    struct urls urls = {.state = 20261125, .naive = &sides.naive};
    unsigned levels[COP_LEVEL_NONE + 1] = {0};
    unsigned differences = 0;

    (void)state;
    for (unsigned n = 0; n < URLS;) {
        urls_make(&urls, text);
        if (cop_url_parse(cop_slice_of(text), &url) != COP_OK) {
            continue;
        }
        n++;
        cop_cache_classify(
            sides.cache, sides.policy, sides.matcher, &url, &class);
        for (unsigned i = 0; i < ASKED_EACH; i++) {
            differences += !ask(&url, &class, &urls, levels);
        }
        assert_true(differences < 10);
    }
    assert_int_equal(differences, 0);
    for (size_t i = 0; i < sizeof met / sizeof met[0]; i++) {
        printf("%8u %s\n", levels[met[i]], cop_level_word(met[i]));
        assert_true(levels[met[i]] > 100);
    }
}

static struct cop_verdict at(
    const char *text, uint32_t person, const struct cop_moment *moment)
{
    static struct cop_class class;
    static struct cop_url url;
    struct cop_verdict verdict;

    assert_int_equal(cop_url_parse(cop_slice_of(text), &url), COP_OK);
    cop_cache_classify(sides.cache, sides.policy, sides.matcher, &url, &class);
    cop_evaluate(sides.policy, &class, person, moment, &verdict);
    return verdict;
}

/* The cache answers the second question; the slot has ended in between. */
static void never_stale_across_a_slot(void **state)
{
    static const char url[] = "https://meet.test/";
    const int64_t morning = INT64_C(1795586400); /* 2026-11-25 06:00 UTC */
    struct cop_subject child = {.age = 9};
    struct cop_cache_counts before;
    struct cop_cache_counts after;
    struct cop_moment moment = {morning - 60, date_week_minute(morning - 60)};
    uint32_t person;

    (void)state;
    assert_int_equal(
        cop_policy_add_subject(sides.policy, &child, &person), COP_OK);
    struct cop_verdict verdict = at(url, person, &moment);

    assert_int_equal(verdict.action, COP_BLOCK);
    assert_true(verdict.until_unix == morning);
    assert_true(verdict.holds_until_unix == morning);
    moment = (struct cop_moment){morning, date_week_minute(morning)};
    cop_cache_counts(sides.cache, &before);
    verdict = at(url, person, &moment);
    cop_cache_counts(sides.cache, &after);
    assert_int_equal(after.hits, before.hits + 1);
    assert_int_equal(verdict.action, COP_ALLOW);
    assert_true(verdict.until_unix == INT64_MAX);
    /* until the same evening, or sooner where a list is amended */
    assert_true(verdict.holds_until_unix <= morning + 14 * 3600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_difference_at_any_moment),
        cmocka_unit_test(never_stale_across_a_slot),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
