#include "gateway/proc/ledger.h"

#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

enum {
    LEDGER_LINE_MAX = 640, /* a host has 253 bytes at most */
    /* What follows `,"chain":"` of a line, its end included. */
    LEDGER_TAIL = LEDGER_HEX + 3
};

static const char chain_word[] = ",\"chain\":\"";

static void hex_of(const uint8_t digest[32], char out[LEDGER_HEX + 1])
{
    for (int i = 0; i < 32; i++) {
        (void)snprintf(out + (ptrdiff_t)2 * i, 3, "%02x", digest[i]);
    }
}

/* The chain after a line whose part before the chain is `head`. */
static bool chain_next(const char before[LEDGER_HEX + 1], const char *head,
    size_t head_n, char out[LEDGER_HEX + 1])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    bool done = context != NULL &&
                EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, before, LEDGER_HEX) == 1 &&
                EVP_DigestUpdate(context, head, head_n) == 1 &&
                EVP_DigestFinal_ex(context, digest, NULL) == 1;

    EVP_MD_CTX_free(context);
    if (done) {
        hex_of(digest, out);
    }
    return done;
}

static void ledger_reset(struct ledger *ledger)
{
    ledger->n = 0;
    memset(ledger->chain, '0', LEDGER_HEX);
    ledger->chain[LEDGER_HEX] = '\0';
}

/* Take a line apart that ends in '\n': its number, where its chain stands. */
static const char *line_read(const char *line, size_t n, uint64_t *number)
{
    static const size_t word_n = sizeof(chain_word) - 1;
    unsigned long long value;
    const char *chain;

    if (n < LEDGER_TAIL + word_n || line[n - 1] != '\n' || line[n - 2] != '}' ||
        line[n - 3] != '"' || sscanf(line, "{\"n\":%20llu,", &value) != 1) {
        return NULL;
    }
    chain = line + n - LEDGER_TAIL;
    if (memcmp(chain - word_n, chain_word, word_n) != 0 ||
        strspn(chain, "0123456789abcdef") != LEDGER_HEX) {
        return NULL;
    }
    *number = value;
    return chain;
}

/* The last line of a file, NUL behind it; where it begins in `room`. */
static const char *last_line(int fd, char room[LEDGER_LINE_MAX + 1], size_t *n)
{
    off_t end = lseek(fd, 0, SEEK_END);
    off_t from = end > LEDGER_LINE_MAX ? end - LEDGER_LINE_MAX : 0;
    ssize_t got = pread(fd, room, LEDGER_LINE_MAX, from);
    const char *line;

    if (end <= 0 || got <= 0) {
        *n = 0;
        return room;
    }
    room[got] = '\0';
    line = got > 1 ? memrchr(room, '\n', (size_t)got - 1) : NULL;
    line = line != NULL ? line + 1 : room;
    *n = (size_t)(room + got - line);
    return line;
}

enum cop_status ledger_open(struct ledger *ledger, int fd)
{
    char room[LEDGER_LINE_MAX + 1];
    const char *line;
    const char *chain;
    size_t n;

    ledger_reset(ledger);
    ledger->is_torn = false;
    ledger->fd = fd;
    if (fd < 0) {
        return COP_OK;
    }
    line = last_line(fd, room, &n);
    if (n == 0) {
        return COP_OK;
    }
    chain = line_read(line, n, &ledger->n);
    if (chain != NULL) {
        memcpy(ledger->chain, chain, LEDGER_HEX);
        return COP_OK;
    }
    ledger->n = 0;
    /* A line that was torn must not swallow the next one. */
    if (line[n - 1] != '\n' && write(fd, "\n", 1) != 1) {
        return COP_E_IO;
    }
    return COP_E_SYNTAX;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger->fd >= 0) {
        close(ledger->fd);
    }
    ledger->fd = -1;
}

/* After a disk was full the next line begins on a line of its own; the chain
 * shows what happened. */
static bool ledger_write(struct ledger *ledger, const char *line, size_t n)
{
    if (ledger->is_torn && write(ledger->fd, "\n", 1) != 1) {
        return false;
    }
    ledger->is_torn = write(ledger->fd, line, n) != (ssize_t)n;
    return !ledger->is_torn;
}

enum cop_status ledger_add(struct ledger *ledger, const struct cop_host *host,
    struct cop_slice certificate, int64_t now_unix)
{
    char line[LEDGER_LINE_MAX];
    char chain[LEDGER_HEX + 1];
    char name[LEDGER_HEX + 1];
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t head_n;
    size_t n;

    if (ledger->fd < 0) {
        return COP_OK;
    }
    if (EVP_Digest(certificate.p, certificate.n, digest, NULL, EVP_sha256(),
            NULL) != 1) {
        return COP_E_IO;
    }
    hex_of(digest, name);
    /* A canonical host has no byte that JSON would have to escape. */
    head_n = (size_t)snprintf(line, sizeof(line),
        "{\"n\":%llu,\"unix\":%lld,\"host\":\"%s\",\"sha256\":\"%s\"",
        (unsigned long long)ledger->n + 1, (long long)now_unix, host->text,
        name);
    if (!chain_next(ledger->chain, line, head_n, chain)) {
        return COP_E_IO;
    }
    n = head_n + (size_t)snprintf(line + head_n, sizeof(line) - head_n,
                     "%s%s\"}\n", chain_word, chain);
    if (!ledger_write(ledger, line, n)) {
        return COP_E_IO;
    }
    ledger->n++;
    memcpy(ledger->chain, chain, sizeof(chain));
    return COP_OK;
}

enum cop_status ledger_check(
    FILE *file, uint64_t *bad_line, struct ledger *last)
{
    char line[LEDGER_LINE_MAX + 1];
    char chain[LEDGER_HEX + 1];

    ledger_reset(last);
    last->fd = -1;
    for (uint64_t number = 1; fgets(line, sizeof(line), file) != NULL;
         number++) {
        size_t n = strlen(line);
        uint64_t told = 0;
        const char *at = line_read(line, n, &told);
        bool holds =
            at != NULL && told == number &&
            chain_next(last->chain, line,
                (size_t)(at - line) - (sizeof(chain_word) - 1), chain) &&
            memcmp(at, chain, LEDGER_HEX) == 0;

        if (!holds) {
            *bad_line = number;
            return COP_E_DIGEST;
        }
        last->n = number;
        memcpy(last->chain, chain, sizeof(chain));
    }
    *bad_line = 0;
    return COP_OK;
}
