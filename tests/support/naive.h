/* A second opinion: the same sources, read again and decided the slow way.
 *
 * Nothing here uses the bundle, its index, the engine's order or its cache.
 * Every rule of every list is tried in turn against every URL, every sentence
 * that applies becomes a statement, the statements are sorted, and the first
 * one wins. What it shares with the engine is the canonical form of hosts and
 * URLs, which is one by design, and the YAML parser. */
#ifndef TESTS_SUPPORT_NAIVE_H
#define TESTS_SUPPORT_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/category.h"
#include "cop/decide.h"
#include "cop/url.h"
#include "rules/base/arena.h"
#include "rules/read/yaml.h"

enum naive_kind {
    NAIVE_HOST,
    NAIVE_DOMAIN,
    NAIVE_BELOW,
    NAIVE_URL,
    NAIVE_PATTERN,
    NAIVE_NETWORK, /* of addresses */
    NAIVE_COUNTRY,
    NAIVE_AS
};

struct naive_rule {
    enum naive_kind kind;
    struct cop_slice text;
    void *code; /* of a pattern: pcre2_code */
};

enum naive_role {
    NAIVE_CATEGORY,
    NAIVE_DENY,
    NAIVE_ALLOW,
    NAIVE_ALLOW_ONLY,
    NAIVE_APPEAL,
    NAIVE_PROFILE_ALLOW,
    NAIVE_PROFILE_DENY,
    NAIVE_GRANT,
    NAIVE_NEVER_INSPECT
};

struct naive_list {
    enum naive_role role;
    struct cop_slice name; /* as the compiler names it: the last tie-break */
    uint32_t owner;
    uint32_t bundle; /* 0 the packs, 1 the policy file */
    struct cop_catset categories;
    struct naive_rule *rules;
    size_t n;
    bool needs_url; /* a server's address alone matches nothing */
};

struct naive_hours {
    unsigned from, to; /* minutes of the week */
};

enum { NAIVE_HOURS = 64 };

/* A document that changes at dates, or with the class of subscriber, is read
 * as one of these for each date and class. */
struct naive_requirement {
    size_t lists_of; /* the one whose lists it has */
    int grain;       /* COP_MATCH_: it blocks by nothing coarser */
    struct cop_catset spares;
    struct naive_hours hours[NAIVE_HOURS];
    size_t hours_n;
    struct cop_slice id, authority;
    struct cop_slice status, kind, action, strength, lock; /* as written */
    struct cop_catset categories;
    int64_t from_unix, until_unix;
    int64_t age_min, age_max;
    const struct cop_slice *subscribers;
    size_t subscribers_n;
    bool has_allow_only;
};

struct naive_template {
    struct cop_slice id;
    struct cop_catset block, allow;
    bool is_allow_only;
};

struct naive_appeal {
    struct cop_slice authority, of;
    int64_t from_unix, until_unix;
};

struct naive_grant {
    uint32_t profile;
    int64_t until_unix;
};

struct naive_profile {
    struct cop_slice name;
    int64_t age;
    struct cop_slice subscriber;    /* empty: any */
    struct cop_slice template_name; /* empty: none */
    bool accepts_all;
    const struct cop_slice *accepts;
    size_t accepts_n;
    struct cop_catset block, allow;
    bool is_allow_only;
    struct naive_hours closed[NAIVE_HOURS];
    size_t closed_n;
};

enum {
    NAIVE_LISTS = 512,
    NAIVE_REQUIREMENTS = 256,
    NAIVE_TEMPLATES = 64,
    NAIVE_APPEALS = 64,
    NAIVE_GRANTS = 64,
    NAIVE_PROFILES = 64
};

struct naive {
    struct arena arena;
    struct naive_list lists[NAIVE_LISTS];
    size_t lists_n;
    struct naive_requirement requirements[NAIVE_REQUIREMENTS];
    size_t requirements_n;
    struct naive_template templates[NAIVE_TEMPLATES];
    size_t templates_n;
    struct naive_appeal appeals[NAIVE_APPEALS];
    size_t appeals_n;
    struct naive_grant grants[NAIVE_GRANTS];
    size_t grants_n;
    struct naive_profile profiles[NAIVE_PROFILES];
    size_t profiles_n;
    struct cop_catset never_inspect;
};

/* Read every *.yaml below a folder. Aborts when that fails: a test has no use
 * for half an opinion. */
void naive_init(struct naive *naive, const char *folder);
void naive_fini(struct naive *naive);

/* Add the profiles, local lists and grants of a policy file's text. */
void naive_policy(struct naive *naive, const char *text);

/* Add a profile. Returns its index. */
uint32_t naive_add(struct naive *naive, const struct naive_profile *profile);

/* How precisely a rule names what it matches. */
struct naive_precision {
    int class;  /* COP_MATCH_NONE: it does not match */
    int detail; /* labels of a name, bytes of a URL's path and query, bits of
                   a network */
};

/* A list that matched, by its best rule. */
struct naive_match {
    const struct naive_list *list;
    const struct naive_rule *rule;
    struct naive_precision precision;
};

/* Below, at or above zero: the more precise goes first; of rules of one list
 * that are equally precise, the lower one. */
int naive_precision_order(struct naive_precision a, struct naive_precision b);
int naive_rule_order(const struct naive_rule *a, const struct naive_rule *b);

/* Try every rule of every list. Returns how many lists matched.
 * address  of the server; NULL: nobody has looked yet */
size_t naive_match(const struct naive *naive, const struct cop_url *url,
    const struct cop_address *address, struct naive_match out[NAIVE_LISTS]);

struct naive_answer {
    enum cop_action action;
    enum cop_level level;
    struct cop_catset categories;
    struct cop_slice requirement; /* empty: none decided */
    const char *rule_kind;        /* NULL: no rule decided */
    struct cop_slice rule;
    bool never_inspects;
    unsigned excepted; /* sentences that an exception took back */
    unsigned appealed; /* and that an appeal did */
};

/* What `copc decide` must answer. */
void naive_decide(const struct naive *naive, const struct cop_url *url,
    const struct cop_address *address, uint32_t profile,
    const struct cop_moment *moment, struct naive_answer *out);

#endif
