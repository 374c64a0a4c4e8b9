/* The bundle file, format 1: every record as it lies in the file.
 *
 * All numbers are little-endian and naturally aligned, so that a mapped file
 * is used in place. docs/bundle-format.md says the same byte by byte; change
 * both, and FORMAT_VERSION, together.
 *
 * Rules that hold for every record, and that audit.c checks:
 *  1. Bytes without a meaning are zero.
 *  2. A span names a run of another section, by index of its first record.
 *  3. A category is its code, never its bit; codes of a set ascend.
 *  4. Tables are sorted by the key named here, so that the same statements
 *     give the same bytes. */
#ifndef RULES_BUNDLE_FORMAT_H
#define RULES_BUNDLE_FORMAT_H

#include <assert.h>
#include <stdint.h>

#include "rules/bundle/urlrules_format.h"

/* Used in place, so the machine must read numbers as the file has them. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "bundles are read in place on little-endian machines");

enum {
    FORMAT_VERSION = 1,
    FORMAT_ALIGN = 64, /* of each section's offset */
    FORMAT_MAGIC_BYTES = 8,
    FORMAT_DIGEST_BYTES = 32,
    FORMAT_PROBES_MAX = 64 /* slots from a hash's home to where it is */
};

/* The last byte stops a terminal from printing the rest. */
#define FORMAT_MAGIC "COPBNDL\x1a"
#define FORMAT_NONE UINT32_MAX

enum section_id {
    SECTION_NONE,
#define SECTION(symbol, name, record) SECTION_##symbol,
#include "rules/bundle/section.tbl"
    SECTION_END,
    SECTION_COUNT = SECTION_END - 1
};

struct format_header {
    unsigned char magic[FORMAT_MAGIC_BYTES];
    uint32_t version;
    uint32_t header_bytes; /* of this struct */
    uint64_t file_bytes;
    uint32_t sections; /* rows of the section table that follows */
    uint32_t tries;    /* how often the key was changed, at most 16 */
    uint64_t key[2];   /* of the host hashes */
    unsigned char zero1[16];
    /* SHA-256 of the whole file with these 32 bytes taken as zero. */
    unsigned char digest[FORMAT_DIGEST_BYTES];
    unsigned char zero2[32];
};

struct format_section {
    uint32_t id;
    uint32_t record_bytes;
    uint64_t offset; /* from the start of the file */
    uint64_t bytes;  /* count x record_bytes */
    uint64_t count;
};

/* A run of records of a section that the field's comment names; of STRINGS
 * where it names none. */
struct format_span {
    uint32_t at;
    uint32_t n;
};

struct format_manifest {
    struct format_span name, title, issuer, licence, revision;
    struct format_span timezone;
    struct format_span never_inspect; /* CODES */
    uint32_t hosts;                   /* rules about hosts */
    uint16_t labels_max; /* labels of the longest name that is looked up... */
    uint16_t labels_min; /* ...and of the shortest; both 0 without any */
    int32_t east_s;      /* of UTC: where the days of its dates begin */
    uint32_t zero;
};

enum { FORMAT_LIST_LIMIT_MATCHES = 1, FORMAT_LIST_NEEDS_URL = 2 };

struct format_list { /* by name, unique */
    struct format_span name, licence;
    struct format_span categories; /* CODES */
    uint32_t owner; /* row of REQUIREMENTS, PROFILES, GRANTS or APPEALS */
    uint8_t role;   /* enum list_role */
    uint8_t flags;
    uint16_t zero;
};

enum {
    FORMAT_REQUIREMENT_IN_FORCE = 1,
    FORMAT_REQUIREMENT_ALLOW = 2,
    FORMAT_REQUIREMENT_INERT = 4,
    FORMAT_REQUIREMENT_OFFER = 8
};

/* A requirement that says different things at different times, or to different
 * classes of subscriber, has a record for each: its parts. */
struct format_requirement { /* by id, part; unique */
    struct format_span id, authority, instrument, citation, blocked_by;
    struct format_span categories; /* CODES */
    struct format_span spares;     /* CODES: what is in one, it blocks not */
    struct format_span hours; /* WINDOWS in which it speaks; none: always */
    int64_t from_unix, until_unix;
    uint32_t subscribers;
    uint16_t http_status;
    uint8_t age_min, age_max;
    uint8_t strength, lock, logging, identity;
    uint8_t flags;
    uint8_t grain; /* enum cop_grain: it blocks by nothing coarser */
    uint8_t zero[2];
    uint32_t part;     /* from 0, without gaps */
    uint32_t lists_of; /* the row whose lists are its own: mostly its own */
};

struct format_text { /* by of_category, owner, kind, language; unique */
    uint32_t owner;  /* row of REQUIREMENTS, or a category's code */
    uint8_t kind;    /* enum cop_text */
    uint8_t of_category;
    uint16_t zero;
    struct format_span language, words;
};

enum { FORMAT_TEMPLATE_ALLOW_ONLY = 1 };

struct format_template { /* by name, unique */
    struct format_span name, title;
    struct format_span block, allow_only; /* CODES */
    uint32_t flags;
    uint32_t zero;
};

enum { FORMAT_PROFILE_ALLOW_ONLY = 1 };

struct format_profile { /* by name, unique, not empty */
    struct format_span name, template_name;
    struct format_span block, permit; /* CODES */
    struct format_span accepts;       /* ACCEPTS */
    struct format_span closed;        /* WINDOWS */
    uint32_t subscribers;
    uint8_t age;
    uint8_t flags;
    uint16_t zero;
};

struct format_window { /* minutes of the week; within an owner by from, to */
    uint16_t from;     /* below 10,080 */
    uint16_t to;       /* at most 10,080 */
};

struct format_grant { /* by profile, until, by, reason */
    int64_t until_unix;
    struct format_span by, reason;
    uint32_t profile; /* row of PROFILES, or FORMAT_NONE for all */
    uint32_t zero;
};

struct format_appeal { /* by id, then all other fields */
    int64_t from_unix, until_unix;
    struct format_span id, authority, of;
};

struct format_rule { /* by list, object, text; unique */
    uint32_t file;   /* row of FILES */
    uint32_t line;
    uint32_t detail; /* of a name its labels, of an address 0, of a URL its
                        row of URLS, of a pattern its row of PATTERNS, of a
                        network its row of ADDRESSES, of a rule in Adblock
                        syntax its row of URLRULES */
    uint16_t list;   /* row of LISTS */
    uint8_t object;  /* enum entry_object */
    uint8_t zero;
};

/* A place of a host index; n is 0 where it is free. */
struct format_slot {
    uint64_t hash;
    uint32_t at; /* of HOST_ENTRIES, or of URLS */
    uint32_t n;
};

struct format_url {          /* by host hash, then rule */
    struct format_span text; /* RULE_TEXTS */
    uint32_t rule;
    uint16_t path; /* where in text the path begins */
    uint16_t port; /* 0: 80 or 443 */
};

struct format_pattern {      /* by rule */
    struct format_span text; /* RULE_TEXTS */
    uint32_t rule;
    uint32_t literals; /* the first of its LITERALS, which end where the next
                          pattern's begin */
};

struct format_literal {      /* by pattern, text */
    struct format_span text; /* RULE_TEXTS */
    uint32_t pattern;        /* row of PATTERNS */
    uint16_t gram;           /* where in text the gram is that it is found by */
    uint16_t zero;
};

struct format_literal_slot { /* n is 0 where it is free */
    uint32_t gram;
    uint32_t at; /* of LITERAL_ENTRIES, which are rows of LITERALS */
    uint32_t n;
};

/* What a format_address names. Countries and networks by number are prefixes
 * too, whole ones of fixed length, so that all are found in one way. */
enum format_family {
    FORMAT_COUNTRY = 1, /* two capital letters, 16 bits */
    FORMAT_AS = 2,      /* a number in network order, 32 bits */
    FORMAT_IP4 = 4,
    FORMAT_IP6 = 6
};

struct format_address {      /* by family, bits, address, rule */
    struct format_span text; /* RULE_TEXTS */
    uint32_t rule;
    uint8_t family; /* enum format_family */
    uint8_t bits;   /* of the prefix */
    uint16_t zero;
    uint8_t address[16]; /* network order; IPv4 in the first four; zero
                            behind the prefix */
};

struct format_evidence { /* as many as REQUIREMENTS, in their order */
    struct format_span kind, status, action, basis, jurisdiction, extra;
    int64_t review_unix;
    uint32_t version;
    uint32_t vectors, vectors_not_run;
    uint32_t shadowed_by; /* row of REQUIREMENTS, or FORMAT_NONE */
};

struct format_origin { /* by name, unique */
    struct format_span name, ref, source, licence, says, secrecy, cadence;
    struct format_span max_age;
    struct format_span categories; /* CODES */
    int64_t retrieved_unix;
    uint32_t requirement; /* row of REQUIREMENTS, or FORMAT_NONE */
    uint32_t entries;
    uint8_t digest[FORMAT_DIGEST_BYTES]; /* of the list's file; zeros: none */
    uint32_t held; /* entries that are left out by a collateral guard */
    uint32_t zero;
};

enum { FORMAT_DENSE_SLOTS = 10 };

struct format_dense_line { /* dense.h says what is where */
    uint16_t tag[FORMAT_DENSE_SLOTS];
    uint32_t rest[FORMAT_DENSE_SLOTS]; /* 28 bits of hash, 4 of code */
    uint32_t more; /* 2 bits of hash each, and 12 of spill */
};

struct format_dense_side { /* by hash, unique */
    uint64_t hash;
    uint32_t set; /* row of DENSE_SETS */
    uint32_t zero;
};

struct format_dense_set { /* commonest first */
    uint32_t at;          /* of DENSE_LISTS */
    uint16_t n;
    uint16_t below; /* which of the first 14 sets lack some of these lists and
                       have no other: a bit each */
};

struct format_dense_list { /* within a set by list */
    uint32_t list;         /* row of LISTS */
    uint32_t file; /* row of FILES: where the list's first entry stands */
};

static_assert(sizeof(struct format_dense_line) == 64, "format");
static_assert(sizeof(struct format_dense_side) == 16, "format");
static_assert(sizeof(struct format_dense_set) == 8, "format");
static_assert(sizeof(struct format_dense_list) == 8, "format");
static_assert(sizeof(struct format_address) == 32, "format");
static_assert(sizeof(struct format_evidence) == 72, "format");
static_assert(sizeof(struct format_origin) == 128, "format");
static_assert(sizeof(struct format_header) == 128, "format");
static_assert(sizeof(struct format_section) == 32, "format");
static_assert(sizeof(struct format_manifest) == 72, "format");
static_assert(sizeof(struct format_list) == 32, "format");
static_assert(sizeof(struct format_requirement) == 104, "format");
static_assert(sizeof(struct format_text) == 24, "format");
static_assert(sizeof(struct format_template) == 40, "format");
static_assert(sizeof(struct format_profile) == 56, "format");
static_assert(sizeof(struct format_window) == 4, "format");
static_assert(sizeof(struct format_grant) == 32, "format");
static_assert(sizeof(struct format_appeal) == 40, "format");
static_assert(sizeof(struct format_rule) == 16, "format");
static_assert(sizeof(struct format_slot) == 16, "format");
static_assert(sizeof(struct format_url) == 16, "format");
static_assert(sizeof(struct format_pattern) == 16, "format");
static_assert(sizeof(struct format_literal) == 16, "format");
static_assert(sizeof(struct format_literal_slot) == 12, "format");

#endif
