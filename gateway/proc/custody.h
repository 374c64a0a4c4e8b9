/* What operators do with the authority by hand: make it, look at its log. */
#ifndef GATEWAY_PROC_CUSTODY_H
#define GATEWAY_PROC_CUSTODY_H

#include <stdint.h>

enum { CUSTODY_EXCLUDED_MAX = 64 };

struct custody {
    const char *folder;
    const char *name;            /* NULL: the usual one */
    const char *passphrase_file; /* NULL: the key is not encrypted */
    const char *excluded[CUSTODY_EXCLUDED_MAX];
    uint32_t excluded_n;
};

/* Make an authority. An exit code of roles.h; what is wrong is said. */
int custody_create(const struct custody *wanted);
/* Print the authorities that a configuration has servers believed by: for each
 * the digest that `revoked_keys` takes, and its name. An exit code. */
int custody_list_trust(const char *file);
/* Follow the chain of a log of names. An exit code of roles.h. */
int custody_check_log(const char *path);

#endif
