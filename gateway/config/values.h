/* What several of the configuration's keys are written as. Findings are
 * reported at their place. For gateway/config/ alone. */
#ifndef GATEWAY_CONFIG_VALUES_H
#define GATEWAY_CONFIG_VALUES_H

#include "gateway/config/config.h"
#include "rules/read/yaml.h"

/* Room for a list's members; NULL, reported, for too many or no memory. */
void *values_array(
    struct yaml *yaml, const struct yaml_node *node, size_t count, size_t size);
/* One network; *out keeps its profile. */
bool values_network(struct yaml *yaml, const struct yaml_node *value,
    struct config_client *out);
/* A list of networks; what is wrong is left out and reported. */
void values_networks(struct yaml *yaml, const struct yaml_node *value,
    const struct config_client **out, uint32_t *n);

#endif
