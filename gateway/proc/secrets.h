/* Files that only their owner may read. The parent opens them and never reads
 * them: keyd gets the descriptors. */
#ifndef GATEWAY_PROC_SECRETS_H
#define GATEWAY_PROC_SECRETS_H

#include "cop/report.h"

/* The authority's key, or the passphrase of it: a regular file of root's or of
 * ours, of which nobody else may read or change anything.
 * path  also "credential:NAME" (gateway/config/authority.h), which may be
 *       readable by a group: the service manager keeps it from others
 * Returns a descriptor, or -1, reported. */
int secrets_open(const char *path, struct cop_report *report);

/* The log of names, made if it is not there; to be appended to. As above. */
int secrets_open_log(const char *path, struct cop_report *report);

#endif
