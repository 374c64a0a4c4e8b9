/* What the kernel enforces against gateway/proc/sandbox.tbl: every system call
 * that this machine has, in a process that was sealed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <seccomp.h>

#include "gateway/proc/sandbox.h"
#include "gateway/proc/seal.h"

enum { WORKER = SEAL_WORKER, KEYD = SEAL_KEYD };
enum { CALLS_MAX = 480 };

static const char zone[] = "/usr/share/zoneinfo/UTC";

struct row {
    const char *name;
    unsigned roles;
};

static const struct row rows[] = {
#define SANDBOX_CALL(name, roles) {#name, roles},
#include "gateway/proc/sandbox.tbl"
};

static bool is_listed(const char *name, enum seal_role role)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return (rows[i].roles & (unsigned)role) != 0;
        }
    }
    return false;
}

/* Calls that this build needs besides, and those that would end or upset the
 * process that tries them. */
static bool is_left_out(const char *name)
{
    static const char *const untried[] = {"exit", "exit_group", "rt_sigreturn",
        "rt_sigaction", "rt_sigprocmask", "socket", "mmap", "mprotect"};

    for (const char *const *extra = seal_extra_calls; *extra != NULL; extra++) {
        if (strcmp(*extra, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(untried) / sizeof(untried[0]); i++) {
        if (strcmp(untried[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* With arguments that no call takes; EPERM is the filter's word. */
static bool is_permitted(long call)
{
    return syscall(call, -1L, -1L, -1L, -1L, -1L, -1L) != -1 || errno != EPERM;
}

/* Runs sealed: says on standard error what is not as it must be. */
static int count_wrong_calls(enum seal_role role)
{
    int wrong = 0;

    for (int call = 0; call < CALLS_MAX; call++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
        bool expected;

        if (name == NULL || is_left_out(name)) {
            free(name);
            continue;
        }
        expected = is_listed(name, role);
        if (is_permitted(call) != expected) {
            fprintf(
                stderr, "%s is %spermitted\n", name, expected ? "not " : "");
            wrong++;
        }
        free(name);
    }
    return wrong;
}

static bool can_socket(int family, int type)
{
    int fd = socket(family, type, 0);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static bool can_map(int protection)
{
    void *page =
        mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page != MAP_FAILED) {
        munmap(page, 4096);
    }
    return page != MAP_FAILED;
}

static bool can_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static bool can_listen(void)
{
    struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can = fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return can;
}

static int expect(bool is, bool expected, const char *what)
{
    if (is != expected) {
        fprintf(stderr, "%s: %s\n", what, is ? "yes" : "no");
    }
    return is != expected;
}

static int count_wrong_arguments(enum seal_role role)
{
    bool is_worker = role == SEAL_WORKER;
    int wrong = 0;

    wrong += expect(can_socket(AF_INET, SOCK_STREAM), is_worker, "inet");
    wrong += expect(can_socket(AF_INET6, SOCK_DGRAM), is_worker, "inet6");
    wrong +=
        expect(can_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK),
            is_worker, "inet, not blocking");
    wrong += expect(can_socket(AF_UNIX, SOCK_STREAM), false, "unix");
    wrong += expect(can_socket(AF_NETLINK, SOCK_RAW), false, "netlink");
    wrong += expect(can_socket(AF_INET, SOCK_RAW), false, "raw");
    wrong += expect(can_socket(AF_PACKET, SOCK_RAW), false, "packet");
    wrong += expect(can_map(PROT_READ | PROT_WRITE), true, "memory");
    wrong += expect(can_map(PROT_READ | PROT_EXEC), is_worker, "code");
    return wrong;
}

static int count_wrong_files(enum seal_role role, bool has_zone)
{
    bool is_worker = role == SEAL_WORKER;
    int wrong = 0;

    wrong += expect(can_open("/etc/passwd"), false, "/etc/passwd");
    wrong += expect(can_open("/dev/null"), false, "/dev/null");
    wrong += expect(can_open(zone), is_worker && has_zone, "a zone");
    wrong += expect(can_listen(), false, "listening");
    return wrong;
}

struct sealed {
    pid_t pid;
    int go; /* a byte here, and it goes on */
    int ready;
};

/* A process that is sealed, says so, waits, tries, and ends with the number of
 * things that are not as they must be. */
static struct sealed sealed_start(enum seal_role role, bool has_landlock)
{
    bool has_zone = access(zone, R_OK) == 0;
    struct sealed sealed;
    int go[2];
    int ready[2];
    char byte = 0;

    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(ready), 0);
    sealed = (struct sealed){fork(), go[1], ready[0]};
    assert_true(sealed.pid >= 0);
    if (sealed.pid == 0) {
        int wrong = sandbox_harden() != COP_OK || seal_process(role) != COP_OK;

        wrong += write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1;
        wrong += count_wrong_arguments(role) + count_wrong_calls(role);
        wrong += has_landlock ? count_wrong_files(role, has_zone) : 0;
        _exit(wrong > 100 ? 100 : wrong);
    }
    close(go[0]);
    close(ready[1]);
    assert_int_equal(read(sealed.ready, &byte, 1), 1);
    return sealed;
}

static void sealed_check(struct sealed *sealed)
{
    char byte = 0;
    int status = 0;

    assert_int_equal(write(sealed->go, &byte, 1), 1);
    assert_int_equal(waitpid(sealed->pid, &status, 0), sealed->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(sealed->go);
    close(sealed->ready);
}

/* The value of a line of /proc/PID/status. */
static void status_of(pid_t pid, const char *name, char value[64])
{
    char path[64];
    char line[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    assert_non_null(file);
    value[0] = '\0';
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t n = strlen(name);

        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            assert_int_equal(sscanf(line + n + 1, "%63s", value), 1);
        }
    }
    assert_int_equal(fclose(file), 0);
}

static void check_status(pid_t pid)
{
    static const struct {
        const char *name;
        const char *value;
    } lines[] = {
        {"Seccomp", "2"},
        {"NoNewPrivs", "1"},
        {"CapInh", "0000000000000000"},
        {"CapPrm", "0000000000000000"},
        {"CapEff", "0000000000000000"},
        {"CapAmb", "0000000000000000"},
    };
    char value[64];

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        status_of(pid, lines[i].name, value);
        assert_string_equal(value, lines[i].value);
    }
    if (geteuid() == 0) {
        status_of(pid, "CapBnd", value);
        assert_string_equal(value, "0000000000000000");
    }
}

static bool kernel_has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1) > 0;
}

static void check_role(enum seal_role role)
{
    struct sealed sealed = sealed_start(role, kernel_has_landlock());

    check_status(sealed.pid);
    sealed_check(&sealed);
}

static void test_worker(void **state)
{
    (void)state;
    check_role(SEAL_WORKER);
}

static void test_keyd(void **state)
{
    (void)state;
    check_role(SEAL_KEYD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worker),
        cmocka_unit_test(test_keyd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
