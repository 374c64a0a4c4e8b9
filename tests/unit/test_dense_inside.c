/* Domains inside listed domains, decided by several bundles side by side: the
 * same lists are once too short for the dense index and once, with others
 * behind them that nobody asks for, in it. No verdict may differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/bundle/view.h"
#include "tests/unit/evaluate_fixture.h"

enum {
    FILLERS = 1200,
    LISTS = 3,
    NAMES = 120, /* of up to four labels of three below b.example */
    NAME_BYTES = 40,
    ROUNDS = 12
};

/* All names below b.example, the wider ones first. */
static void names_make(char names[NAMES + 1][NAME_BYTES])
{
    static const char labels[] = "xyz";
    unsigned n = 1;

    snprintf(names[0], NAME_BYTES, "b.example");
    for (unsigned i = 0; n <= NAMES; i++) {
        for (unsigned l = 0; l < 3 && n <= NAMES; l++) {
            snprintf(names[n++], NAME_BYTES, "%c.%.*s", labels[l],
                NAME_BYTES - 3, names[i]);
        }
    }
}

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 20;
}

struct sides {
    char names[NAMES + 1][NAME_BYTES];
    char fillers[FILLERS][NAME_BYTES];
    uint64_t state;
};

/* The nation: category lists with a requirement that denies each, exceptions
 * to the first, and `fillers` more domains in every list. */
static struct fixture *nation_make(struct sides *s, unsigned fillers)
{
    static const char *const lists[LISTS] = {"l0", "l1", "l2"};
    static const char *const ids[LISTS] = {"q0", "q1", "q2"};
    struct fixture *f = fixture_new("nation");
    uint32_t exceptions;

    for (unsigned l = 0; l < LISTS; l++) {
        uint32_t list = fixture_category(f, lists[l], COP_CAT_MEDIA_GAMES + l);

        fixture_requirement(f, ids[l])->r.categories =
            catset_of(COP_CAT_MEDIA_GAMES + l);
        for (unsigned i = 0; i <= NAMES; i++) {
            if (random_next(&s->state) % 5 == 0) {
                fixture_add(f, list, ENTRY_DOMAIN, s->names[i]);
            }
        }
        for (unsigned i = 0; i < fillers; i++) {
            snprintf(s->fillers[i], NAME_BYTES, "filler%u.test", i);
            fixture_add(f, list, ENTRY_DOMAIN, s->fillers[i]);
        }
    }
    exceptions = fixture_list(f, "q0:exceptions", LIST_ALLOW, 0);
    for (unsigned i = 0; i <= NAMES; i++) {
        if (random_next(&s->state) % 12 == 0) {
            fixture_add(f, exceptions, ENTRY_DOMAIN, s->names[i]);
        }
    }
    return f;
}

/* The school: a profile, and names that a requirement of the same level
 * allows. */
static struct fixture *school_make(struct sides *s)
{
    struct fixture *f = fixture_new("school");
    uint32_t list;

    fixture_profile(f, "mia", 9);
    fixture_requirement(f, "r:allow");
    list = fixture_own_list(f, "r:allow", LIST_ALLOW);
    for (unsigned i = 0; i <= NAMES; i++) {
        if (random_next(&s->state) % 2 == 0) {
            fixture_add(f, list,
                random_next(&s->state) % 3 == 0 ? ENTRY_BELOW : ENTRY_DOMAIN,
                s->names[i]);
        }
    }
    return f;
}

/* A policy of the two, in either order. */
static struct cop_policy *policy_make(
    struct fixture *nation, struct fixture *school, bool is_turned)
{
    struct cop_bundle *bundles[2] = {NULL, NULL};
    struct cop_policy *policy = NULL;

    bundles[is_turned] = fixture_open(nation);
    bundles[!is_turned] = fixture_open(school);
    assert_int_equal(cop_policy_new(bundles, 2, NULL, &policy), COP_OK);
    cop_bundle_drop(&bundles[0]);
    cop_bundle_drop(&bundles[1]);
    return policy;
}

static void assert_alike(const struct cop_policy *small,
    const struct cop_policy *large, const char *host)
{
    struct question q = {host, 0, NOW, 600};
    struct cop_verdict a = ask_policy(small, &q);
    struct cop_verdict b = ask_policy(large, &q);

    if (a.action != b.action || a.level != b.level || a.bundle != b.bundle ||
        a.requirement != b.requirement || a.hit.list != b.hit.list ||
        a.hit.specificity != b.hit.specificity) {
        print_error(
            "%s: %s by list %u (%u), in the dense index %s by %u (%u)\n", host,
            cop_action_word(a.action), a.hit.list, a.hit.specificity,
            cop_action_word(b.action), b.hit.list, b.hit.specificity);
        fail();
    }
}

static void test_long_lists_decide_as_short_ones(void **state)
{
    static struct sides s;
    unsigned blocked = 0;

    (void)state;
    names_make(s.names);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fixture *both[2];
        struct fixture *schools[2];
        struct cop_policy *policies[2];

        for (unsigned i = 0; i < 2; i++) {
            s.state = 1000 + round;
            both[i] = nation_make(&s, i * FILLERS);
            schools[i] = school_make(&s);
            policies[i] = policy_make(both[i], schools[i], round % 2 != 0);
        }
        for (unsigned i = 0; i <= NAMES; i++) {
            char below[NAME_BYTES + 8];
            struct question q = {s.names[i], 0, NOW, 600};

            snprintf(below, sizeof(below), "www.%s", s.names[i]);
            assert_alike(policies[0], policies[1], s.names[i]);
            assert_alike(policies[0], policies[1], below);
            blocked += ask_policy(policies[1], &q).action == COP_BLOCK;
        }
        for (unsigned i = 0; i < 2; i++) {
            cop_policy_free(&policies[i]);
            fixture_free(&both[i]);
            fixture_free(&schools[i]);
        }
    }
    assert_in_range(blocked, ROUNDS * NAMES / 5, ROUNDS * NAMES * 9 / 10);
}

/* b.example and x.y.b.example are listed, and another bundle allows what is
 * between: the listed one stays blocked. */
static void test_what_is_between_does_not_open_what_is_listed(void **state)
{
    static const struct {
        const char *host;
        enum cop_action action;
        const char *rule;
    } rows[] = {
        {"b.example", COP_BLOCK, "b.example"},
        {"z.b.example", COP_BLOCK, "b.example"},
        {"y.b.example", COP_ALLOW, "y.b.example"},
        {"z.y.b.example", COP_ALLOW, "y.b.example"},
        {"x.y.b.example", COP_BLOCK, "x.y.b.example"},
        {"www.x.y.b.example", COP_BLOCK, "x.y.b.example"},
    };
    static char fillers[FILLERS][NAME_BYTES];
    struct fixture *nation = fixture_new("nation");
    struct fixture *school = fixture_new("school");
    uint32_t list = fixture_category(nation, "games", COP_CAT_MEDIA_GAMES);
    struct cop_policy *policy;

    (void)state;
    fixture_requirement(nation, "q")->r.categories =
        catset_of(COP_CAT_MEDIA_GAMES);
    fixture_add(nation, list, ENTRY_DOMAIN, "b.example");
    fixture_add(nation, list, ENTRY_DOMAIN, "x.y.b.example");
    for (unsigned i = 0; i < FILLERS; i++) {
        snprintf(fillers[i], NAME_BYTES, "filler%u.test", i);
        fixture_add(nation, list, ENTRY_DOMAIN, fillers[i]);
    }
    fixture_profile(school, "mia", 9);
    fixture_requirement(school, "r");
    fixture_add(school, fixture_own_list(school, "r", LIST_ALLOW), ENTRY_DOMAIN,
        "y.b.example");
    policy = policy_make(nation, school, false);
    assert_true(
        section_count(cop_policy_bundle(policy, 0), SECTION_DENSE_INSIDE) > 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct question q = {rows[i].host, 0, NOW, 600};
        struct cop_verdict verdict = ask_policy(policy, &q);
        struct cop_host host;
        struct cop_rule rule;

        assert_int_equal(
            cop_host_parse(cop_slice_of(rows[i].host), &host), COP_OK);
        cop_rule_describe(policy, &verdict.hit, &host, &rule);
        assert_int_equal(verdict.action, rows[i].action);
        assert_true(cop_slice_eq(rule.text, cop_slice_of(rows[i].rule)));
    }
    cop_policy_free(&policy);
    fixture_free(&nation);
    fixture_free(&school);
}

/* Where the bundle allows by the list's category, nothing is left out. */
static void test_lists_that_allow_keep_all(void **state)
{
    static char fillers[FILLERS][NAME_BYTES];
    struct fixture *f = fixture_new("library");
    uint32_t list = fixture_category(f, "games", COP_CAT_MEDIA_GAMES);
    struct tables_requirement *q = fixture_requirement(f, "q");
    struct cop_bundle *bundle;

    (void)state;
    q->r.categories = catset_of(COP_CAT_MEDIA_GAMES);
    q->is_allow = true;
    fixture_add(f, list, ENTRY_DOMAIN, "b.example");
    fixture_add(f, list, ENTRY_DOMAIN, "x.b.example");
    for (unsigned i = 0; i < FILLERS; i++) {
        snprintf(fillers[i], NAME_BYTES, "filler%u.test", i);
        fixture_add(f, list, ENTRY_DOMAIN, fillers[i]);
    }
    bundle = fixture_open(f);
    assert_true(section_count(bundle, SECTION_DENSE_LINES) > 0);
    assert_int_equal(section_count(bundle, SECTION_DENSE_INSIDE), 0);
    cop_bundle_drop(&bundle);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_lists_decide_as_short_ones),
        cmocka_unit_test(test_what_is_between_does_not_open_what_is_listed),
        cmocka_unit_test(test_lists_that_allow_keep_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
