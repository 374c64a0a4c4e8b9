/* Statements of every level about x.example, and asking what wins. Include
 * once per program. */
#ifndef TESTS_UNIT_EVALUATE_FIXTURE_H
#define TESTS_UNIT_EVALUATE_FIXTURE_H

#include <cmocka.h>
#include <string.h>

#include "tests/unit/bundle_fixture.h"

enum { NOW = 100000 };

/* What is asked about a fixture: by default x.example, profile 0, NOW. */
struct question {
    const char *host;
    uint32_t profile;
    int64_t now;
    uint16_t minute;
};

static const struct question usual = {"x.example", 0, NOW, 600};

static inline struct cop_verdict ask_policy(
    const struct cop_policy *policy, const struct question *q)
{
    static struct cop_class class;
    struct cop_moment moment = {q->now, q->minute};
    struct cop_verdict verdict;
    struct cop_host host;

    assert_int_equal(cop_host_parse(cop_slice_of(q->host), &host), COP_OK);
    memset(&class, 0xa5, sizeof(class)); /* what is not filled is not used */
    cop_classify_host(policy, &host, &class);
    memset(&verdict, 0xa5, sizeof(verdict));
    cop_evaluate(policy, &class, q->profile, &moment, &verdict);
    return verdict;
}

static inline struct cop_verdict ask(struct fixture *f, struct question q)
{
    struct cop_policy *policy = fixture_policy(f);
    struct cop_verdict verdict = ask_policy(policy, &q);

    cop_policy_free(&policy);
    return verdict;
}

static inline enum cop_level level(struct fixture *f)
{
    return ask(f, usual).level;
}

static inline struct fixture *begin(void)
{
    struct fixture *f = fixture_new("evaluate");

    fixture_profile(f, "mia", 9);
    return f;
}

/* A requirement that denies x.example by a list of its own. */
static inline struct tables_requirement *deny(struct fixture *f, const char *id)
{
    struct tables_requirement *q = fixture_requirement(f, id);

    fixture_add(f, fixture_own_list(f, id, LIST_DENY), ENTRY_HOST, "x.example");
    return q;
}

static inline struct tables_requirement *allow(
    struct fixture *f, const char *id)
{
    struct tables_requirement *q = fixture_requirement(f, id);

    fixture_add(
        f, fixture_own_list(f, id, LIST_ALLOW), ENTRY_HOST, "x.example");
    return q;
}

/* A list that puts x.example into a category, once. */
static inline void in_category(
    struct fixture *f, const char *list, unsigned category)
{
    fixture_add(
        f, fixture_category(f, list, category), ENTRY_HOST, "x.example");
}

static inline struct tables_appeal *appeal(
    struct fixture *f, const char *id, const char *authority)
{
    struct tables_appeal *a = &f->appeals[f->t.appeals_n];

    *a = (struct tables_appeal){
        .id = cop_slice_of(id),
        .authority = cop_slice_of(authority),
        .from_unix = INT64_MIN,
        .until_unix = INT64_MAX,
    };
    fixture_add(f, fixture_list(f, id, LIST_APPEAL, (uint32_t)f->t.appeals_n++),
        ENTRY_HOST, "x.example");
    return a;
}

static inline struct tables_grant *grant(
    struct fixture *f, const char *list, uint32_t profile)
{
    struct tables_grant *g = &f->grants[f->t.grants_n];

    *g = (struct tables_grant){.profile = profile, .until_unix = NOW + 60};
    fixture_add(f, fixture_list(f, list, LIST_GRANT, (uint32_t)f->t.grants_n++),
        ENTRY_HOST, "x.example");
    return g;
}

/* ---- a statement of each level ---- */

static inline void make_locked_entry(struct fixture *f)
{
    struct tables_requirement *q = deny(f, "locked-entry");

    q->r.lock = COP_LOCK_NATIONAL;
    q->r.authority = COP_LIT("Authority of entries");
}

static inline void make_protected(struct fixture *f)
{
    in_category(f, "helplines", COP_CAT_SAFETY_HELPLINE);
}

static inline void make_locked_by(
    struct fixture *f, const char *authority, unsigned category)
{
    struct tables_requirement *q = fixture_requirement(f, authority);

    q->r.lock = COP_LOCK_NATIONAL;
    q->r.authority = cop_slice_of(authority);
    q->r.categories = catset_of(category);
    in_category(f, authority, category);
}

static inline void make_appeal_locked(struct fixture *f)
{
    make_locked_by(f, "Authority of fraud", COP_CAT_ILLEGAL_FRAUD);
    appeal(f, "appeal:fraud", "Authority of fraud");
}

static inline void make_locked(struct fixture *f)
{
    make_locked_by(f, "Authority of terror", COP_CAT_ILLEGAL_TERRORISM);
}

static inline void make_appeal(struct fixture *f)
{
    appeal(f, "appeal:other", "Some court");
}

static inline void make_mandatory(struct fixture *f)
{
    deny(f, "mandatory")->r.strength = COP_STRENGTH_MANDATORY;
}

static inline void make_allow_only(struct fixture *f)
{
    f->profiles[0].is_allow_only = true;
}

static inline void make_grant(struct fixture *f)
{
    grant(f, "grant", 0);
}

static inline void make_closed(struct fixture *f)
{
    static const struct tables_window always[] = {{0, 10080}};

    f->profiles[0].closed = always;
    f->profiles[0].closed_n = 1;
}

static inline void make_local_allow(struct fixture *f)
{
    fixture_add(f, fixture_list(f, "mia:allow", LIST_PROFILE_ALLOW, 0),
        ENTRY_HOST, "x.example");
}

static inline void make_local_deny(struct fixture *f)
{
    fixture_add(f, fixture_list(f, "mia:deny", LIST_PROFILE_DENY, 0),
        ENTRY_HOST, "x.example");
}

static inline void make_template(struct fixture *f)
{
    f->templates[f->t.templates_n++] = (struct tables_template){
        .name = COP_LIT("child"),
        .block = catset_of(COP_CAT_MEDIA_VIDEO),
    };
    f->profiles[0].template_name = COP_LIT("child");
    in_category(f, "videos", COP_CAT_MEDIA_VIDEO);
}

static inline void make_default_on(struct fixture *f)
{
    deny(f, "default-on");
}

#endif
