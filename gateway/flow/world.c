#include "gateway/flow/world.h"

#include <stdlib.h>
#include <string.h>

/* The zone of the last bundle that names one: policy files are put last. */
static void world_find_zone(struct world *world)
{
    for (uint32_t i = cop_policy_bundles(world->policy); i > 0; i--) {
        struct cop_bundle_info info;

        cop_bundle_info(cop_policy_bundle(world->policy, i - 1), &info);
        if (info.timezone.n > 0 && info.timezone.n < sizeof(world->timezone)) {
            memcpy(world->timezone, info.timezone.p, info.timezone.n);
            return;
        }
    }
}

struct world *world_new(struct config *config, struct cop_policy *policy,
    struct identity *identity, struct tls_client *client)
{
    struct world *world = calloc(1, sizeof(*world));

    if (world == NULL) {
        return NULL;
    }
    world->references = 1;
    world->config = config;
    world->policy = policy;
    world->identity = identity;
    world->client = client;
    world_find_zone(world);
    return world;
}

struct world *world_hold(struct world *world)
{
    world->references++;
    return world;
}

void world_drop(struct world **world)
{
    struct world *it = *world;

    *world = NULL;
    if (it == NULL || --it->references > 0) {
        return;
    }
    identity_free(&it->identity);
    cop_policy_free(&it->policy);
    tls_client_drop(&it->client);
    cop_locator_free(&it->locator);
    config_free(&it->config);
    free(it);
}
