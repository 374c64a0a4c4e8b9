/* What the documents say, fact by fact, before anything is made of it.
 *
 * Everything lives in the compiler's arena. A fact keeps the place it was read
 * at, so that checks far from the file can still point into it. Absent texts
 * have p NULL; absent lists n 0. docs/requirement-documents.md is the author's
 * view of the same. */
#ifndef RULES_READ_FACTS_H
#define RULES_READ_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/bundle.h"
#include "cop/category.h"
#include "cop/decide.h"
#include "cop/slice.h"
#include "rules/bundle/tables.h"

struct place {
    const char *file; /* as the caller named it; followed by NUL */
    uint32_t line;
    uint32_t column;
};

/* What every document has, first in its fact, so that documents of any kind
 * are put in order by the same code. */
struct fact_head {
    struct place place;
    struct cop_slice id; /* p is NULL when it could not be read */
    uint32_t part;       /* of those that one document comes to, from 0 */
    const struct fact_head *next;
};

/* A text in one language. */
struct fact_text {
    struct cop_slice language; /* "ar", "en-GB" */
    struct cop_slice words;
};
struct fact_texts {
    const struct fact_text *p;
    size_t n;
    struct place place;
};

/* Categories that a document names, and the place of the list of them. */
struct fact_categories {
    struct cop_catset set;
    struct place place;
};

/* ---- lists ---- */

enum list_format {
    LIST_DOMAINS,
    LIST_HOSTS,
    LIST_URLS,
    LIST_PATTERNS,
    LIST_EXPRESSIONS, /* POSIX, of squidGuard */
    LIST_SQUIDGUARD,  /* a folder */
    LIST_DNSMASQ,
    LIST_RPZ,
    LIST_CIDR,
    LIST_CSV,
    LIST_ADBLOCK,
    LIST_COUNTRIES,
    LIST_AS_NUMBERS
};
enum list_semantics { LIST_SAYS_DENY, LIST_SAYS_ALLOW, LIST_SAYS_ALLOW_ONLY };
enum list_secrecy { LIST_PUBLIC, LIST_RESTRICTED, LIST_SECRET };

struct fact_entry {
    struct cop_slice text;
    struct place place;
};

/* A column of a table: its number from 1, or what the header calls it. */
struct fact_column {
    struct cop_slice header; /* followed by NUL */
    uint32_t number;         /* 0: by header, or none */
};

/* How a table of comma-separated values is read (csv.h). */
struct fact_csv {
    struct fact_column name;
    struct fact_column category; /* neither: there is none */
    struct cop_slice only; /* rows of this category alone; p NULL: of all that
                              are not in `known` */
    const struct cop_slice *known;
    size_t known_n;
    char delimiter;
    bool has_header;
    bool tells_unknown; /* rows of a category that is not known are told */
};

enum { LIST_BAD_LINES_MAX = 1000000 };

/* Where a list's entries are and how they are written. */
/* What a pattern says that gives up at a limit: what suits the list, that it
 * matches, or that it does not. */
enum list_at_limit { LIST_LIMIT_DEFAULT, LIST_LIMIT_MATCH, LIST_LIMIT_PASS };

struct fact_list {
    struct place place;
    struct cop_slice ref;  /* "list:name", of a list the gateway must have */
    struct cop_slice path; /* of the file to open; absent: inline or ref */
    struct cop_slice name; /* of the file that the entries are in, relative to
                              the sources' folder */
    const struct fact_entry *entries; /* inline */
    size_t entries_n;
    struct cop_slice licence;
    struct cop_slice origin;  /* who publishes it */
    struct cop_slice cadence; /* as written */
    struct cop_slice max_age; /* as written */
    int64_t retrieved_unix;   /* with has_retrieved */
    struct fact_csv csv;      /* of that format */
    uint32_t bad_lines;       /* so many may be wrong and are passed over */
    enum list_format format;
    enum entry_object object; /* of names, where the format leaves it open */
    enum list_semantics semantics;
    enum list_secrecy secrecy;
    enum list_at_limit at_limit;
    bool has_semantics;
    bool has_retrieved;
    bool is_unsupported; /* told already; takes no part */
    bool has_cadence;
    bool has_max_age;
    bool has_stale_policy;
    bool is_hashed; /* object: hash, without a key */
};

enum { LIST_PARTS_MAX = 64 };

/* The rows of a table that have one value in its category column: a list of
 * their own. */
struct fact_list_part {
    struct cop_slice value;
    struct fact_categories categories;
    struct fact_list list;
};

/* cop:list:<name> */
struct fact_category_list {
    struct fact_head head;
    struct fact_categories categories; /* with parts, of all other rows; empty:
                                          those are not used */
    struct fact_list list;
    struct fact_list_part *parts;
    size_t parts_n;
};

/* Whether the list itself has entries, apart from its parts. */
static inline bool fact_has_rest(const struct fact_category_list *fact)
{
    return fact->parts_n == 0 || !cop_catset_empty(fact->categories.set);
}

/* ---- requirements ---- */

enum fact_status {
    STATUS_DRAFT,
    STATUS_CONSULTATION,
    STATUS_IN_FORCE,
    STATUS_SUSPENDED,
    STATUS_REPEALED,
    STATUS_ADVISORY
};

enum fact_kind {
    KIND_LIST,
    KIND_CATEGORY,
    KIND_OFFER,
    KIND_LABEL,
    KIND_FEATURE,
    KIND_PROCESS
};

enum fact_instrument {
    INSTRUMENT_STATUTE,
    INSTRUMENT_REGULATION,
    INSTRUMENT_REGULATOR_DECISION,
    INSTRUMENT_LICENCE_CONDITION,
    INSTRUMENT_COURT_ORDER,
    INSTRUMENT_ADMINISTRATIVE_ORDER,
    INSTRUMENT_CODE,
    INSTRUMENT_FUNDING_CONDITION,
    INSTRUMENT_STANDARD,
    INSTRUMENT_VOLUNTARY_SCHEME,
    INSTRUMENT_INSTITUTION_POLICY
};

enum fact_action {
    DO_BLOCK,
    DO_ALLOW,
    DO_ALLOW_ONLY,
    DO_WARN,
    DO_MODIFY,
    DO_REDIRECT,
    DO_LOG_ONLY,
    DO_ALERT,
    DO_OFFER,
    DO_INFORM,
    DO_CERTIFY
};

struct fact_legal {
    struct place place;
    struct cop_slice instrument; /* its name */
    struct cop_slice citation;
    struct cop_slice authority;
    struct cop_slice authority_url;
    bool obliges_isp; /* a provider of lines is among the obliged */
    enum fact_instrument type;
};

struct fact_time {
    struct place from_place;
    struct place to_place;
    struct place review_place;
    int64_t from_unix;  /* INT64_MIN: absent */
    int64_t until_unix; /* the end of the last day; INT64_MAX: absent */
    int64_t
        review_unix; /* the end of that day; INT64_MAX: absent or a period */
};

struct fact_scope {
    struct place age_place;
    int64_t age_min;
    int64_t age_max;
    uint32_t subscribers;              /* bits of subscriber.tbl; 0: any */
    const struct tables_window *hours; /* in which it speaks; n 0: always */
    size_t hours_n;
};

struct fact_target {
    struct place place;
    struct fact_categories categories;
    const struct fact_list *lists;
    size_t lists_n;
    bool has_gloss;
    bool has_feature;
};

struct fact_override {
    struct place place;
    bool is_permitted;
    bool is_authority_only; /* by: [authority] and nobody else */
};

struct fact_notice {
    struct place place; /* of the stop page */
    struct fact_texts text;
    const struct fact_texts *helplines;
    size_t helplines_n;
    bool has_stop_page;
    bool includes_url;
};

struct fact_logging {
    struct place place;
    enum cop_logging duty;
    enum cop_identity identity;
    bool has_purpose;
    bool has_retain_max;
};

/* How fine a requirement must tell things apart, coarsest first. */
enum fact_grain {
    GRAIN_IP,
    GRAIN_DOMAIN,
    GRAIN_HOST,
    GRAIN_URL,
    GRAIN_CONTENT
};

/* What protects the other sites that an address serves. */
struct fact_guard {
    struct place place;
    int64_t max_cohosted; /* sites that may share what is blocked; -1: absent */
    int64_t min_prefix_ip4; /* no shorter prefix is blocked; -1: absent */
    int64_t min_prefix_ip6;
    bool is_there;
    bool needs_url;    /* an address alone blocks nothing */
    bool allows_whole; /* countries and whole networks are meant */
};

/* What is done where that cannot be told apart. */
enum fact_fallback { FALLBACK_COARSER, FALLBACK_FINER, FALLBACK_FAIL };

/* How precisely, where and how well it is enforced. */
struct fact_reach {
    struct place granularity_place;
    struct place effectiveness_place;
    struct place preserve_place;
    enum fact_grain required; /* with has_required */
    enum fact_grain minimum;  /* with has_minimum */
    enum fact_fallback fallback;
    struct cop_catset spares; /* collateral_guard.protected_allow */
    enum fact_grain finest;   /* that its layers see, with has_layers */
    bool has_required;
    bool has_minimum;
    bool has_fallback; /* granularity.on_unavailable */
    bool has_on_trip;
    bool trip_allows; /* on_trip: allow */
    bool has_layers;
    struct fact_guard guard;
    bool has_effectiveness;
    bool has_corpus;
    bool preserves_content; /* logging.preserve_content */
    bool has_preserve_basis;
};

struct fact_provenance {
    struct place place;
    size_t reviewers;
    int64_t required_reviews; /* 0: absent */
    bool has_rights_flags;
};

enum vector_object { VECTOR_URL, VECTOR_HOST };

struct fact_vector {
    struct place place;
    struct cop_slice id;
    /* given */
    uint8_t age; /* 120 when absent: an adult of unknown age */
    bool accepts_offers;
    bool has_at;
    uint16_t week_minute;
    int64_t at_unix;
    struct cop_slice subscriber;
    struct cop_slice template_name; /* "cop:template:..." */
    /* when */
    enum vector_object object;
    struct cop_slice subject;
    struct cop_address address; /* of the server, with has_address */
    bool has_address;
    /* then */
    bool wants_block;
    int page_status; /* 0: absent */
    struct cop_slice rule_from;
    struct cop_slice level;
    const char *skipped;     /* why this version cannot run it; NULL: it can */
    struct cop_slice unread; /* keys of `then` that are not compared */
};

/* The author's own words, kept as they are for whoever oversees. */
struct fact_words {
    struct cop_slice kind;
    struct cop_slice status;
    struct cop_slice action;
    struct cop_slice basis; /* legal.instrument.type */
    const struct cop_slice *jurisdiction;
    size_t jurisdiction_n;
    struct cop_slice extra; /* keys that begin with x-; rules/read/extra.h */
};

/* cop:req:<country>:<instrument>:<name>. A document that changes at a date, or
 * is stronger for one class of subscriber than for another, comes to several:
 * its parts. */
struct fact_requirement {
    struct fact_head head;
    const struct fact_requirement *lists_of; /* the part whose lists it has;
                                                NULL: it has its own */
    bool is_amended;                         /* it begins with an amendment */
    bool has_later; /* an amendment follows, and it is in force again */
    int64_t version;
    enum fact_status status;
    enum fact_kind kind;
    enum fact_action action;
    enum cop_strength strength;
    enum cop_lock lock;
    struct fact_words words;
    struct fact_texts title;
    struct fact_texts contact; /* appeal.contact */
    bool has_appeal;
    bool has_decision;
    struct fact_legal legal;
    struct fact_time time;
    struct fact_scope scope;
    struct fact_target target;
    struct fact_override override;
    struct fact_notice notice;
    struct fact_logging logging;
    struct fact_provenance provenance;
    struct fact_reach reach;
    const struct fact_vector *vectors;
    size_t vectors_n;
};

/* ---- the rest ---- */

/* cop:bundle:<name> */
struct fact_manifest {
    struct fact_head head;
    struct cop_slice title, issuer, licence, revision;
    const struct cop_slice *languages;
    size_t languages_n;
    struct fact_categories never_inspect;
    const struct fact_list *never_inspect_lists;
    size_t never_inspect_lists_n;
    int32_t east_s;                 /* of UTC: where days begin */
    const struct cop_slice *shared; /* networks that many sites share */
    size_t shared_n;
    const struct fact_list *shared_lists; /* files of more of them */
    size_t shared_lists_n;
};

/* One category's label, of a cop:taxonomy:<n>. */
struct fact_label {
    struct fact_head head;
    enum cop_category category;
    struct fact_texts label;
};

/* cop:template:<name> */
struct fact_template {
    struct fact_head head;
    struct fact_texts title;
    struct fact_categories block;
    struct fact_categories allow;
    bool is_allow_only;
};

/* cop:appeal:<country>:<name> */
struct fact_appeal {
    struct fact_head head;
    struct cop_slice document; /* its file, relative to the sources' folder */
    struct cop_slice authority;
    struct cop_slice of; /* requirement; absent: any */
    struct place of_place;
    struct fact_entry object;
    struct cop_slice reason;
    int64_t from_unix;
    int64_t until_unix; /* INT64_MAX: for ever */
};

/* Every document that was read, newest first; model/ puts them in order. */
struct facts {
    const struct fact_head *manifests;
    const struct fact_head *labels;
    const struct fact_head *lists;
    const struct fact_head *requirements;
    const struct fact_head *templates;
    const struct fact_head *appeals;
    size_t documents;
};

#endif
