/* The processes of copgate. Each is this same program, executed anew with a
 * role, so that nothing of its parent's memory comes along.
 *
 *   parent  reads configuration and policy, binds, starts, restarts
 *   worker  reads network bytes; one a core
 *   keyd    holds the authority's key; talks to workers only
 *
 * A child finds its channel to the parent at ROLE_CHANNEL_FD. */
#ifndef GATEWAY_PROC_ROLES_H
#define GATEWAY_PROC_ROLES_H

enum { ROLE_CHANNEL_FD = 3 };

/* Exit codes, as sysexits.h has them where people expect those. */
enum {
    EXIT_DONE = 0,
    EXIT_NO = 1,
    EXIT_USAGE = 2,
    EXIT_UNAVAILABLE = 69,
    EXIT_SOFTWARE = 70,
    EXIT_CONFIGURATION = 78
};

/* Serve until told to stop. `argv0` is how this program was called, `file` the
 * configuration's path. */
int parent_run(const char *argv0, const char *file);
/* Check a configuration and all it names; say what is wrong. With is_json the
 * findings are one JSON object on standard output. */
int parent_check(const char *file, int is_json);
/* `file` names the configuration in messages; its bytes come from the parent.
 */
int worker_run(const char *file);
int keyd_run(void);

#endif
