#include "gateway/proc/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cop/compile.h"
#include "gateway/proc/secrets.h"
#include "gateway/tls/built.h"
#include "gateway/tls/trust.h"
#include "rules/base/buf.h"

enum { LOAD_TEXT_MAX = 4 << 20 };

static void load_say_io(
    struct cop_report *report, const char *path, const char *todo)
{
    cop_report_at(report, COP_ERROR, "open", path, 0, 0, todo,
        "cannot be opened: %s", strerror(errno));
}

static int load_open_file(
    const char *path, const char *todo, struct cop_report *report)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat facts;

    if (fd < 0) {
        load_say_io(report, path, todo);
        return -1;
    }
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        cop_report_at(report, COP_ERROR, "open", path, 0, 0, todo,
            "this is not a regular file");
        close(fd);
        return -1;
    }
    return fd;
}

/* The whole of a small file, NUL behind it, on the heap. */
static char *load_text(
    int fd, const char *file, struct cop_report *report, size_t *n)
{
    char *text = NULL;
    struct stat facts;
    size_t got = 0;

    if (fstat(fd, &facts) != 0 || facts.st_size > LOAD_TEXT_MAX) {
        cop_report_at(report, COP_ERROR, "open", file, 0, 0, NULL,
            "is larger than %d bytes", LOAD_TEXT_MAX);
        return NULL;
    }
    text = malloc((size_t)facts.st_size + 1);
    if (text == NULL) {
        cop_report_at(
            report, COP_ERROR, "memory", file, 0, 0, NULL, "out of memory");
        return NULL;
    }
    while (got < (size_t)facts.st_size) {
        ssize_t more =
            pread(fd, text + got, (size_t)facts.st_size - got, (off_t)got);

        if (more <= 0) {
            break;
        }
        got += (size_t)more;
    }
    text[got] = '\0';
    *n = got;
    return text;
}

/* Bytes as memory that nobody can change any more. */
static int load_seal(const char *name, const void *bytes, size_t n)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    size_t put = 0;

    if (fd < 0) {
        return -1;
    }
    while (put < n) {
        ssize_t more = write(fd, (const char *)bytes + put, n - put);

        if (more <= 0) {
            close(fd);
            return -1;
        }
        put += (size_t)more;
    }
    if (fcntl(fd, F_ADD_SEALS,
            F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static enum cop_status load_config(
    struct load *load, const char *file, struct cop_report *report)
{
    int fd = load_open_file(file, "name a configuration with -c FILE", report);
    enum cop_status status = COP_E_IO;
    char *text = NULL;
    size_t n = 0;

    if (fd < 0) {
        return COP_E_IO;
    }
    text = load_text(fd, file, report, &n);
    close(fd);
    if (text == NULL) {
        return COP_E_IO;
    }
    status =
        config_read((struct cop_slice){text, n}, file, report, &load->config);
    if (status == COP_OK) {
        load->config_fd = load_seal("copgate-config", text, n);
        status = load->config_fd >= 0 ? COP_OK : COP_E_NOMEM;
    }
    free(text);
    return status;
}

static enum cop_status load_policy(
    struct load *load, int64_t now_unix, struct cop_report *report)
{
    const char *file = load->config->policy;
    struct cop_compile_options options = {.now_unix = now_unix};
    struct cop_image image = {NULL, 0};
    enum cop_status status;
    char *text;
    size_t n = 0;
    int fd;

    if (file == NULL) {
        return COP_OK;
    }
    fd = load_open_file(file, "correct `policy:` in the configuration", report);
    if (fd < 0) {
        return COP_E_IO;
    }
    text = load_text(fd, file, report, &n);
    close(fd);
    if (text == NULL) {
        return COP_E_IO;
    }
    status = cop_compile_policy(
        (struct cop_slice){text, n}, file, &options, report, &image);
    free(text);
    if (status != COP_OK) {
        return status == COP_E_NOMEM ? status : COP_E_CHECK;
    }
    load->policy_fd = load_seal("copgate-policy", image.bytes, image.n);
    cop_image_free(&image);
    return load->policy_fd >= 0 ? COP_OK : COP_E_NOMEM;
}

static enum cop_status load_files(struct load *load, struct cop_report *report)
{
    const struct config *config = load->config;

    for (uint32_t i = 0; i < config->bundles_n; i++) {
        int fd = load_open_file(config->bundles[i],
            "make it with copc build, or correct `bundles:`", report);

        if (fd < 0) {
            return COP_E_IO;
        }
        load->bundle_fds[load->bundles++] = fd;
    }
    load->ca_certificate_fd = load_open_file(config->ca_certificate,
        "make one with copgate --create-ca, or correct `ca:`", report);
    return load->ca_certificate_fd >= 0 ? COP_OK : COP_E_IO;
}

static enum cop_status load_secrets(
    struct load *load, struct cop_report *report)
{
    const struct config *config = load->config;

    load->ca_key_fd = secrets_open(config->ca_key, report);
    if (load->ca_key_fd < 0) {
        return COP_E_IO;
    }
    if (config->ca_passphrase != NULL) {
        load->ca_passphrase_fd = secrets_open(config->ca_passphrase, report);
        if (load->ca_passphrase_fd < 0) {
            return COP_E_IO;
        }
    }
    if (config->ca_log != NULL) {
        load->ca_log_fd = secrets_open_log(config->ca_log, report);
        if (load->ca_log_fd < 0) {
            return COP_E_IO;
        }
    }
    return COP_OK;
}

static enum cop_status load_trust(struct load *load, struct cop_report *report)
{
    struct buf text;
    enum cop_status status;

    buf_init(&text, LOAD_TEXT_MAX);
    status = tls_client_trust(load->config, report, &text);
    if (status == COP_OK) {
        load->trust_fd = load_seal("copgate-trust", text.p, text.n);
        status = load->trust_fd >= 0 ? COP_OK : COP_E_NOMEM;
    }
    buf_fini(&text);
    return status;
}

/* The list as it is; that it is one is seen when a world is made of it. */
static enum cop_status load_revoked(
    struct load *load, struct cop_report *report)
{
    const char *file = load->config->revoked_keys;
    char *text;
    size_t n = 0;
    int fd;

    if (file == NULL) {
        return COP_OK;
    }
    fd = load_open_file(
        file, "correct `revoked_keys:` in the configuration", report);
    if (fd < 0) {
        return COP_E_IO;
    }
    text = load_text(fd, file, report, &n);
    close(fd);
    if (text == NULL) {
        return COP_E_IO;
    }
    load->revoked_fd = load_seal("copgate-revoked", text, n);
    free(text);
    return load->revoked_fd >= 0 ? COP_OK : COP_E_NOMEM;
}

/* A zone that this machine does not know would silently be UTC, and every
 * bedtime with it. */
static enum cop_status load_check_zone(
    const struct load *load, const char *zone, struct cop_report *report)
{
    char path[128];
    int n = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);

    if (zone[0] == '\0' || strcmp(zone, "UTC") == 0) {
        return COP_OK;
    }
    if (n > 0 && (size_t)n < sizeof(path) && strstr(zone, "..") == NULL &&
        access(path, R_OK) == 0) {
        return COP_OK;
    }
    cop_report_at(report, COP_ERROR, "timezone", load->config->policy, 0, 0,
        "write it as in the tz database, Europe/Paris say, and have tzdata "
        "installed",
        "this machine knows no time zone \"%s\"", zone);
    return COP_E_CHECK;
}

static enum cop_status load_check_clock(
    const char *file, int64_t now_unix, struct cop_report *report)
{
    if (!built_is_after(now_unix)) {
        return COP_OK;
    }
    cop_report_at(report, COP_ERROR, "clock", file, 0, 0,
        "set the clock, and have it set (NTP) before the gateway starts",
        "this machine's clock shows a time before copgate was made, so no "
        "certificate could be judged");
    return COP_E_CHECK;
}

enum cop_status load_open(const char *file, int64_t now_unix,
    const struct load *before, struct cop_report *report, struct load **out)
{
    struct load *load = calloc(1, sizeof(*load));
    struct world *world = NULL;
    enum cop_status status;

    if (load == NULL) {
        return COP_E_NOMEM;
    }
    load->config_fd = -1;
    load->policy_fd = -1;
    load->trust_fd = -1;
    load->ca_certificate_fd = -1;
    load->ca_key_fd = -1;
    load->ca_passphrase_fd = -1;
    load->ca_log_fd = -1;
    load->revoked_fd = -1;
    databases_init(&load->databases);
    status = load_check_clock(file, now_unix, report);
    if (status == COP_OK) {
        status = load_config(load, file, report);
    }
    if (status == COP_OK) {
        status = load_policy(load, now_unix, report);
    }
    if (status == COP_OK) {
        status = load_files(load, report);
    }
    if (status == COP_OK) {
        status = load_secrets(load, report);
    }
    if (status == COP_OK) {
        status = load_trust(load, report);
    }
    if (status == COP_OK) {
        status = load_revoked(load, report);
    }
    if (status == COP_OK) {
        status = databases_open(&load->databases, &load->config->locations,
            now_unix, before != NULL ? &before->databases : NULL, report);
    }
    if (status == COP_OK) {
        const struct load_parts given = {file, load->config_fd, load->policy_fd,
            load->trust_fd, load->revoked_fd, load->ca_certificate_fd,
            load->bundle_fds, load->bundles, load->databases.fds};

        status = load_world(&given, report, &world);
    }
    if (status == COP_OK) {
        status = load_check_zone(load, world->timezone, report);
    }
    if (status == COP_OK) {
        status = databases_judge(
            &load->databases, &load->config->locations, world->policy, report);
    }
    world_drop(&world);
    if (status != COP_OK) {
        load_close(&load);
        return status;
    }
    *out = load;
    return COP_OK;
}

static void load_close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

void load_close(struct load **load)
{
    if (*load == NULL) {
        return;
    }
    load_close_fd(&(*load)->config_fd);
    load_close_fd(&(*load)->policy_fd);
    load_close_fd(&(*load)->trust_fd);
    load_close_fd(&(*load)->ca_certificate_fd);
    load_close_fd(&(*load)->ca_key_fd);
    load_close_fd(&(*load)->ca_passphrase_fd);
    load_close_fd(&(*load)->ca_log_fd);
    load_close_fd(&(*load)->revoked_fd);
    databases_close(&(*load)->databases);
    for (uint32_t i = 0; i < (*load)->bundles; i++) {
        load_close_fd(&(*load)->bundle_fds[i]);
    }
    config_free(&(*load)->config);
    free(*load);
    *load = NULL;
}

/* Parts of a world before it is one. */
struct parts {
    struct config *config;
    struct cop_bundle *bundles[LOAD_BUNDLES_MAX + 1];
    uint32_t bundles_n;
    struct cop_policy *policy;
    struct identity *identity;
    struct tls_client *client;
    struct cop_locator *locator;
};

static enum cop_status parts_read_config(struct parts *parts,
    const struct load_parts *given, struct cop_report *report)
{
    enum cop_status status;
    size_t n = 0;
    char *text = load_text(given->config_fd, given->file, report, &n);

    if (text == NULL) {
        return COP_E_IO;
    }
    status = config_read(
        (struct cop_slice){text, n}, given->file, report, &parts->config);
    free(text);
    return status;
}

static enum cop_status parts_open_bundles(struct parts *parts,
    const struct load_parts *given, struct cop_report *report)
{
    enum cop_status status;

    for (uint32_t i = 0; i < given->bundles; i++) {
        const char *name =
            i < parts->config->bundles_n ? parts->config->bundles[i] : "bundle";

        status = cop_bundle_open_fd(given->bundle_fds[i], name, report,
            &parts->bundles[parts->bundles_n]);
        if (status != COP_OK) {
            return status == COP_E_NOMEM ? status : COP_E_CHECK;
        }
        parts->bundles_n++;
    }
    if (given->policy_fd < 0) {
        return COP_OK;
    }
    status = cop_bundle_open_fd(given->policy_fd, parts->config->policy, report,
        &parts->bundles[parts->bundles_n]);
    if (status != COP_OK) {
        return status == COP_E_NOMEM ? status : COP_E_CHECK;
    }
    parts->bundles_n++;
    return COP_OK;
}

static enum cop_status parts_resolve(
    struct parts *parts, struct cop_report *report)
{
    enum cop_status status = cop_policy_new(
        parts->bundles, parts->bundles_n, report, &parts->policy);

    if (status != COP_OK) {
        return status == COP_E_NOMEM ? status : COP_E_CHECK;
    }
    status =
        identity_new(parts->config, parts->policy, report, &parts->identity);
    if (status != COP_OK) {
        return status == COP_E_NOMEM ? status : COP_E_CHECK;
    }
    return COP_OK;
}

static enum cop_status parts_trust(struct parts *parts,
    const struct load_parts *given, struct cop_report *report)
{
    const struct config *config = parts->config;
    enum cop_status status = COP_E_IO;
    struct trust_texts texts = {.own_file = config->ca_certificate,
        .revoked_file = config->revoked_keys,
        .between_max = config->limits.chain_intermediates};
    char *roots =
        load_text(given->trust_fd, "the trusted roots", report, &texts.roots.n);
    char *own = load_text(
        given->ca_certificate_fd, config->ca_certificate, report, &texts.own.n);
    char *revoked = given->revoked_fd >= 0
                        ? load_text(given->revoked_fd, config->revoked_keys,
                              report, &texts.revoked.n)
                        : NULL;

    if (roots != NULL && own != NULL &&
        (revoked != NULL || given->revoked_fd < 0)) {
        texts.roots.p = roots;
        texts.own.p = own;
        texts.revoked.p = revoked;
        status = tls_client_from_text(&texts, report, &parts->client);
    }
    free(roots);
    free(own);
    free(revoked);
    return status;
}

/* The parent checked the databases; all that can be wrong now is ours. */
static enum cop_status parts_locate(struct parts *parts,
    const struct load_parts *given, struct cop_report *report)
{
    enum cop_status status =
        cop_locator_new(given->database_fds, &parts->locator);

    if (status != COP_OK) {
        cop_report_at(report, COP_ERROR, "database", given->file, 0, 0,
            "see that /proc is mounted",
            "its databases of addresses cannot be opened: %s",
            cop_status_text(status));
    }
    return status;
}

/* The clock of the place is the policy file's to say. */
static void parts_set_zone(const struct parts *parts, struct world *world)
{
    struct cop_bundle_info info;

    for (uint32_t i = 0; i < parts->bundles_n; i++) {
        cop_bundle_info(parts->bundles[i], &info);
        if (info.timezone.n > 0 && info.timezone.n < sizeof(world->timezone)) {
            memcpy(world->timezone, info.timezone.p, info.timezone.n);
            world->timezone[info.timezone.n] = '\0';
        }
    }
}

enum cop_status load_world(const struct load_parts *given,
    struct cop_report *report, struct world **out)
{
    struct parts parts = {0};
    enum cop_status status = parts_read_config(&parts, given, report);

    if (status == COP_OK) {
        status = parts_open_bundles(&parts, given, report);
    }
    if (status == COP_OK) {
        status = parts_resolve(&parts, report);
    }
    if (status == COP_OK) {
        status = parts_trust(&parts, given, report);
    }
    if (status == COP_OK) {
        status = parts_locate(&parts, given, report);
    }
    if (status == COP_OK) {
        *out =
            world_new(parts.config, parts.policy, parts.identity, parts.client);
        status = *out != NULL ? COP_OK : COP_E_NOMEM;
    }
    if (status == COP_OK) {
        (*out)->locator = parts.locator;
        parts_set_zone(&parts, *out);
    }
    for (uint32_t i = 0; i < parts.bundles_n; i++) {
        cop_bundle_drop(&parts.bundles[i]);
    }
    if (status != COP_OK) {
        cop_locator_free(&parts.locator);
        tls_client_drop(&parts.client);
        identity_free(&parts.identity);
        cop_policy_free(&parts.policy);
        config_free(&parts.config);
    }
    return status;
}
