#include "gateway/proc/seal.h"

#include <errno.h>
#include <string.h>
#include <sys/capability.h>

#include "gateway/proc/say.h"

/* Whoever started us, and as whom. */
static bool capabilities_drop(void)
{
    cap_t none = cap_init();
    bool is_done =
        none != NULL && cap_reset_ambient() == 0 && cap_set_proc(none) == 0;

    (void)cap_free(none);
    return is_done;
}

static const char *role_word(enum seal_role role)
{
    return role == SEAL_KEYD ? "keyd" : "a worker";
}

enum cop_status seal_process(enum seal_role role)
{
    enum cop_status status;
    int version;

    if (!capabilities_drop()) {
        say(SAY_ERROR, "%s cannot give up capabilities: %s", role_word(role),
            strerror(errno));
        return COP_E_IO;
    }
    version = landlock_seal(role);
    if (version < 0) {
        say(SAY_ERROR, "%s cannot give up files: %s", role_word(role),
            strerror(errno));
        return COP_E_IO;
    }
    if (version == 0) {
        say(SAY_WARNING, "%s can still open files: this kernel has no Landlock",
            role_word(role));
    }
    status = syscalls_seal(role);
    if (status != COP_OK) {
        say(SAY_ERROR, "%s cannot give up system calls: %s", role_word(role),
            strerror(errno));
    }
    return status;
}
