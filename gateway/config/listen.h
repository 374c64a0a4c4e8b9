/* The keys `listen` and `transparent`: how connections come in. For
 * gateway/config/ alone. */
#ifndef GATEWAY_CONFIG_LISTEN_H
#define GATEWAY_CONFIG_LISTEN_H

#include "gateway/config/config.h"
#include "rules/read/yaml.h"

void listen_read(
    struct yaml *yaml, const struct yaml_node *value, struct config *config);
void listen_read_transparent(struct yaml *yaml, const struct yaml_node *value,
    struct config_transparent *transparent);
/* What only shows when all has been read. */
void listen_check(struct yaml *yaml, const struct config *config);

#endif
