#include "gateway/proc/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gateway/proc/say.h"
#include "gateway/proc/tracing.h"

/* Nothing that this process starts may be given what root has. Fails without
 * the right to, and then there is nothing to take away. */
static void sandbox_bound(void)
{
    for (cap_value_t cap = 0; CAP_IS_SUPPORTED(cap); cap++) {
        (void)cap_drop_bound(cap);
    }
}

enum cop_status sandbox_harden(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        tracing_settle() != COP_OK) {
        say(SAY_ERROR, "cannot give up rights: %s", strerror(errno));
        return COP_E_BUG;
    }
    sandbox_bound();
    return COP_OK;
}

void sandbox_leave_network(void)
{
    if (unshare(CLONE_NEWNET) != 0 && geteuid() == 0) {
        say(SAY_WARNING, "keyd keeps its network: %s", strerror(errno));
    }
}

enum cop_status sandbox_drop_user(const char *user)
{
    const struct passwd *entry;

    if (geteuid() != 0) {
        return COP_OK;
    }
    if (user == NULL) {
        user = "nobody";
    }
    entry = getpwnam(user);
    if (entry == NULL) {
        say(SAY_ERROR, "there is no user \"%s\": create it, or correct `user:`",
            user);
        return COP_E_NOTFOUND;
    }
    if (entry->pw_uid == 0) {
        say(SAY_ERROR, "`user:` must not be root");
        return COP_E_NOTFOUND;
    }
    if (setgroups(0, NULL) != 0 ||
        setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) != 0 ||
        setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) != 0 ||
        setuid(0) == 0) {
        say(SAY_ERROR, "cannot become \"%s\": %s", user, strerror(errno));
        return COP_E_IO;
    }
    return tracing_settle();
}
