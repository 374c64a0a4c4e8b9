/* A policy bundle: one mapped, checked, immutable file. */
#ifndef COP_BUNDLE_H
#define COP_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/category.h"
#include "cop/report.h"
#include "cop/slice.h"

struct cop_bundle;

/* Map a bundle from a descriptor and check all of it: digest, sections, every
 * offset and count. The descriptor may be closed afterwards. The file must not
 * be written to while it is mapped: replace it by rename, or seal a memfd.
 *
 * fd      a regular file or a memfd; mapped read-only
 * name    for findings, NULL allowed; copied
 * report  gets one finding on failure; NULL allowed
 * out     one reference, given back with cop_bundle_drop()
 * Returns COP_OK, COP_E_TRUNCATED, COP_E_DIGEST, COP_E_VERSION (another
 * format, or categories that this taxonomy lacks), COP_E_SYNTAX, COP_E_IO,
 * COP_E_NOMEM. */
COP_API COP_MUST_USE enum cop_status cop_bundle_open_fd(int fd,
    const char *name, struct cop_report *report, struct cop_bundle **out);

/* The same of a file that others may write to: it is read into memory, and
 * what happens to the file afterwards changes nothing. Costs a copy; where many
 * processes share a bundle, seal a memfd and map that. */
COP_API COP_MUST_USE enum cop_status cop_bundle_open(
    const char *path, struct cop_report *report, struct cop_bundle **out);

/* The same over memory that the caller keeps in place and unchanged until the
 * last reference is dropped. `bytes` must be aligned to 8. */
COP_API COP_MUST_USE enum cop_status cop_bundle_open_memory(const void *bytes,
    size_t n, const char *name, struct cop_report *report,
    struct cop_bundle **out);

COP_API struct cop_bundle *cop_bundle_hold(struct cop_bundle *bundle);
COP_API void cop_bundle_drop(struct cop_bundle **bundle);

/* What a bundle says of itself. All slices point into the bundle. */
struct cop_bundle_info {
    struct cop_slice name; /* "xx-national" */
    struct cop_slice title;
    struct cop_slice issuer;
    struct cop_slice licence;
    struct cop_slice revision; /* the issuer's own version, "2026.11.1" */
    struct cop_slice timezone; /* of a policy file, IANA name; empty for none */
    int32_t east_s;     /* of UTC: where the days of the bundle's dates begin */
    uint8_t digest[32]; /* SHA-256 of the whole file, the digest's own
                           place taken as zeros */
    uint64_t file_bytes;
    uint32_t requirements;
    uint32_t lists;
    uint32_t hosts; /* host, domain and subdomain entries */
    uint32_t urls;  /* prefixes */
    uint32_t patterns;
    uint32_t adblock;  /* rules in Adblock syntax that are no plain host */
    uint32_t networks; /* of addresses */
    uint32_t templates;
    uint32_t profiles;
    uint32_t appeals;
    uint32_t grants;
};

COP_API void cop_bundle_info(
    const struct cop_bundle *bundle, struct cop_bundle_info *out);

enum cop_strength {
#define COP_STRENGTH_ROW(symbol, word) symbol,
#include "cop/strength.tbl"
};

enum cop_lock {
#define COP_LOCK_ROW(symbol, word) symbol,
#include "cop/lock.tbl"
};

enum cop_logging {
#define COP_LOGGING_ROW(symbol, word) symbol,
#include "cop/logging.tbl"
};

enum cop_identity {
#define COP_IDENTITY_ROW(symbol, word) symbol,
#include "cop/identity.tbl"
};

/* The coarsest rule by which a requirement blocks: what is blocked by a list of
 * domains says less than what is by one of URLs. */
enum cop_grain {
    COP_GRAIN_ANY, /* addresses and networks, too */
    COP_GRAIN_DOMAIN,
    COP_GRAIN_HOST,
    COP_GRAIN_URL
};

/* The word of each in documents, output and logs, static; "unknown" for a value
 * that is none. */
COP_API const char *cop_strength_word(enum cop_strength strength);
COP_API const char *cop_lock_word(enum cop_lock lock);
COP_API const char *cop_logging_word(enum cop_logging logging);
COP_API const char *cop_identity_word(enum cop_identity identity);

/* One requirement as the bundle tells it. All slices point into the bundle.
 * Texts by language come from cop_bundle_text(). */
struct cop_requirement {
    struct cop_slice id; /* "cop:req:XX:instrument:name" */
    struct cop_slice authority;
    struct cop_slice instrument; /* name of the law or decision */
    struct cop_slice citation;
    struct cop_slice
        blocked_by; /* URL of who ordered it (RFC 7725), or empty */
    struct cop_catset categories;
    enum cop_strength strength;
    enum cop_lock lock;
    enum cop_logging logging;
    enum cop_identity identity;
    bool is_in_force;     /* status, dates apart */
    uint16_t http_status; /* 403, or 451 where the law orders it */
    uint8_t age_min;      /* half-open interval [min, max) */
    uint8_t age_max;
    int64_t from_unix;  /* effective from, INT64_MIN when open */
    int64_t until_unix; /* effective to, INT64_MAX when open */
    uint32_t part;      /* a requirement that says different things at different
                           times or to different classes has several records of
                           one id, numbered from 0 */
    uint32_t hours;     /* of the week in which it speaks; 0: at all times */
};

/* A span of the local week; it goes over the week's end where `to` is below
 * `from`. */
struct cop_hours {
    uint16_t from; /* minute, Monday 00:00 = 0 */
    uint16_t to;   /* exclusive */
};

/* The hours in which a requirement speaks: the `at`-th of them, below
 * cop_requirement.hours. */
COP_API struct cop_hours cop_bundle_requirement_hours(
    const struct cop_bundle *bundle, uint32_t requirement, uint32_t at);

/* Requirement `index`, below info.requirements. */
COP_API void cop_bundle_requirement(const struct cop_bundle *bundle,
    uint32_t index, struct cop_requirement *out);

/* What a text is for. */
enum cop_text {
    COP_TEXT_TITLE,
    COP_TEXT_NOTICE,  /* the stop page's sentence */
    COP_TEXT_APPEAL,  /* where to appeal, in words or a URL */
    COP_TEXT_HELPLINE /* whom to call */
};

/* A requirement's text in the first of `languages` that it has ("ar", "en-GB"
 * falls back to "en"), else in English, else in any; empty when it has none.
 * language   NULL allowed; gets the language chosen, into the bundle */
COP_API struct cop_slice cop_bundle_text(const struct cop_bundle *bundle,
    uint32_t requirement, enum cop_text text, const struct cop_slice *languages,
    size_t n, struct cop_slice *language);

/* A category's label in the same manner; empty when the bundle has none. */
COP_API struct cop_slice cop_bundle_category_label(
    const struct cop_bundle *bundle, unsigned category,
    const struct cop_slice *languages, size_t n, struct cop_slice *language);

#endif
