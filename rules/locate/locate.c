#include "cop/locate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <maxminddb.h>

#include "rules/base/ip.h"
#include "rules/locate/mmdb.h"

/* Zeros behind the sealed copy: some releases of libmaxminddb look a value
 * beyond the metadata when an empty map or array ends it. */
enum { SEAL_MARGIN = 64, FD_PATH_MAX = 32 };

struct cop_locator {
    MMDB_s databases[COP_DATABASES];
    bool is_open[COP_DATABASES];
};

const char *cop_database_word(enum cop_database kind)
{
    return kind == COP_DATABASE_COUNTRY ? "country" : "as";
}

/* ---- checking and sealing ---- */

/* Whether a database's own name is one of those whose records have what is
 * wanted; the formats of others only look alike. */
static bool type_fits(const char *type, enum cop_database kind)
{
    static const char *const words[COP_DATABASES][4] = {
        [COP_DATABASE_COUNTRY] = {"Country", "City", "Enterprise", NULL},
        [COP_DATABASE_AS] = {"ASN", "ISP", "Enterprise", NULL},
    };

    for (size_t i = 0; words[kind][i] != NULL; i++) {
        if (strstr(type, words[kind][i]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum cop_status refuse(struct cop_report *report, const char *file,
    enum cop_status status, const char *why)
{
    cop_report_at(report, COP_ERROR, "database", file, 0, 0,
        "get the file anew from whoever publishes it",
        "cannot be used as a database of addresses: %s", why);
    return status;
}

static enum cop_status refuse_kind(struct cop_report *report, const char *file,
    const char *type, enum cop_database kind)
{
    cop_report_at(report, COP_ERROR, "database", file, 0, 0,
        kind == COP_DATABASE_COUNTRY ? "name one such as GeoLite2-Country"
                                     : "name one such as GeoLite2-ASN",
        "is a database of type %s, which has no %s", type,
        kind == COP_DATABASE_COUNTRY ? "countries" : "numbers of networks");
    return COP_E_UNSUPPORTED;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

static enum cop_status seal(struct cop_slice bytes, int *out)
{
    static const char margin[SEAL_MARGIN];
    int fd = memfd_create("cop-database", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0) {
        return COP_E_NOMEM;
    }
    if (!write_all(fd, bytes.p, bytes.n) ||
        !write_all(fd, margin, sizeof(margin)) ||
        fcntl(fd, F_ADD_SEALS,
            F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        close(fd);
        return COP_E_NOMEM;
    }
    *out = fd;
    return COP_OK;
}

static enum cop_status database_open(int fd, MMDB_s *out)
{
    char path[FD_PATH_MAX];
    int status;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    status = MMDB_open(path, MMDB_MODE_MMAP, out);
    switch (status) {
    case MMDB_SUCCESS:
        return COP_OK;
    case MMDB_OUT_OF_MEMORY_ERROR:
        return COP_E_NOMEM;
    case MMDB_FILE_OPEN_ERROR:
    case MMDB_IO_ERROR:
        return COP_E_IO;
    default:
        return COP_E_SYNTAX;
    }
}

/* Nobody is given a database that the library cannot open. */
static enum cop_status try_open(int fd)
{
    MMDB_s unused;
    enum cop_status status = database_open(fd, &unused);

    if (status == COP_OK) {
        MMDB_close(&unused);
    }
    return status;
}

enum cop_status cop_database_seal(struct cop_slice bytes,
    enum cop_database kind, const char *file, struct cop_report *report,
    struct cop_database_facts *facts, int *fd)
{
    struct cop_database_facts found;
    const char *why = NULL;
    enum cop_status status;
    int sealed = -1;

    if (bytes.n > COP_DATABASE_MAX) {
        return refuse(report, file, COP_E_LIMIT, "it is larger than 256 MB");
    }
    status = mmdb_check(bytes, &found, &why);
    if (status != COP_OK) {
        return refuse(report, file, status, why);
    }
    if (!type_fits(found.type, kind)) {
        return refuse_kind(report, file, found.type, kind);
    }
    status = seal(bytes, &sealed);
    if (status == COP_OK) {
        status = try_open(sealed);
    }
    if (status != COP_OK) {
        if (sealed >= 0) {
            close(sealed);
        }
        return refuse(report, file, status, cop_status_text(status));
    }
    *facts = found;
    *fd = sealed;
    return COP_OK;
}

static enum cop_status refuse_file(
    struct cop_report *report, const char *file, const char *why)
{
    cop_report_at(report, COP_ERROR, "open", file, 0, 0,
        "correct the path, or leave the database out", "cannot be opened: %s",
        why);
    return COP_E_IO;
}

static bool read_all(int fd, char *to, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, to, n);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        n -= (size_t)got;
    }
    return true;
}

/* The whole file on the heap: a mapping would end the process should somebody
 * cut the file short meanwhile. */
static enum cop_status read_file(
    const char *file, struct cop_report *report, char **bytes, size_t *n)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum cop_status status = COP_OK;
    struct stat facts;

    if (fd < 0) {
        return refuse_file(report, file, strerror(errno));
    }
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        status = refuse_file(report, file, "it is not a regular file");
    } else if (facts.st_size > COP_DATABASE_MAX) {
        status = refuse(report, file, COP_E_LIMIT, "it is larger than 256 MB");
    } else {
        *n = (size_t)facts.st_size;
        *bytes = malloc(*n + 1);
        status = *bytes != NULL ? COP_OK : COP_E_NOMEM;
    }
    if (status == COP_OK && !read_all(fd, *bytes, *n)) {
        status = refuse_file(report, file, "it cannot be read whole");
    }
    close(fd);
    return status;
}

enum cop_status cop_database_open(const char *file, enum cop_database kind,
    struct cop_report *report, struct cop_database_facts *facts, int *fd)
{
    char *bytes = NULL;
    size_t n = 0;
    enum cop_status status = read_file(file, report, &bytes, &n);

    if (status == COP_OK) {
        status = cop_database_seal(
            (struct cop_slice){bytes, n}, kind, file, report, facts, fd);
    }
    free(bytes);
    return status;
}

/* ---- looking up ---- */

enum cop_status cop_locator_new(
    const int fds[COP_DATABASES], struct cop_locator **out)
{
    struct cop_locator *locator = calloc(1, sizeof(*locator));

    if (locator == NULL) {
        return COP_E_NOMEM;
    }
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        enum cop_status status =
            fds[i] < 0 ? COP_OK : database_open(fds[i], &locator->databases[i]);

        if (status != COP_OK) {
            cop_locator_free(&locator);
            return status;
        }
        locator->is_open[i] = fds[i] >= 0;
    }
    *out = locator;
    return COP_OK;
}

void cop_locator_free(struct cop_locator **locator)
{
    struct cop_locator *it = *locator;

    *locator = NULL;
    if (it == NULL) {
        return;
    }
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        if (it->is_open[i]) {
            MMDB_close(&it->databases[i]);
        }
    }
    free(it);
}

int64_t cop_locator_built(
    const struct cop_locator *locator, enum cop_database kind)
{
    return locator != NULL && locator->is_open[kind]
               ? (int64_t)locator->databases[kind].metadata.build_epoch
               : 0;
}

/* The record of an address; false when there is none. */
static bool find(const struct cop_locator *locator, enum cop_database kind,
    const struct sockaddr *address, MMDB_entry_s *out)
{
    MMDB_lookup_result_s found;
    int error = MMDB_SUCCESS;

    if (!locator->is_open[kind]) {
        return false;
    }
    found = MMDB_lookup_sockaddr(&locator->databases[kind], address, &error);
    *out = found.entry;
    return error == MMDB_SUCCESS && found.found_entry;
}

static bool country_get(
    MMDB_entry_s *entry, const char *const *path, char out[2])
{
    MMDB_entry_data_s data;

    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2) {
        return false;
    }
    memcpy(out, data.utf8_string, 2);
    return true;
}

static void locate_country(const struct cop_locator *locator,
    const struct sockaddr *at, struct cop_address *out)
{
    static const char *const in_use[] = {"country", "iso_code", NULL};
    static const char *const registered[] = {
        "registered_country", "iso_code", NULL};
    MMDB_entry_s entry;

    if (find(locator, COP_DATABASE_COUNTRY, at, &entry) &&
        !country_get(&entry, in_use, out->country)) {
        (void)country_get(&entry, registered, out->country);
    }
}

static void locate_as(const struct cop_locator *locator,
    const struct sockaddr *at, struct cop_address *out)
{
    static const char *const path[] = {"autonomous_system_number", NULL};
    MMDB_entry_s entry;
    MMDB_entry_data_s data;

    if (find(locator, COP_DATABASE_AS, at, &entry) &&
        MMDB_aget_value(&entry, &data, path) == MMDB_SUCCESS && data.has_data &&
        data.type == MMDB_DATA_TYPE_UINT32) {
        out->as_number = data.uint32;
    }
}

/* IPv4 is looked up as such, also where IPv6 stands for it: a database knows
 * countries of the addresses that NAT64 leads to, not of NAT64's. */
static struct sockaddr_storage sockaddr_of(const uint8_t bytes[16])
{
    struct sockaddr_storage at = {.ss_family = AF_INET6};

    if (ip6_holds_ip4(bytes)) {
        struct sockaddr_in ip4 = {.sin_family = AF_INET};

        memcpy(&ip4.sin_addr, bytes + 12, 4);
        memcpy(&at, &ip4, sizeof(ip4));
    } else {
        struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6};

        memcpy(&ip6.sin6_addr, bytes, 16);
        memcpy(&at, &ip6, sizeof(ip6));
    }
    return at;
}

void cop_locate(const struct cop_locator *locator, struct cop_address *address)
{
    struct sockaddr_storage at = sockaddr_of(address->bytes);

    memset(address->country, 0, sizeof(address->country));
    address->as_number = 0;
    if (locator == NULL) {
        return;
    }
    locate_country(locator, (const struct sockaddr *)&at, address);
    locate_as(locator, (const struct sockaddr *)&at, address);
}
