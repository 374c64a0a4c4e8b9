/* Exporting: what a policy closes for one subject, for a resolver or filter
 * that knows less than the gateway.
 *
 * Bundles have hashes, so an export begins with sources: every entry of every
 * list is a place where decisions may change. The engine decides each of them,
 * and what is below it, once more; only what it closes is written, and only
 * what the format can say. Where a format would close more than the policy
 * does, the name is left out and told: an export may close less, never more.
 *
 * export_names.c gathers and decides, export_write.c writes, export_tell.c
 * counts and tells. */
#ifndef TOOLS_COPC_EXPORT_H
#define TOOLS_COPC_EXPORT_H

#include "rules/base/buf.h"
#include "tools/copc/setting.h"

enum export_format {
    EXPORT_PLAIN,
    EXPORT_HOSTS,
    EXPORT_RPZ,
    EXPORT_DNSMASQ,
    EXPORT_SQUIDGUARD,
    EXPORT_FORMATS
};

enum export_reason {
#define EXPORT_REASON(symbol, word, words) REASON_##symbol,
#include "tools/copc/export_reason.tbl"
    REASONS
};

/* A name, an address or a URL. */
struct export_node {
    size_t text; /* where in the pool */
    uint16_t n;  /* its bytes */
    bool is_url; /* "host[:port]/path?query" */
    bool is_address;
    bool has_open_url;    /* a URL of this host is open */
    bool is_closed;       /* itself */
    bool closes_below;    /* what is below it, unless other nodes say so */
    bool has_open_below;  /* a node below it is open in some way */
    uint32_t requirement; /* that closes it: export_tally; COP_NONE */
};

/* Counts by requirement; the last row is for what no requirement closes: the
 * profile itself and its template. */
struct export_tally {
    uint32_t first[COP_BUNDLES_MAX]; /* row of a bundle's requirement 0 */
    uint32_t rows;
    uint64_t (*left_out)[REASONS];
    uint64_t *written;
    uint64_t covered; /* by a name above that is written */
    uint64_t open;    /* entries that are open for this subject */
};

struct export
{
    enum export_format format;
    struct setting *setting;
    struct buf pool; /* texts */
    struct export_node *nodes;
    size_t n;
    size_t cap;
    bool has_failed; /* memory ran out */
    uint64_t patterns;
    uint64_t rules;
    uint64_t origins; /* countries, and networks by number */
    struct export_tally tally;
    struct buf names; /* what is written */
    struct buf urls;  /* of squidGuard */
};

static inline struct cop_slice export_text(
    const struct export *export, const struct export_node *node)
{
    return (struct cop_slice){export->pool.p + node->text, node->n};
}

/* ---- export_names.c ---- */

void export_init(struct export *export);
void export_fini(struct export *export);

/* A cop_entry_fn: keep an entry as a node. */
void export_entry(void *context, const char *kind, struct cop_slice text);

/* Decide every node and sort them so that a name comes before those below it.
 * False when memory ran out. */
bool export_decide(struct export *export);

/* The names above a node, from the last label on, while nodes are gone through
 * in order. */
struct export_path {
    size_t n;
    size_t at[COP_HOST_MAX / 2 + 2]; /* more than a name has labels */
};

/* Go on to the next node. Returns the nearest one above it; SIZE_MAX for
 * none. */
size_t export_path_enter(
    const struct export *export, struct export_path *path, size_t index);

/* ---- export_write.c ---- */

/* Fill `names` and `urls`, and the tally. False when memory ran out. */
bool export_write(struct export *export);

/* ---- export_tell.c ---- */

bool export_tally_init(struct export *export);
uint32_t export_tally_row(
    const struct export *export, const struct cop_verdict *verdict);
void export_leave_out(
    struct export *export, uint32_t row, enum export_reason reason);

const char *export_format_word(enum export_format format);

/* Comment lines that begin a file: `mark` and a space before each. */
void export_head(const struct export *export, const char *mark, struct buf *to);

/* What was written and what could not be: for people on standard error, or as
 * {"schema": "copc/export/v1", ...}, a new reference or NULL. */
void export_tell(const struct export *export);
json_t *export_json(const struct export *export);

#endif
