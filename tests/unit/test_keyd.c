/* A real keyd and workers that were taken over: whatever they send, they get
 * certificates for names over keys of the one kind, so many a second, and
 * nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/proc/channel.h"
#include "gateway/proc/ledger.h"
#include "gateway/proc/roles.h"
#include "gateway/tls/ca.h"
#include "gateway/tls/mint.h"

#include "tests/unit/certificates.h"

enum { WAIT_MS = 20000 };

struct house {
    char folder[64];
    pid_t keyd;
    int channel;
    uint32_t generation;
    EVP_PKEY *key; /* a worker's */
    uint8_t spki[512];
    size_t spki_n;
};

static int open_in(const struct house *house, const char *name, int flags)
{
    char path[128];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", house->folder, name);
    fd = open(path, flags | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* Hand keyd the authority; its word on it. */
static enum cop_status give(struct house *house, uint32_t per_second,
    const char *passphrase, bool with_log)
{
    struct channel_message message = {.kind = CHANNEL_CA,
        .generation = ++house->generation,
        .has_passphrase = passphrase != NULL,
        .has_log = with_log,
        .mint_per_second = per_second};
    struct pollfd ready = {house->channel, POLLIN, 0};
    int fds[CHANNEL_FDS_MAX] = {
        open_in(house, "ca.crt", O_RDONLY), open_in(house, "ca.key", O_RDONLY)};
    uint32_t n = 2;

    if (passphrase != NULL) {
        fds[n] = open_in(house, "passphrase", O_RDWR | O_CREAT | O_TRUNC);
        assert_int_equal(write(fds[n++], passphrase, strlen(passphrase)),
            strlen(passphrase));
    }
    if (with_log) {
        fds[n++] = open_in(house, "log", O_RDWR | O_APPEND | O_CREAT);
    }
    assert_int_equal(channel_send(house->channel, &message, fds, n), COP_OK);
    while (n > 0) {
        close(fds[--n]);
    }
    assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    assert_int_equal(
        channel_receive(house->channel, CHANNEL_KEYD, &message, fds, &n),
        COP_OK);
    assert_int_equal(message.generation, house->generation);
    return (enum cop_status)message.status;
}

static void keyd_start(struct house *house)
{
    int pair[2];

    assert_int_equal(channel_pair(pair), COP_OK);
    house->keyd = fork();
    assert_true(house->keyd >= 0);
    if (house->keyd == 0) {
        close(pair[0]);
        if (pair[1] != ROLE_CHANNEL_FD) {
            (void)dup2(pair[1], ROLE_CHANNEL_FD);
            close(pair[1]);
        }
        _exit(keyd_run());
    }
    close(pair[1]);
    house->channel = pair[0];
}

static int setup_with(void **state, struct cop_slice passphrase)
{
    struct house *house = calloc(1, sizeof(*house));
    struct ca_wish wish = {.name = "A Gateway", .passphrase = passphrase};
    unsigned char *to = house->spki;

    (void)snprintf(
        house->folder, sizeof(house->folder), "/tmp/cop-keyd-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    wish.folder = house->folder;
    assert_int_equal(ca_create(&wish, time(NULL), NULL), COP_OK);
    house->key = EVP_EC_gen("P-256");
    house->spki_n = (size_t)i2d_PUBKEY(house->key, &to);
    keyd_start(house);
    *state = house;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, COP_LIT(""));
}

static int setup_encrypted(void **state)
{
    return setup_with(state, COP_LIT("open sesame"));
}

/* keyd ends by itself, and well, when the parent and the workers are gone. */
static int teardown(void **state)
{
    static const char *const names[] = {
        "ca.crt", "ca.key", "ca.der", "passphrase", "log"};
    struct house *house = *state;
    int status = 0;
    char path[128];

    close(house->channel);
    assert_int_equal(waitpid(house->keyd, &status, 0), house->keyd);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EXIT_DONE);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", house->folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(house->folder), 0);
    EVP_PKEY_free(house->key);
    free(house);
    return 0;
}

/* A worker's line. */
static int line_new(const struct house *house)
{
    struct channel_message message = {.kind = CHANNEL_PEER};
    int pair[2];

    assert_int_equal(channel_pair(pair), COP_OK);
    assert_int_equal(
        channel_send(house->channel, &message, &pair[0], 1), COP_OK);
    close(pair[0]);
    return pair[1];
}

/* What comes on a line; 0: it was cut off. */
static ssize_t line_read(int line, uint8_t bytes[MINT_MESSAGE_MAX])
{
    struct pollfd ready = {line, POLLIN, 0};

    assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
    return recv(line, bytes, MINT_MESSAGE_MAX, 0);
}

static size_t request_for(const struct house *house, const char *name,
    uint64_t number, uint8_t bytes[MINT_MESSAGE_MAX])
{
    struct mint_request request = {
        .number = number, .spki_n = (uint16_t)house->spki_n};

    assert_int_equal(cop_host_parse(cop_slice_of(name), &request.host), COP_OK);
    memcpy(request.spki, house->spki, house->spki_n);
    return mint_write_request(&request, bytes);
}

/* Ask well; what comes back, in room of the test's. */
static const struct mint_reply *ask(
    const struct house *house, int line, const char *name)
{
    static struct mint_reply reply;
    uint8_t bytes[MINT_MESSAGE_MAX];
    size_t n = request_for(house, name, 7, bytes);
    ssize_t got;

    assert_int_equal(send(line, bytes, n, 0), (ssize_t)n);
    got = line_read(line, bytes);
    assert_true(got > 0);
    assert_int_equal(
        mint_read_reply(
            (struct cop_slice){(const char *)bytes, (size_t)got}, &reply),
        COP_OK);
    assert_int_equal(reply.number, 7);
    return &reply;
}

static void assert_served(const struct house *house, int line)
{
    const struct mint_reply *reply = ask(house, line, "a.example");
    const unsigned char *p = reply->der;
    X509 *leaf;

    assert_int_equal(reply->failed, 0);
    leaf = d2i_X509(NULL, &p, reply->der_n);
    assert_non_null(leaf);
    assert_int_equal(X509_check_host(leaf, "a.example", 0,
                         X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL),
        1);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), house->key), 1);
    assert_int_equal(X509_check_ca(leaf), 0);
    X509_free(leaf);
}

/* One message that is no request ends the line it came on, and no other. */
static void assert_cut_off(
    const struct house *house, int neighbour, const void *bytes, size_t n)
{
    uint8_t back[MINT_MESSAGE_MAX];
    int line = line_new(house);

    assert_int_equal(send(line, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
    assert_true(line_read(line, back) <= 0);
    close(line);
    assert_served(house, neighbour);
}

static void test_cuts_off_what_is_no_request(void **state)
{
    static uint8_t bytes[65536];
    struct house *house = *state;
    struct channel_message message = {.kind = CHANNEL_CA};
    int neighbour = line_new(house);
    size_t n;

    assert_int_equal(give(house, 1000, NULL, false), COP_OK);
    assert_served(house, neighbour);
    assert_cut_off(house, neighbour, &message, sizeof(message));
    message.kind = CHANNEL_PEER;
    assert_cut_off(house, neighbour, &message, sizeof(message));
    assert_cut_off(house, neighbour, bytes, sizeof(bytes));
    n = request_for(house, "a.example", 1, bytes);
    assert_cut_off(house, neighbour, bytes, n - 1);
    assert_cut_off(house, neighbour, bytes, n + 1);
    assert_cut_off(house, neighbour, bytes, MINT_MESSAGE_MAX);
    assert_cut_off(house, neighbour, bytes, sizeof(bytes));
    for (int kind = 0; kind < 256; kind++) {
        (void)request_for(house, "a.example", 1, bytes);
        bytes[1] = (uint8_t)kind;
        if (kind != 1) {
            assert_cut_off(house, neighbour, bytes, n);
        }
    }
    (void)request_for(house, "a.example", 1, bytes);
    bytes[0] = 2;
    assert_cut_off(house, neighbour, bytes, n);
    close(neighbour);
}

/* A name as it is, without the codec that would refuse to write it. */
static size_t request_raw(const struct house *house, const char *name,
    size_t name_n, uint8_t bytes[MINT_MESSAGE_MAX])
{
    size_t n = 10;

    (void)request_for(house, "a.example", 1, bytes);
    bytes[n++] = (uint8_t)name_n;
    memcpy(bytes + n, name, name_n);
    n += name_n;
    bytes[n++] = (uint8_t)house->spki_n;
    bytes[n++] = 0;
    memcpy(bytes + n, house->spki, house->spki_n);
    return n + house->spki_n;
}

static void test_cuts_off_odd_names(void **state)
{
    static const struct cop_slice names[] = {{"", 0}, {"A.example", 9},
        {"a.example.", 10}, {"*.example", 9}, {"*", 1}, {"a..example", 10},
        {"a.example\0.b", 12}, {"a b.example", 11}, {"a/b.example", 11},
        {"0x7f.1", 6}, {"2130706433", 10}, {"[::1]", 5}, {"::0001", 6},
        {"a.example\n", 10}, {"CN=a,O=b", 8}, {"b\xc3\xbc.example", 11}};
    struct house *house = *state;
    uint8_t bytes[MINT_MESSAGE_MAX];
    char huge[255];
    int neighbour = line_new(house);

    assert_int_equal(give(house, 1000, NULL, false), COP_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_cut_off(house, neighbour, bytes,
            request_raw(house, names[i].p, names[i].n, bytes));
    }
    memset(huge, 'a', sizeof(huge));
    assert_cut_off(
        house, neighbour, bytes, request_raw(house, huge, sizeof(huge), bytes));
    close(neighbour);
}

/* What is asked to be signed is no P-256 key: refused, and nothing signed. */
static void assert_refused(
    struct house *house, int line, const void *spki, size_t n)
{
    const struct mint_reply *reply;

    memcpy(house->spki, spki, n);
    house->spki_n = n;
    reply = ask(house, line, "a.example");
    assert_int_equal(reply->failed, -COP_E_UNSUPPORTED);
    assert_int_equal(reply->der_n, 0);
}

static void test_signs_for_one_kind_of_key(void **state)
{
    struct house *house = *state;
    int line = line_new(house);
    uint8_t good[512];
    uint8_t other[512];
    unsigned char *to = other;
    size_t good_n = house->spki_n;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL;

    assert_int_equal(give(house, 1000, NULL, false), COP_OK);
    memcpy(good, house->spki, good_n);
    assert_refused(house, line, other, (size_t)i2d_PUBKEY(key, &to));
    EVP_PKEY_free(key);
    key = EVP_EC_gen("P-384");
    to = other;
    assert_refused(house, line, other, (size_t)i2d_PUBKEY(key, &to));
    EVP_PKEY_free(key);
    /* Off the curve, at infinity, in compressed form, followed by more. */
    memcpy(other, good, good_n);
    other[good_n - 1] ^= 1;
    assert_refused(house, line, other, good_n);
    memset(other + 26, 0, good_n - 26);
    assert_refused(house, line, other, good_n);
    memcpy(other, good, good_n);
    other[26] = 2;
    assert_refused(house, line, other, good_n);
    assert_refused(house, line, good, good_n - 1);
    memcpy(other, good, good_n);
    assert_refused(house, line, other, good_n + 1);
    /* A request for a certificate, as far as it fits. */
    (void)X509_REQ_set_pubkey(request, house->key);
    assert_true(X509_REQ_sign(request, house->key, EVP_sha256()) > 0);
    assert_true(i2d_X509_REQ(request, &der) > CA_SPKI_MAX);
    assert_refused(house, line, der, CA_SPKI_MAX);
    OPENSSL_free(der);
    X509_REQ_free(request);
    memcpy(house->spki, good, good_n);
    house->spki_n = good_n;
    assert_served(house, line);
    close(line);
}

/* Ask n times; how often a certificate came. */
static int ask_often(const struct house *house, int line, int n)
{
    int served = 0;

    for (int i = 0; i < n; i++) {
        const struct mint_reply *reply = ask(house, line, "a.example");

        served += reply->failed == 0;
        assert_true(reply->failed == 0 || reply->failed == -COP_E_LIMIT);
    }
    return served;
}

/* So many at once, alone and all workers together; replaced ones too. */
static void test_gives_so_many(void **state)
{
    struct house *house = *state;
    int total = 0;

    assert_int_equal(give(house, 1, NULL, false), COP_OK);
    for (int i = 0; i < 8; i++) {
        int line = line_new(house);
        int served = ask_often(house, line, 30);

        assert_in_range(served, i < 4 ? 8 : 0, 30);
        total += served;
        close(line);
    }
    /* Ten seconds' worth of four, and what time has passed. */
    assert_in_range(total, 40, 160);
    assert_true(total < 240);
}

/* Sends without end and never listens: it is cut off, others are served. */
static void test_a_flood_harms_nobody(void **state)
{
    struct house *house = *state;
    int neighbour = line_new(house);
    int line = line_new(house);
    uint8_t bytes[MINT_MESSAGE_MAX];
    size_t n = request_for(house, "a.example", 1, bytes);
    struct pollfd ready = {line, POLLOUT, 0};
    bool is_cut_off = false;

    assert_int_equal(give(house, 100000, NULL, false), COP_OK);
    for (int i = 0; i < 200000 && !is_cut_off; i++) {
        if (send(line, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n) {
            is_cut_off = errno == EPIPE || errno == ECONNRESET;
            assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        }
    }
    assert_true(is_cut_off);
    assert_served(house, neighbour);
    close(line);
    close(neighbour);
}

/* -1: not ours to see. */
static int count_fds(pid_t pid)
{
    char path[64];
    DIR *folder;
    int n = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    if (folder == NULL) {
        return -1;
    }
    while (readdir(folder) != NULL) {
        n++;
    }
    (void)closedir(folder);
    return n;
}

static void test_descriptors_are_not_taken(void **state)
{
    struct house *house = *state;
    int line = line_new(house);
    uint8_t bytes[MINT_MESSAGE_MAX];
    struct iovec part = {bytes, request_for(house, "a.example", 7, bytes)};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int) * 64)];
    } control = {0};
    struct msghdr header = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.room,
        .msg_controllen = sizeof(control.room)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    int before;

    assert_int_equal(give(house, 1000, NULL, false), COP_OK);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * 64);
    for (int i = 0; i < 64; i++) {
        memcpy(CMSG_DATA(rights) + (size_t)i * sizeof(int), &line, sizeof(int));
    }
    assert_served(house, line);
    before = count_fds(house->keyd);
    for (int i = 0; i < 20; i++) {
        assert_true(sendmsg(line, &header, 0) > 0);
        assert_true(line_read(line, bytes) > 0);
        (void)request_for(house, "a.example", 7, bytes);
    }
    assert_served(house, line);
    assert_int_equal(count_fds(house->keyd), before);
    close(line);
}

static void test_a_key_behind_a_passphrase(void **state)
{
    struct house *house = *state;
    int line = line_new(house);

    assert_int_equal(give(house, 1000, NULL, false), COP_E_SYNTAX);
    assert_int_equal(give(house, 1000, "open barley", false), COP_E_SYNTAX);
    assert_int_equal(give(house, 1000, "\n", false), COP_E_SYNTAX);
    assert_int_equal(ask(house, line, "a.example")->failed, -COP_E_NOTFOUND);
    assert_int_equal(give(house, 1000, "open sesame\n", false), COP_OK);
    assert_served(house, line);
    /* One that is no good leaves the one in use. */
    assert_int_equal(give(house, 1000, "open barley", false), COP_E_SYNTAX);
    assert_served(house, line);
    close(line);
}

static void test_names_are_written_down(void **state)
{
    struct house *house = *state;
    int line = line_new(house);
    struct ledger last;
    uint64_t bad = 0;
    FILE *file;

    assert_int_equal(give(house, 1000, NULL, true), COP_OK);
    for (int i = 0; i < 3; i++) {
        assert_served(house, line);
    }
    /* A reload goes on where the chain ended. */
    assert_int_equal(give(house, 1000, NULL, true), COP_OK);
    assert_served(house, line);
    assert_int_equal(give(house, 1000, NULL, false), COP_OK);
    assert_served(house, line);
    file = fdopen(open_in(house, "log", O_RDONLY), "r");
    assert_int_equal(ledger_check(file, &bad, &last), COP_OK);
    assert_int_equal(last.n, 4);
    assert_int_equal(fclose(file), 0);
    close(line);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cuts_off_what_is_no_request),
        TEST(test_cuts_off_odd_names),
        TEST(test_signs_for_one_kind_of_key),
        TEST(test_gives_so_many),
        TEST(test_a_flood_harms_nobody),
        TEST(test_descriptors_are_not_taken),
        cmocka_unit_test_setup_teardown(
            test_a_key_behind_a_passphrase, setup_encrypted, teardown),
        TEST(test_names_are_written_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
