#include "gateway/proc/seal.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <seccomp.h>

enum { WORKER = SEAL_WORKER, KEYD = SEAL_KEYD };
enum { SOCKET_TYPE_MASK = 0xf };

struct call {
    const char *name;
    unsigned roles;
};

static const struct call calls[] = {
#define SANDBOX_CALL(name, roles) {#name, roles},
#include "gateway/proc/sandbox.tbl"
};

/* Calls that are let through only with some arguments. A later rule for one of
 * them without conditions would undo it, so the table's is left out. */
static bool is_bounded(const char *name, enum seal_role role)
{
    int call = seccomp_syscall_resolve_name(name);

    return call == SCMP_SYS(socket) ||
           (role == SEAL_KEYD &&
               (call == SCMP_SYS(mmap) || call == SCMP_SYS(mprotect)));
}

/* 0, or a negative errno as all of libseccomp. */
static int permit_named(scmp_filter_ctx filter, const char *name)
{
    int call = seccomp_syscall_resolve_name(name);

    if (call == __NR_SCMP_ERROR) {
        return 0; /* not on this architecture */
    }
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
}

/* Sockets of the internet only: no raw packets, no netlink, nothing local. */
static int permit_sockets(scmp_filter_ctx filter)
{
    static const int families[] = {AF_INET, AF_INET6};
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    int result = 0;

    for (int i = 0; i < 4 && result == 0; i++) {
        const struct scmp_arg_cmp when[] = {
            {.arg = 0,
                .op = SCMP_CMP_EQ,
                .datum_a = (scmp_datum_t)families[i / 2]},
            {.arg = 1,
                .op = SCMP_CMP_MASKED_EQ,
                .datum_a = SOCKET_TYPE_MASK,
                .datum_b = (scmp_datum_t)types[i % 2]},
        };

        result = seccomp_rule_add_array(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, when);
    }
    return result;
}

/* Memory that is not for executing. Workers have PCRE2's compiler, which makes
 * code; keyd makes none. */
static int permit_data(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp when = {
        .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
    int result = seccomp_rule_add_array(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &when);

    if (result != 0) {
        return result;
    }
    return seccomp_rule_add_array(
        filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &when);
}

static int permit_all(scmp_filter_ctx filter, enum seal_role role)
{
    int result =
        role == SEAL_WORKER ? permit_sockets(filter) : permit_data(filter);

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (result == 0 && (calls[i].roles & (unsigned)role) != 0 &&
            !is_bounded(calls[i].name, role)) {
            result = permit_named(filter, calls[i].name);
        }
    }
    for (const char *const *name = seal_extra_calls;
         result == 0 && *name != NULL; name++) {
        result = permit_named(filter, *name);
    }
    return result;
}

enum cop_status syscalls_seal(enum seal_role role)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int result;

    if (filter == NULL) {
        return COP_E_NOMEM;
    }
    result = permit_all(filter, role);
    if (result == 0) {
        /* A tree, not a list: the calls of every request come early. */
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    }
    if (result == 0) {
        result = seccomp_load(filter);
    }
    seccomp_release(filter);
    errno = -result;
    return result == 0 ? COP_OK : COP_E_IO;
}
