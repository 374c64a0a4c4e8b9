/* Trust and clients from files in one step; the gateway gathers the texts in
 * one process and uses them in another. */
#ifndef TESTS_UNIT_TRUST_FILES_H
#define TESTS_UNIT_TRUST_FILES_H

#include <stdio.h>

#include "gateway/config/config.h"
#include "gateway/tls/trust.h"
#include "gateway/tls/wire.h"

enum { TRUST_FILES_MAX = 1 << 20 };

/* What is in a file, cut to `room`; empty for NULL or what cannot be read. */
static inline struct cop_slice trust_own_text(
    const char *path, char *room, size_t n)
{
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    size_t got = file != NULL ? fread(room, 1, n, file) : 0;

    if (file != NULL) {
        (void)fclose(file);
    }
    return (struct cop_slice){room, got};
}

/* Errors as trust_gather() and trust_from_text(). */
static inline enum cop_status trust_of_files(const char *file,
    const char *own_file, struct cop_report *report, struct trust **out)
{
    char own[8192];
    struct buf text;
    enum cop_status status;

    buf_init(&text, TRUST_FILES_MAX);
    status = trust_gather(file, report, &text);
    if (status == COP_OK) {
        const struct trust_texts texts = {.roots = buf_slice(&text),
            .own = trust_own_text(own_file, own, sizeof(own)),
            .own_file = own_file,
            .between_max = TRUST_BETWEEN_MAX};

        status = trust_from_text(&texts, report, out);
    }
    buf_fini(&text);
    return status;
}

/* Errors as tls_client_trust() and tls_client_from_text(). */
static inline enum cop_status tls_client_of_files(const struct config *config,
    struct cop_report *report, struct tls_client **out)
{
    const char *own_file = config->ca_certificate;
    char own[8192];
    struct buf text;
    enum cop_status status;

    buf_init(&text, TRUST_FILES_MAX);
    status = tls_client_trust(config, report, &text);
    if (status == COP_OK) {
        const struct trust_texts texts = {.roots = buf_slice(&text),
            .own = trust_own_text(own_file, own, sizeof(own)),
            .own_file = own_file,
            .between_max = TRUST_BETWEEN_MAX};

        status = tls_client_from_text(&texts, report, out);
    }
    buf_fini(&text);
    return status;
}

#endif
