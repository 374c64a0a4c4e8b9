/* `locations:` of the configuration: databases of where addresses are. */
#ifndef GATEWAY_CONFIG_LOCATIONS_H
#define GATEWAY_CONFIG_LOCATIONS_H

#include "gateway/config/config.h"
#include "rules/read/yaml.h"

enum {
    LOCATIONS_AGE_DAYS = 45, /* they are published weekly or monthly */
    LOCATIONS_AGE_MAX_DAYS = 3650
};

/* A path, relative to the configuration's folder unless absolute, in the
 * YAML's arena; NULL, reported, when it is none.
 * folder  with the slash; may be empty */
const char *locations_path(
    struct cop_slice folder, struct yaml *yaml, const struct yaml_node *value);

void locations_read(struct yaml *yaml, const struct yaml_node *value,
    struct cop_slice folder, struct config_locations *out);

#endif
