/* Landlock (Linux 5.13 and up) through its three system calls: the C library
 * has no functions for them, and Debian 12 packages no library that has. What
 * is newer than its headers is written out below, after
 * Documentation/userspace-api/landlock.rst of the kernel. */
#include "gateway/proc/seal.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ABI_TRUNCATE = 3, ABI_NETWORK = 4, ABI_DEVICES = 5, ABI_SCOPES = 6 };

#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

#define FS_FIRST_VERSION                                                       \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |              \
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |           \
        LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |       \
        LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |           \
        LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |           \
        LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |         \
        LANDLOCK_ACCESS_FS_MAKE_SYM)

/* As the newest kernel knows it; an older one is told a shorter one. */
struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* version 4 */
    uint64_t scoped;             /* version 6 */
};

static int landlock_version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
        LANDLOCK_CREATE_RULESET_VERSION);
}

static struct ruleset ruleset_of(enum seal_role role, int version)
{
    struct ruleset set = {.handled_access_fs = FS_FIRST_VERSION};

    if (version >= 2) {
        set.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    }
    if (version >= ABI_TRUNCATE) {
        set.handled_access_fs |= FS_TRUNCATE;
    }
    if (version >= ABI_DEVICES) {
        set.handled_access_fs |= FS_IOCTL_DEV;
    }
    if (version >= ABI_NETWORK) {
        set.handled_access_net =
            NET_BIND_TCP | (role == SEAL_KEYD ? NET_CONNECT_TCP : 0);
    }
    if (version >= ABI_SCOPES) {
        set.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    }
    return set;
}

static size_t ruleset_size(int version)
{
    if (version >= ABI_SCOPES) {
        return sizeof(struct ruleset);
    }
    return version >= ABI_NETWORK
               ? offsetof(struct ruleset, scoped)
               : offsetof(struct ruleset, handled_access_net);
}

/* A folder that is not there needs no permission. */
static bool permit_reading(int rules, const char *folder)
{
    struct landlock_path_beneath_attr beneath = {
        .allowed_access =
            LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR};
    long result;

    beneath.parent_fd = open(folder, O_PATH | O_CLOEXEC);
    if (beneath.parent_fd < 0) {
        return true;
    }
    result = syscall(
        SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    close(beneath.parent_fd);
    return result == 0;
}

static bool permit(int rules, enum seal_role role)
{
    bool is_done = true;

    if (role == SEAL_WORKER) {
        is_done = permit_reading(rules, "/usr/share/zoneinfo");
    }
    for (const char *const *folder = seal_extra_folders;
         is_done && *folder != NULL; folder++) {
        is_done = permit_reading(rules, *folder);
    }
    return is_done;
}

int landlock_seal(enum seal_role role)
{
    int version = landlock_version();
    struct ruleset set = ruleset_of(role, version);
    bool is_done;
    int rules;

    if (version <= 0) {
        return 0;
    }
    rules = (int)syscall(
        SYS_landlock_create_ruleset, &set, ruleset_size(version), 0);
    if (rules < 0) {
        return -1;
    }
    is_done = permit(rules, role) &&
              syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return is_done ? version : -1;
}
