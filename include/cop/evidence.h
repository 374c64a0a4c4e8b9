/* What a bundle says for whoever oversees it: the legal basis of each
 * requirement, where each list comes from and how old it is, what was tested.
 * Nothing here takes part in a decision. */
#ifndef COP_EVIDENCE_H
#define COP_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/bundle.h"

/* Words are those of the requirement documents ("in_force", "statute"); empty
 * where a document says nothing. All slices point into the bundle. */
struct cop_evidence {
    struct cop_slice kind;
    struct cop_slice status;
    struct cop_slice action;
    struct cop_slice basis;        /* type of the instrument */
    struct cop_slice jurisdiction; /* codes with a space between */
    struct cop_slice extra;   /* keys that begin with x-, one "path: value" a
                                 line */
    int64_t review_unix;      /* INT64_MAX when no day is named */
    uint32_t version;         /* of the document */
    uint32_t subscribers;     /* bits of subscriber.tbl; 0: any */
    struct cop_catset spares; /* it blocks nothing that is in one of these */
    enum cop_grain grain;     /* it blocks by nothing coarser */
    uint32_t lists_of; /* the requirement, of the same id, whose lists are
                          its lists: mostly itself */
    uint32_t vectors;  /* test vectors that held when it was compiled */
    uint32_t vectors_not_run; /* those that this version could not run */
    uint32_t shadowed_by;     /* a requirement of this bundle that always
                                 decides instead; UINT32_MAX: none */
    bool is_allow;            /* opens what it selects */
    bool is_inert;            /* a duty of people, or without a target */
    bool is_offer;            /* decides only where a profile accepts it */
};

/* Requirement `index`, below cop_bundle_info.requirements. */
COP_API void cop_bundle_evidence(
    const struct cop_bundle *bundle, uint32_t index, struct cop_evidence *out);

/* A list that a document names, whether or not its entries are here. */
struct cop_origin {
    struct cop_slice name;   /* unique; also what explanations call it */
    struct cop_slice ref;    /* of a list by reference; empty when it is here */
    struct cop_slice source; /* who publishes it */
    struct cop_slice licence;
    struct cop_slice says;    /* "category", "deny", "allow", "allow_only" */
    struct cop_slice secrecy; /* "public", "restricted", "secret" */
    struct cop_slice cadence; /* how often it changes, as written */
    struct cop_slice max_age; /* as written */
    struct cop_catset categories; /* of a category list */
    uint32_t requirement;         /* that names it; UINT32_MAX: none */
    uint32_t entries;             /* lines that are entries, repeats counted */
    uint32_t held;          /* and those that a collateral guard left out */
    int64_t retrieved_unix; /* INT64_MIN when nobody says */
    uint8_t digest[32]; /* SHA-256 of the file that it was read from, packed or
                           not; of a folder, of the digests of its files
                           domains, urls and expressions in a row; zeros when
                           its entries stand in its document or elsewhere */
};

COP_API uint32_t cop_bundle_origins(const struct cop_bundle *bundle);
COP_API void cop_bundle_origin(
    const struct cop_bundle *bundle, uint32_t index, struct cop_origin *out);

/* A template by index, below cop_bundle_info.templates. */
struct cop_template {
    struct cop_slice name; /* "cop:template:household-child" */
    struct cop_slice title;
    struct cop_catset block;
    struct cop_catset allow_only; /* what it lets through when it is one */
    bool is_allow_only;
};
COP_API void cop_bundle_template(
    const struct cop_bundle *bundle, uint32_t index, struct cop_template *out);

/* An upheld appeal by index, below cop_bundle_info.appeals. */
struct cop_appeal {
    struct cop_slice id;
    struct cop_slice authority;
    struct cop_slice of; /* a requirement's id, or empty for any */
    int64_t from_unix;
    int64_t until_unix; /* INT64_MAX: for good */
};
COP_API void cop_bundle_appeal(
    const struct cop_bundle *bundle, uint32_t index, struct cop_appeal *out);

/* The languages in which a requirement has a text: the `at`-th of them, in
 * order; empty beyond the last. */
COP_API struct cop_slice cop_bundle_text_language(
    const struct cop_bundle *bundle, uint32_t requirement, enum cop_text text,
    uint32_t at);

#endif
