/* The databases of where addresses are, as the parent has them: opened,
 * checked whole, sealed, and judged by their age and by what the rules ask.
 *
 * One that is missing or damaged is a state, not a failure: the rules that
 * need it match nothing, which is said at every start, reload and check. Where
 * the configuration says that they are required, nothing starts instead, and a
 * reload is refused. */
#ifndef GATEWAY_PROC_DATABASES_H
#define GATEWAY_PROC_DATABASES_H

#include <stdint.h>

#include "cop/decide.h"
#include "cop/locate.h"
#include "cop/report.h"

struct config_locations;

enum database_state {
    DATABASE_ABSENT, /* none is configured */
    DATABASE_UNUSABLE,
    DATABASE_KEPT,  /* unusable, and the one before it stays in use */
    DATABASE_STALE, /* in use, older than it should be */
    DATABASE_READY
};

struct databases {
    enum database_state states[COP_DATABASES];
    struct cop_database_facts facts[COP_DATABASES]; /* of one in use */
    int64_t age_days[COP_DATABASES];
    int fds[COP_DATABASES]; /* sealed memory, or -1 */
};

void databases_init(struct databases *databases);
void databases_close(struct databases *databases);

/* Open what is configured; findings are warnings, or errors where they are
 * required. now_unix measures ages.
 * before  what is in use until now: kept where its successor cannot be used
 *         and is not required; NULL: nothing is
 * Returns COP_OK, COP_E_CHECK, COP_E_NOMEM. */
COP_MUST_USE enum cop_status databases_open(struct databases *databases,
    const struct config_locations *locations, int64_t now_unix,
    const struct databases *before, struct cop_report *report);

/* Say which rules of a policy cannot match for want of a database.
 * Returns COP_OK, or COP_E_CHECK where they are required. */
COP_MUST_USE enum cop_status databases_judge(const struct databases *databases,
    const struct config_locations *locations, const struct cop_policy *policy,
    struct cop_report *report);

/* "absent", "unusable", "kept", "stale", "ready". */
const char *database_state_word(enum database_state state);

/* Tell the operator what is in use, a line each. */
void databases_say(const struct databases *databases);

#endif
