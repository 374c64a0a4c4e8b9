/* What a question is asked against: bundles, a policy file, a subject and a
 * moment, as `explain` and `decide` take them. */
#ifndef TOOLS_COPC_SETTING_H
#define TOOLS_COPC_SETTING_H

#include "cop/compile.h"
#include "cop/decide.h"
#include "tools/copc/copc.h"
#include "tools/copc/findings.h"

enum { SETTING_WHO_BYTES = 160, SETTING_ROOM_BYTES = 256 };

struct setting {
    struct cop_bundle *bundles[COP_BUNDLES_MAX];
    size_t bundles_n;
    struct cop_image image; /* the compiled policy file */
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    uint32_t profile; /* COP_NONE: that of each line of a log */
    struct cop_moment moment;
    struct cop_address address; /* of the server, with has_address */
    const char *address_text;   /* as the options have it */
    bool has_address;
    char who[SETTING_WHO_BYTES]; /* the subject, in words */
};

/* Sources that were compiled in place of bundle files. */
struct setting_sources {
    const struct cop_image *image;
    const char *name;    /* for findings */
    cop_entry_fn *entry; /* called for each entry of the policy file too */
    void *entry_context;
};

/* As setting_open() with such a bundle.
 * sources  borrowed until setting_close() */
enum copc_exit setting_open_sources(struct setting *setting,
    const struct options *options, const struct setting_sources *sources,
    struct findings *findings);

/* Open what the options and the first `bundles` operands name.
 * findings  gets what is wrong with them
 * Returns COPC_DONE, or how copc ends; setting_close() in either case. */
enum copc_exit setting_open(struct setting *setting,
    const struct options *options, size_t bundles, struct findings *findings);
void setting_close(struct setting *setting);

/* Add what the rules say of the server's address, where one is given. */
void setting_add_address(
    const struct setting *setting, struct cop_class *class);

/* server.c: read --address and look it up in what --countries and --networks
 * name. Returns COPC_DONE, or how copc ends. */
enum copc_exit setting_find_server(struct setting *setting,
    const struct options *options, struct findings *findings);

/* The zone that the policy file says it lives in; empty: UTC. */
struct cop_slice setting_zone(const struct setting *setting);

/* Whether the options describe somebody who is no profile. */
bool setting_says_subject(const struct options *options);

/* Whom they describe.
 * room  for a template's name, which `out` may point into
 * who   gets the same in words
 * Returns false after a complaint. */
bool setting_subject(const struct options *options, struct cop_subject *out,
    char room[SETTING_ROOM_BYTES], char who[SETTING_WHO_BYTES]);

#endif
