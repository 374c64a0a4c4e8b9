#include "gateway/config/values.h"

#include "gateway/config/network.h"

enum { VALUES_LISTS_MAX = 4096 /* members of one list in the file */ };

void *values_array(
    struct yaml *yaml, const struct yaml_node *node, size_t count, size_t size)
{
    void *array;

    if (count > VALUES_LISTS_MAX) {
        yaml_error(yaml, node, "value", NULL, "more than %d members here",
            VALUES_LISTS_MAX);
        return NULL;
    }
    array = arena_array(yaml->arena, count > 0 ? count : 1, size);
    if (array == NULL) {
        yaml_error(yaml, node, "memory", NULL, "out of memory");
    }
    return array;
}

bool values_network(
    struct yaml *yaml, const struct yaml_node *value, struct config_client *out)
{
    struct cop_slice text;
    enum cop_status status;

    if (!yaml_text(yaml, value, &text)) {
        return false;
    }
    status = network_parse(text, out->address, &out->bits);
    if (status == COP_E_RANGE) {
        yaml_error(yaml, value, "value",
            "write the network's own address, or a longer prefix",
            "\"%.*s\" has bits set behind its prefix", (int)text.n, text.p);
        return false;
    }
    if (status != COP_OK) {
        yaml_error(yaml, value, "value",
            "write it as 192.0.2.0/24 or \"2001:db8::/32\"",
            "\"%.*s\" is no network", (int)text.n, text.p);
        return false;
    }
    return true;
}

void values_networks(struct yaml *yaml, const struct yaml_node *value,
    const struct config_client **out, uint32_t *n)
{
    struct config_client *networks;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    networks = values_array(yaml, value, value->count, sizeof(*networks));
    if (networks == NULL) {
        return;
    }
    *n = 0;
    for (const struct yaml_node *item = value->first; item != NULL;
         item = item->next) {
        if (values_network(yaml, item, &networks[*n])) {
            (*n)++;
        }
    }
    *out = networks;
}
