/* Another binary takes over: what is handed over, what is refused, and how a
 * successor that fails leaves everything as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "gateway/proc/channel.h"
#include "gateway/proc/handover.h"
#include "gateway/proc/notify.h"
#include "gateway/proc/successor.h"

/* A socket bound to a free port of 127.0.0.1. */
static int socket_bound(int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address,
                         sizeof(address)),
        0);
    return fd;
}

static int socket_listening(void)
{
    int fd = socket_bound(SOCK_STREAM);

    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void address_of(int fd, struct sockaddr_storage *out)
{
    socklen_t n = sizeof(*out);

    memset(out, 0, sizeof(*out));
    assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)out, &n), 0);
}

static int descriptors_open(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++) {
        struct stat facts;

        n += fstat(fd, &facts) == 0;
    }
    return n;
}

static void test_sockets_are_handed_over(void **state)
{
    struct listeners given = {.n = 2};
    struct listeners taken;
    int line[2];

    (void)state;
    assert_int_equal(channel_pair(line), COP_OK);
    for (uint32_t i = 0; i < given.n; i++) {
        given.fds[i] = socket_listening();
    }
    assert_int_equal(handover_give(line[0], &given), COP_OK);
    assert_int_equal(handover_take(line[1], &taken), COP_OK);
    assert_int_equal(taken.n, 2);
    for (uint32_t i = 0; i < given.n; i++) {
        struct sockaddr_storage address;

        address_of(given.fds[i], &address);
        assert_int_not_equal(given.fds[i], taken.fds[i]);
        assert_memory_equal(&address, &taken.addresses[i], sizeof(address));
    }
    assert_int_equal(handover_hear_ready(line[0]), COP_AGAIN);
    assert_int_equal(handover_tell_ready(line[1]), COP_OK);
    assert_int_equal(handover_hear_ready(line[0]), COP_OK);
    close(line[1]);
    assert_int_equal(handover_hear_ready(line[0]), COP_E_TRUNCATED);
    close(line[0]);
    listeners_close(&given);
    listeners_close(&taken);
}

/* What the configuration names is taken over, what is missing is bound. */
static void test_sockets_are_matched_with_the_configuration(void **state)
{
    struct config_listen listens[2] = {{.address_n = 0}};
    struct config *config = calloc(1, sizeof(*config));
    struct listeners inherited = {.n = 2};
    struct listeners out;
    int missing = socket_bound(SOCK_STREAM);

    (void)state;
    assert_non_null(config);
    for (uint32_t i = 0; i < inherited.n; i++) {
        inherited.fds[i] = socket_listening();
        address_of(inherited.fds[i], &inherited.addresses[i]);
    }
    listens[0].address = inherited.addresses[1];
    address_of(missing, &listens[1].address);
    close(missing);
    listens[0].address_n = sizeof(struct sockaddr_in);
    listens[1].address_n = sizeof(struct sockaddr_in);
    config->listens = listens;
    config->listens_n = 2;
    assert_int_equal(listeners_open(config, &inherited, &out), COP_OK);
    assert_int_equal(out.n, 2);
    for (uint32_t i = 0; i < out.n; i++) {
        struct sockaddr_storage address;

        address_of(out.fds[i], &address);
        assert_memory_equal(&address, &listens[i].address, sizeof(address));
    }
    listeners_close(&inherited);
    listeners_close(&out);
    free(config);
}

static void refuse(int (*make)(void), uint32_t n)
{
    struct listeners given = {.n = n};
    struct listeners taken = {.n = 9};
    int line[2];
    int before = descriptors_open();

    assert_int_equal(channel_pair(line), COP_OK);
    for (uint32_t i = 0; i < n; i++) {
        given.fds[i] = i == 0 ? make() : fcntl(given.fds[0], F_DUPFD, 0);
    }
    assert_int_equal(handover_give(line[0], &given), COP_OK);
    assert_int_equal(handover_take(line[1], &taken), COP_E_SYNTAX);
    assert_int_equal(taken.n, 0);
    close(line[0]);
    close(line[1]);
    listeners_close(&given);
    assert_int_equal(descriptors_open(), before);
}

static int make_udp(void)
{
    return socket_bound(SOCK_DGRAM);
}

static int make_deaf(void)
{
    return socket_bound(SOCK_STREAM);
}

static int make_null(void)
{
    return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int make_local(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address,
                         sizeof(sa_family_t)),
        0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void test_other_descriptors_are_refused(void **state)
{
    (void)state;
    refuse(make_udp, 1);
    refuse(make_deaf, 1);
    refuse(make_null, 1);
    refuse(make_local, 1);
    refuse(socket_listening, 2); /* the same one twice */
}

static void test_other_words_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } words[] = {
        {"CUP1\1\0\0\0\0\0\0\0\0\0\0", 15},
        {"CUP1\1\0\0\0\0\0\0\0\0\0\0\0\0", 17},
        {"CUP2\1\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"CUP1\3\0\0\0\0\0\0\0\0\0\0\0", 16},
        {"CUP1\1\0\0\0\1\0\0\0\0\0\0\0", 16}, /* one socket, not there */
        {"CUP1\1\0\0\0\0\0\0\0\0\0\0\1", 16},
        {"CUP1\2\0\0\0\0\0\0\0\0\0\0\0", 16}, /* not its turn */
    };
    struct listeners taken;
    int line[2];

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        assert_int_equal(channel_pair(line), COP_OK);
        assert_int_equal(
            send(line[0], words[i].bytes, words[i].n, 0), (int)words[i].n);
        assert_int_equal(handover_take(line[1], &taken), COP_E_SYNTAX);
        close(line[0]);
        close(line[1]);
    }
    assert_int_equal(channel_pair(line), COP_OK);
    close(line[0]);
    assert_int_equal(handover_take(line[1], &taken), COP_E_IO);
    close(line[1]);
}

/* Ready comes without descriptors. */
static void test_ready_with_a_descriptor_is_refused(void **state)
{
    struct listeners none = {.n = 1};
    int line[2];

    (void)state;
    assert_int_equal(channel_pair(line), COP_OK);
    none.fds[0] = make_null();
    assert_int_equal(handover_give(line[1], &none), COP_OK);
    assert_int_equal(handover_hear_ready(line[0]), COP_E_SYNTAX);
    listeners_close(&none);
    close(line[0]);
    close(line[1]);
}

/* ---- the old one's side ---- */

struct stand {
    struct loop *loop;
    struct successor successor;
    struct listeners listeners;
    char program[64];
    pid_t pid; /* -1 before it is over */
};

static void stand_over(void *context, pid_t pid)
{
    struct stand *stand = context;

    stand->pid = pid;
    loop_stop(stand->loop);
}

static void stand_open(struct stand *stand, const char *script)
{
    FILE *out;
    int fd;

    memset(stand, 0, sizeof(*stand));
    stand->pid = -1;
    assert_int_equal(loop_new(&stand->loop), COP_OK);
    successor_init(&stand->successor, stand->loop, stand_over, stand);
    stand->listeners.n = 1;
    stand->listeners.fds[0] = socket_listening();
    snprintf(stand->program, sizeof(stand->program),
        "/tmp/copgate-successor-XXXXXX");
    fd = mkstemp(stand->program);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0755), 0);
    out = fdopen(fd, "w");
    fprintf(out, "#!/bin/sh\n%s\n", script);
    fclose(out);
}

static enum cop_status stand_start(struct stand *stand, int64_t patience_ms)
{
    const struct successor_trial trial = {
        stand->program, "a.yaml", &stand->listeners, patience_ms};

    return successor_start(&stand->successor, &trial);
}

static void stand_close(struct stand *stand)
{
    unlink(stand->program);
    successor_abandon(&stand->successor);
    listeners_close(&stand->listeners);
    loop_free(&stand->loop);
}

/* The pid that took over; 0 if none did. */
static pid_t stand_try(const char *script, int64_t patience_ms)
{
    struct stand stand;

    stand_open(&stand, script);
    assert_int_equal(stand_start(&stand, patience_ms), COP_OK);
    assert_true(successor_is_on(&stand.successor));
    assert_int_equal(loop_run(stand.loop), COP_OK);
    assert_false(successor_is_on(&stand.successor));
    stand_close(&stand);
    return stand.pid;
}

static void test_a_successor_takes_over(void **state)
{
    (void)state;
    assert_true(stand_try("test \"$COPGATE_HANDOVER $*\" = '3 -c a.yaml' && "
                          "printf 'CUP1\\2\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' "
                          ">&3; sleep 0.2",
                    10000) > 0);
}

static void test_a_successor_that_fails_is_none(void **state)
{
    int before = descriptors_open();

    (void)state;
    assert_int_equal(stand_try("exit 78", 10000), 0);
    assert_int_equal(stand_try("kill -9 $$", 10000), 0);
    assert_int_equal(stand_try("exec 3>&-; exit 0", 10000), 0);
    assert_int_equal(stand_try("printf CUP1 >&3; exec sleep 20", 10000), 0);
    assert_int_equal(stand_try("exec sleep 20", 200), 0);
    assert_int_equal(descriptors_open(), before);
}

static void test_a_trial_can_be_abandoned(void **state)
{
    struct stand stand;

    (void)state;
    stand_open(&stand, "exec sleep 20");
    assert_int_equal(stand_start(&stand, 10000), COP_OK);
    successor_abandon(&stand.successor);
    assert_false(successor_is_on(&stand.successor));
    assert_int_equal(stand.pid, -1);
    stand_close(&stand);
}

static void test_what_is_no_program_is_not_started(void **state)
{
    struct stand stand;

    (void)state;
    stand_open(&stand, "exit 0");
    assert_int_equal(chmod(stand.program, 0757), 0);
    assert_int_equal(stand_start(&stand, 1000), COP_E_NOTFOUND);
    assert_int_equal(chmod(stand.program, 0644), 0);
    assert_int_equal(stand_start(&stand, 1000), COP_E_NOTFOUND);
    unlink(stand.program);
    assert_int_equal(stand_start(&stand, 1000), COP_E_NOTFOUND);
    assert_false(successor_is_on(&stand.successor));
    stand_close(&stand);
}

/* ---- where it lies ---- */

static void test_the_program_is_found(void **state)
{
    char self[512];
    char found[512];
    char folder[512];
    const char *name;
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    (void)state;
    assert_true(n > 0);
    self[n] = '\0';
    name = strrchr(self, '/') + 1;
    assert_int_equal(successor_find_program(self, found, 512), COP_OK);
    assert_string_equal(found, self);
    snprintf(
        folder, sizeof(folder), "/nowhere:%.*s", (int)(name - self - 1), self);
    setenv("PATH", folder, 1);
    assert_int_equal(successor_find_program(name, found, 512), COP_OK);
    assert_string_equal(found, self);
    /* A name that is not ours, or is another program's. */
    assert_int_equal(successor_find_program("no-such", found, 512), COP_OK);
    assert_string_equal(found, self);
    assert_int_equal(successor_find_program("/bin/sh", found, 512), COP_OK);
    assert_string_equal(found, self);
    assert_int_equal(
        successor_find_program("no-such", found, 3), COP_E_NOTFOUND);
}

/* ---- what the service manager hears ---- */

static void test_the_service_manager_hears_who_is_in_charge(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char heard[128] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
        "copgate-notify-%d", (int)getpid());
    char path[128];

    (void)state;
    assert_int_equal(bind(fd, (const struct sockaddr *)(const void *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                     1 + (size_t)n)),
        0);
    snprintf(path, sizeof(path), "@%s", address.sun_path + 1);
    setenv("NOTIFY_SOCKET", path, 1);
    notify_successor(4711);
    unsetenv("NOTIFY_SOCKET");
    assert_true(recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(heard, "MAINPID=4711\nREADY=1\nSTATUS=Filtering");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets_are_handed_over),
        cmocka_unit_test(test_sockets_are_matched_with_the_configuration),
        cmocka_unit_test(test_other_descriptors_are_refused),
        cmocka_unit_test(test_other_words_are_refused),
        cmocka_unit_test(test_ready_with_a_descriptor_is_refused),
        cmocka_unit_test(test_a_successor_takes_over),
        cmocka_unit_test(test_a_successor_that_fails_is_none),
        cmocka_unit_test(test_a_trial_can_be_abandoned),
        cmocka_unit_test(test_what_is_no_program_is_not_started),
        cmocka_unit_test(test_the_program_is_found),
        cmocka_unit_test(test_the_service_manager_hears_who_is_in_charge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
