/* An authority from descriptors: what keyd signs with and `copgate -t` looks
 * at. What was read of the key and its passphrase is wiped. */
#ifndef GATEWAY_PROC_AUTHORITY_H
#define GATEWAY_PROC_AUTHORITY_H

#include <stdint.h>

#include "cop/report.h"
#include "gateway/tls/ca.h"

struct authority_files {
    int certificate_fd;
    int key_fd;
    int passphrase_fd;            /* -1: the key has none */
    const char *certificate_name; /* for findings */
    const char *key_name;
};

enum { AUTHORITY_PASSPHRASE_MAX = 1024 };

/* The first line of a file, in `room`, which the caller wipes; empty when there
 * is none or it does not fit. */
struct cop_slice authority_passphrase(
    int fd, char room[AUTHORITY_PASSPHRASE_MAX]);

/* Errors as ca_load(), COP_E_SYNTAX for an empty passphrase too; reported. */
COP_MUST_USE enum cop_status authority_load(const struct authority_files *files,
    int64_t now_unix, struct cop_report *report, struct ca **out);

#endif
