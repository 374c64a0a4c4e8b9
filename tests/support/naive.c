#include "tests/support/naive.h"

#include <stdlib.h>

enum { NO_WIDTH = 1000, STATEMENTS = 4096 };

/* One sentence that applies. */
struct statement {
    enum cop_level level;
    bool allows;
    struct naive_precision precision;
    int width; /* of the age interval */
    struct cop_slice requirement;
    const struct naive_match *match; /* NULL: no rule */
};

struct question {
    const struct naive *naive;
    const struct cop_url *url;
    const struct naive_profile *profile;
    const struct naive_template *template;
    uint32_t profile_index;
    const struct cop_moment *moment;
    struct naive_match matches[NAIVE_LISTS];
    size_t matches_n;
    struct statement statements[STATEMENTS];
    size_t n;
    unsigned excepted;
    unsigned appealed;
};

static bool is_word(struct cop_slice text, const char *word)
{
    return cop_slice_eq(text, cop_slice_of(word));
}

/* ---- who speaks ---- */

static bool is_offered(const struct naive_requirement *r)
{
    return !is_word(r->strength, "mandatory") &&
           !is_word(r->strength, "default_on") &&
           !is_word(r->strength, "default_on_class");
}

static bool is_accepted(
    const struct question *q, const struct naive_requirement *r)
{
    for (size_t i = 0; i < q->profile->accepts_n; i++) {
        if (cop_slice_eq(q->profile->accepts[i], r->id)) {
            return true;
        }
    }
    return q->profile->accepts_all;
}

static bool is_for_subscriber(
    const struct question *q, const struct naive_requirement *r)
{
    for (size_t i = 0; i < r->subscribers_n; i++) {
        if (cop_slice_eq(r->subscribers[i], q->profile->subscriber)) {
            return true;
        }
    }
    return r->subscribers_n == 0 || q->profile->subscriber.n == 0;
}

/* Nobody is too old for an interval that reaches 120. */
static bool is_for_age(
    const struct question *q, const struct naive_requirement *r)
{
    return q->profile->age >= r->age_min &&
           (q->profile->age < r->age_max || r->age_max == 120);
}

static bool hours_hold(
    const struct naive_hours *hours, size_t n, unsigned minute)
{
    for (size_t i = 0; i < n; i++) {
        unsigned from = hours[i].from;
        unsigned to = hours[i].to;

        if (from <= to ? minute >= from && minute < to
                       : minute >= from || minute < to) {
            return true;
        }
    }
    return false;
}

static bool requirement_speaks(
    const struct question *q, const struct naive_requirement *r)
{
    int64_t now = q->moment->unix_time;

    if (!is_word(r->status, "in_force") && !is_word(r->status, "advisory")) {
        return false;
    }
    if (is_word(r->kind, "process") || is_word(r->action, "certify")) {
        return false;
    }
    return now >= r->from_unix && now < r->until_unix && is_for_age(q, r) &&
           is_for_subscriber(q, r) && (!is_offered(r) || is_accepted(q, r)) &&
           (r->hours_n == 0 ||
               hours_hold(r->hours, r->hours_n, q->moment->week_minute));
}

/* ---- statements ---- */

static void say(struct question *q, struct statement statement)
{
    if (q->n == STATEMENTS) {
        abort();
    }
    q->statements[q->n++] = statement;
}

static void say_local(struct question *q, enum cop_level level, bool allows,
    const struct naive_match *match)
{
    say(q, (struct statement){.level = level,
               .allows = allows,
               .width = NO_WIDTH,
               .precision = match != NULL ? match->precision
                                          : (struct naive_precision){0, 0},
               .match = match});
}

static bool shares(struct cop_catset a, struct cop_catset b)
{
    return !cop_catset_empty(cop_catset_and(a, b));
}

static enum cop_level level_of(const struct naive_requirement *r, bool allows,
    bool is_own_list, bool is_protected)
{
    if (allows && is_protected) {
        return COP_LEVEL_PROTECTED;
    }
    if (!allows && is_word(r->lock, "national")) {
        return is_own_list ? COP_LEVEL_LOCKED_ENTRY : COP_LEVEL_LOCKED;
    }
    if (is_word(r->strength, "mandatory")) {
        return COP_LEVEL_MANDATORY;
    }
    return !allows && is_offered(r) ? COP_LEVEL_TEMPLATE : COP_LEVEL_DEFAULT_ON;
}

/* Whether an appeal that was hit and holds takes this lock back. */
static bool is_set_aside(
    const struct question *q, const struct naive_requirement *r)
{
    for (size_t i = 0; i < q->matches_n; i++) {
        const struct naive_list *list = q->matches[i].list;
        const struct naive_appeal *a;

        if (list->role != NAIVE_APPEAL) {
            continue;
        }
        a = &q->naive->appeals[list->owner];
        if (q->moment->unix_time >= a->from_unix &&
            q->moment->unix_time < a->until_unix &&
            cop_slice_eq(a->authority, r->authority) &&
            (a->of.n == 0 || cop_slice_eq(a->of, r->id))) {
            return true;
        }
    }
    return false;
}

/* Whether a requirement lists an exception that is no less precise, or may not
 * block by such a rule, or not what is in some category. */
static bool is_excepted(const struct question *q,
    const struct naive_requirement *r, const struct naive_match *match)
{
    if (match->precision.class < r->grain) {
        return true;
    }
    for (size_t i = 0; i < q->matches_n; i++) {
        if (shares(q->matches[i].list->categories, r->spares)) {
            return true;
        }
    }
    for (size_t i = 0; i < q->matches_n; i++) {
        const struct naive_list *list = q->matches[i].list;

        if (list->role == NAIVE_ALLOW && list->owner == r->lists_of &&
            naive_precision_order(q->matches[i].precision, match->precision) <=
                0) {
            return true;
        }
    }
    return false;
}

/* One requirement about one match. */
static void say_requirement(struct question *q,
    const struct naive_requirement *r, const struct naive_match *match)
{
    const struct naive_list *list = match->list;
    bool is_own = list->role == NAIVE_DENY || list->role == NAIVE_ALLOW;
    bool allows = list->role == NAIVE_ALLOW || is_word(r->action, "allow");
    struct cop_catset common = cop_catset_and(list->categories, r->categories);
    enum cop_level level =
        level_of(r, allows, is_own, shares(common, cop_category_protected()));

    if (!allows && is_excepted(q, r, match)) {
        q->excepted++;
        return;
    }
    if ((level == COP_LEVEL_LOCKED || level == COP_LEVEL_LOCKED_ENTRY) &&
        is_set_aside(q, r)) {
        q->appealed++;
        return;
    }
    say(q, (struct statement){.level = level,
               .allows = allows,
               .precision = match->precision,
               .width = (int)(r->age_max - r->age_min),
               .requirement = r->id,
               .match = match});
}

static void say_requirements(
    struct question *q, const struct naive_match *match)
{
    const struct naive_list *list = match->list;

    for (size_t i = 0; i < q->naive->requirements_n; i++) {
        const struct naive_requirement *r = &q->naive->requirements[i];
        bool is_about = list->role == NAIVE_CATEGORY
                            ? shares(list->categories, r->categories)
                            : list->owner == r->lists_of;

        if (is_about && requirement_speaks(q, r)) {
            say_requirement(q, r, match);
        }
    }
}

static void say_category(struct question *q, const struct naive_match *match)
{
    struct cop_catset set = match->list->categories;

    if (shares(set, cop_category_protected())) {
        say_local(q, COP_LEVEL_PROTECTED, true, match);
    }
    if (shares(set, q->profile->allow)) {
        say_local(q, COP_LEVEL_LOCAL_ALLOW, true, match);
    }
    if (shares(set, q->profile->block)) {
        say_local(q, COP_LEVEL_LOCAL_DENY, false, match);
    }
    if (q->template != NULL && shares(set, q->template->block)) {
        say_local(q, COP_LEVEL_TEMPLATE, false, match);
    }
    say_requirements(q, match);
}

static bool grant_holds(const struct question *q, const struct naive_list *list)
{
    const struct naive_grant *g = &q->naive->grants[list->owner];

    return (g->profile == COP_NONE || g->profile == q->profile_index) &&
           q->moment->unix_time < g->until_unix;
}

/* An appeal stands above all, if it takes a lock back and no lock is left. */
static void say_appeal(struct question *q, const struct naive_match *match)
{
    const struct naive_appeal *a = &q->naive->appeals[match->list->owner];
    bool takes_back = false;
    bool is_locked = false;

    if (q->moment->unix_time < a->from_unix ||
        q->moment->unix_time >= a->until_unix) {
        return;
    }
    for (size_t i = 0; i < q->matches_n; i++) {
        const struct naive_list *list = q->matches[i].list;

        for (size_t k = 0; k < q->naive->requirements_n; k++) {
            const struct naive_requirement *r = &q->naive->requirements[k];
            bool is_about =
                list->role == NAIVE_CATEGORY
                    ? shares(list->categories, r->categories)
                    : list->role == NAIVE_DENY && list->owner == r->lists_of;

            if (!is_about || !is_word(r->lock, "national") ||
                is_word(r->action, "allow") || !requirement_speaks(q, r) ||
                is_excepted(q, r, &q->matches[i])) {
                continue;
            }
            takes_back |= cop_slice_eq(a->authority, r->authority) &&
                          (a->of.n == 0 || cop_slice_eq(a->of, r->id));
            is_locked |= !is_set_aside(q, r);
        }
    }
    say_local(q,
        takes_back && !is_locked ? COP_LEVEL_APPEAL_LOCKED : COP_LEVEL_APPEAL,
        true, match);
}

static void say_match(struct question *q, const struct naive_match *match)
{
    const struct naive_list *list = match->list;

    switch (list->role) {
    case NAIVE_CATEGORY:
        say_category(q, match);
        break;
    case NAIVE_DENY:
    case NAIVE_ALLOW:
        say_requirements(q, match);
        break;
    case NAIVE_APPEAL:
        say_appeal(q, match);
        break;
    case NAIVE_PROFILE_ALLOW:
    case NAIVE_PROFILE_DENY:
        if (list->owner == q->profile_index) {
            bool allows = list->role == NAIVE_PROFILE_ALLOW;

            say_local(q, allows ? COP_LEVEL_LOCAL_ALLOW : COP_LEVEL_LOCAL_DENY,
                allows, match);
        }
        break;
    case NAIVE_GRANT:
        if (grant_holds(q, list)) {
            say_local(q, COP_LEVEL_GRANT, true, match);
        }
        break;
    case NAIVE_ALLOW_ONLY:
    case NAIVE_NEVER_INSPECT:
        break;
    }
}

/* ---- all that is not listed ---- */

static bool is_listed_for_profile(const struct question *q)
{
    struct cop_catset open = q->profile->allow;

    if (q->template != NULL) {
        open = cop_catset_or(open, q->template->allow);
    }
    for (size_t i = 0; i < q->matches_n; i++) {
        const struct naive_list *list = q->matches[i].list;

        if ((list->role == NAIVE_PROFILE_ALLOW &&
                list->owner == q->profile_index) ||
            (list->role == NAIVE_GRANT && grant_holds(q, list)) ||
            shares(list->categories, open)) {
            return true;
        }
    }
    return false;
}

static bool is_listed_for(const struct question *q, size_t requirement)
{
    for (size_t i = 0; i < q->matches_n; i++) {
        if (q->matches[i].list->role == NAIVE_ALLOW_ONLY &&
            q->matches[i].list->owner ==
                q->naive->requirements[requirement].lists_of) {
            return true;
        }
    }
    return false;
}

static void say_allow_only(struct question *q)
{
    bool is_only = q->profile->is_allow_only ||
                   (q->template != NULL && q->template->is_allow_only);

    if (is_only && !is_listed_for_profile(q)) {
        say_local(q, COP_LEVEL_ALLOW_ONLY, false, NULL);
    }
    for (size_t i = 0; i < q->naive->requirements_n; i++) {
        const struct naive_requirement *r = &q->naive->requirements[i];

        if (r->has_allow_only && requirement_speaks(q, r) &&
            !is_listed_for(q, i)) {
            say(q, (struct statement){.level = COP_LEVEL_ALLOW_ONLY,
                       .width = (int)(r->age_max - r->age_min),
                       .requirement = r->id});
        }
    }
}

static void say_hours(struct question *q)
{
    if (hours_hold(
            q->profile->closed, q->profile->closed_n, q->moment->week_minute)) {
        say_local(q, COP_LEVEL_CLOSED, false, NULL);
    }
}

/* ---- what wins ---- */

static int id_order(struct cop_slice a, struct cop_slice b)
{
    if (a.n == 0 || b.n == 0) { /* no requirement comes last */
        return (a.n == 0) - (b.n == 0);
    }
    return cop_slice_cmp(a, b);
}

static int match_order(const struct naive_match *a, const struct naive_match *b)
{
    int order;

    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }
    if (a->list->bundle != b->list->bundle) {
        return a->list->bundle < b->list->bundle ? -1 : 1;
    }
    order = cop_slice_cmp(a->list->name, b->list->name);
    return order != 0 ? order : naive_rule_order(a->rule, b->rule);
}

static int statement_order(const void *left, const void *right)
{
    const struct statement *a = left;
    const struct statement *b = right;
    int order = naive_precision_order(a->precision, b->precision);

    if (a->level != b->level) {
        return a->level < b->level ? -1 : 1;
    }
    if (order == 0) {
        order = a->width - b->width;
    }
    if (order == 0) {
        order = (int)a->allows - (int)b->allows;
    }
    if (order == 0) {
        order = id_order(a->requirement, b->requirement);
    }
    return order != 0 ? order : match_order(a->match, b->match);
}

static const char *kind_word(const struct naive_match *match)
{
    static const char *const words[] = {
        [NAIVE_HOST] = "host",
        [NAIVE_DOMAIN] = "domain",
        [NAIVE_BELOW] = "below",
        [NAIVE_URL] = "url",
        [NAIVE_PATTERN] = "pattern",
        [NAIVE_NETWORK] = "network",
        [NAIVE_COUNTRY] = "country",
        [NAIVE_AS] = "as",
    };

    return match->precision.class == COP_MATCH_ADDRESS &&
                   match->rule->kind != NAIVE_NETWORK
               ? "address"
               : words[match->rule->kind];
}

static void answer(const struct question *q, struct naive_answer *out)
{
    const struct statement *first = q->n != 0 ? &q->statements[0] : NULL;

    *out = (struct naive_answer){
        .action = first == NULL || first->allows ? COP_ALLOW : COP_BLOCK,
        .level = first == NULL ? COP_LEVEL_NONE : first->level,
        .excepted = q->excepted,
        .appealed = q->appealed,
    };
    for (size_t i = 0; i < q->matches_n; i++) {
        const struct naive_list *list = q->matches[i].list;

        out->categories = cop_catset_or(out->categories, list->categories);
        out->never_inspects |=
            list->role == NAIVE_NEVER_INSPECT ||
            shares(list->categories, q->naive->never_inspect);
    }
    if (first != NULL) {
        out->requirement = first->requirement;
    }
    if (first != NULL && first->match != NULL) {
        out->rule_kind = kind_word(first->match);
        out->rule = first->match->rule->text;
    }
}

static const struct naive_template *find_template(
    const struct naive *naive, struct cop_slice name)
{
    for (size_t i = 0; i < naive->templates_n; i++) {
        if (name.n != 0 && cop_slice_eq(naive->templates[i].id, name)) {
            return &naive->templates[i];
        }
    }
    return NULL;
}

void naive_decide(const struct naive *naive, const struct cop_url *url,
    const struct cop_address *address, uint32_t profile,
    const struct cop_moment *moment, struct naive_answer *out)
{
    static struct question q;

    q.naive = naive;
    q.url = url;
    q.profile = &naive->profiles[profile];
    q.profile_index = profile;
    q.template = find_template(naive, q.profile->template_name);
    q.moment = moment;
    q.n = 0;
    q.excepted = 0;
    q.appealed = 0;
    q.matches_n = naive_match(naive, url, address, q.matches);
    for (size_t i = 0; i < q.matches_n; i++) {
        say_match(&q, &q.matches[i]);
    }
    say_allow_only(&q);
    say_hours(&q);
    qsort(q.statements, q.n, sizeof q.statements[0], statement_order);
    answer(&q, out);
}
