#include <string.h>

#include "tools/copc/export.h"
#include "tools/copc/moment.h"

/* A node being written, and how things are above it. */
struct writing {
    struct export *export;
    const struct export_node *node;
    struct cop_slice name;
    bool is_closed_above; /* in what has been written */
};

static void written(const struct writing *writing)
{
    writing->export->tally.written[writing->node->requirement]++;
}

static void left_out(const struct writing *writing, enum export_reason reason)
{
    export_leave_out(writing->export, writing->node->requirement, reason);
}

static void line(
    const struct writing *writing, const char *before, const char *after)
{
    buf_print(&writing->export->names, "%s%.*s%s\n", before,
        (int)writing->name.n, writing->name.p, after);
}

/* Each writes one name and returns whether what is below it is closed by what
 * has been written. */

/* Names alone, each by itself. */
static bool write_hosts(const struct writing *writing)
{
    const struct export_node *node = writing->node;

    if (node->is_closed) {
        line(writing, "0.0.0.0 ", "");
        written(writing);
    }
    if (node->closes_below) {
        left_out(writing, REASON_BELOW);
    }
    return false;
}

/* Where anything is said of a name below a wildcard, all is said of it: a name
 * that exists ends the wildcard above (RFC 4592 3.3.1). */
static bool write_rpz(const struct writing *writing)
{
    const struct export_node *node = writing->node;

    if (!writing->is_closed_above) {
        if (node->is_closed) {
            line(writing, "", " CNAME .");
        }
        if (node->closes_below) {
            line(writing, "*.", " CNAME .");
        }
        if (node->is_closed || node->closes_below) {
            written(writing);
        }
        return node->closes_below;
    }
    if (node->is_closed && node->closes_below && !node->has_open_below) {
        writing->export->tally.covered++;
        return true;
    }
    line(writing, "", node->is_closed ? " CNAME ." : " CNAME rpz-passthru.");
    line(writing, "*.",
        node->closes_below ? " CNAME ." : " CNAME rpz-passthru.");
    return node->closes_below;
}

/* A domain with all below it, closed or excepted. */
static bool write_dnsmasq(const struct writing *writing)
{
    const struct export_node *node = writing->node;
    bool closes = node->is_closed && node->closes_below;

    if (!closes && node->is_closed) {
        left_out(writing, REASON_EXACT);
    } else if (!closes && node->closes_below) {
        left_out(writing, REASON_ONLY_BELOW);
    }
    if (closes && writing->is_closed_above) {
        writing->export->tally.covered++;
    } else if (closes) {
        line(writing, "address=/", "/");
        written(writing);
    } else if (writing->is_closed_above) {
        line(writing, "server=/", "/#");
    }
    return closes;
}

/* Domains with all below them, and, where `has_star`, what is only below. No
 * exceptions: what has one is left out, and what is below it speaks for
 * itself. */
static bool write_domains(const struct writing *writing, bool has_star)
{
    const struct export_node *node = writing->node;
    bool closes = node->is_closed && node->closes_below;

    if (writing->is_closed_above) { /* then nothing here is open */
        writing->export->tally.covered++;
        return true;
    }
    if (node->is_address && node->is_closed) {
        line(writing, "", "");
        written(writing);
    } else if (node->closes_below && node->has_open_below) {
        left_out(writing, REASON_OPEN_BELOW);
    } else if (closes) {
        line(writing, "", "");
        written(writing);
        return true;
    } else if (node->closes_below && has_star) {
        line(writing, "*.", "");
        written(writing);
        return true;
    } else if (node->closes_below) {
        left_out(writing, REASON_ONLY_BELOW);
    } else if (node->is_closed) {
        left_out(writing, REASON_EXACT);
    }
    return false;
}

static bool write_name(const struct writing *writing)
{
    switch (writing->export->format) {
    case EXPORT_HOSTS:
        return write_hosts(writing);
    case EXPORT_RPZ:
        return write_rpz(writing);
    case EXPORT_DNSMASQ:
        return write_dnsmasq(writing);
    case EXPORT_PLAIN:
        return write_domains(writing, true);
    case EXPORT_SQUIDGUARD:
        return write_domains(writing, false);
    case EXPORT_FORMATS:
        break;
    }
    return false;
}

/* A URL that is closed on a host that is open. */
static void write_url(const struct writing *writing)
{
    if (writing->export->format != EXPORT_SQUIDGUARD) {
        left_out(writing, REASON_URL);
        return;
    }
    buf_print(&writing->export->urls, "%.*s\n", (int)writing->name.n,
        writing->name.p);
    written(writing);
}

static bool takes_addresses(enum export_format format)
{
    return format == EXPORT_PLAIN || format == EXPORT_SQUIDGUARD;
}

static void write_zone_head(const struct export *export, struct buf *to)
{
    char day[16];

    moment_day(export->setting->moment.unix_time, day);
    buf_print(to,
        "$TTL 300\n"
        "@ SOA localhost. hostmaster.localhost. %.4s%.2s%.2s00 3600 600 "
        "604800 300\n"
        "@ NS localhost.\n",
        day, day + 5, day + 8);
}

static void write_nodes(struct export *export)
{
    struct export_path path = {.n = 0};
    /* What has been written of the names above, as far as the path goes. */
    bool closes[sizeof(path.at) / sizeof(path.at[0])] = {false};

    for (size_t i = 0; i < export->n; i++) {
        struct writing writing = {.export = export, .node = &export->nodes[i]};

        writing.name = export_text(export, writing.node);
        (void)export_path_enter(export, &path, i);
        if (writing.node->is_url) {
            write_url(&writing);
        } else if (writing.node->is_address) {
            if (takes_addresses(export->format)) {
                (void)write_name(&writing);
            } else if (writing.node->is_closed) {
                left_out(&writing, REASON_ADDRESS);
            }
        } else {
            writing.is_closed_above = path.n > 1 && closes[path.n - 2];
            closes[path.n - 1] = write_name(&writing);
        }
    }
}

bool export_write(struct export *export)
{
    const char *mark = export->format == EXPORT_RPZ ? ";" : "#";

    if (!export->has_failed) {
        export_head(export, mark, &export->names);
        export_head(export, mark, &export->urls);
        if (export->format == EXPORT_RPZ) {
            write_zone_head(export, &export->names);
        }
        write_nodes(export);
    }
    return !export->has_failed && !export->names.failed && !export->urls.failed;
}
