/* Whom two policies are compared for: one subject of the command line, or
 * people of every age at which some requirement begins or ends, with and
 * without offers accepted, and every template that both have. */
#ifndef TOOLS_COPC_PANEL_H
#define TOOLS_COPC_PANEL_H

#include "cop/decide.h"
#include "tools/copc/copc.h"

struct panel_member {
    uint32_t before; /* profile in one policy */
    uint32_t after;  /* and in the other */
    char who[160];
};

struct panel {
    struct panel_member *members;
    size_t n;
};

/* Fill a panel and add its subjects to both policies, of one bundle each.
 * Returns COPC_DONE, or how copc ends; panel_fini() in either case. */
enum copc_exit panel_make(struct panel *panel, const struct options *options,
    struct cop_policy *before, struct cop_policy *after);
void panel_fini(struct panel *panel);

#endif
