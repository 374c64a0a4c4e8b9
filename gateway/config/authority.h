/* `ca:` of the configuration: the gateway's own authority. */
#ifndef GATEWAY_CONFIG_AUTHORITY_H
#define GATEWAY_CONFIG_AUTHORITY_H

#include "gateway/config/config.h"
#include "rules/read/yaml.h"

/* What a passphrase's place begins with when the service manager hands it over
 * (systemd.exec(5), credentials); the name follows. */
#define AUTHORITY_CREDENTIAL "credential:"

/* Fills what begins with ca_.
 * folder  of the configuration, with the slash; may be empty */
void authority_read(struct yaml *yaml, const struct yaml_node *value,
    struct cop_slice folder, struct config *out);

#endif
