/* Networks are sorted by length, longest first, then by address: one binary
 * search for each length in use finds the longest that holds a client. */
#include "gateway/identity/identity.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/config/config.h"
#include "gateway/net/address.h"

struct client_network {
    uint8_t address[16]; /* bits behind the network's are zero */
    uint8_t bits;
    uint32_t profile;
};

struct identity {
    uint32_t default_profile; /* COP_NONE: unknown clients are refused */
    uint32_t n;
    struct client_network networks[];
};

static void identity_report_missing(
    struct cop_report *report, struct cop_slice name)
{
    if (report != NULL) {
        cop_report_at(report, COP_ERROR, "profile", NULL, 0, 0,
            "add the profile to the policy, or correct the name in the "
            "configuration",
            "the configuration names the profile \"%.*s\", which no bundle or "
            "policy has",
            (int)name.n, name.p);
    }
}

static enum cop_status identity_find_profile(const struct cop_policy *policy,
    struct cop_slice name, struct cop_report *report, uint32_t *out)
{
    enum cop_status status = cop_policy_profile(policy, name, out);

    if (status != COP_OK) {
        identity_report_missing(report, name);
        return COP_E_PROFILE;
    }
    return COP_OK;
}

/* Clear the bits behind the first `bits`. */
static void network_mask(uint8_t address[16], uint8_t bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

        if (kept < 8) {
            address[i] &= (uint8_t)(0xff00U >> kept);
        }
    }
}

static int network_order(const void *left, const void *right)
{
    const struct client_network *a = left;
    const struct client_network *b = right;

    if (a->bits != b->bits) {
        return a->bits > b->bits ? -1 : 1;
    }
    return memcmp(a->address, b->address, 16);
}

enum cop_status identity_new(const struct config *config,
    const struct cop_policy *policy, struct cop_report *report,
    struct identity **out)
{
    struct identity *identity = calloc(1,
        sizeof(*identity) + config->clients_n * sizeof(identity->networks[0]));
    enum cop_status status = COP_OK;

    if (identity == NULL) {
        return COP_E_NOMEM;
    }
    identity->default_profile = COP_NONE;
    if (config->default_profile.n > 0) {
        status = identity_find_profile(policy, config->default_profile, report,
            &identity->default_profile);
    }
    for (uint32_t i = 0; i < config->clients_n; i++) {
        const struct config_client *client = &config->clients[i];
        struct client_network *network = &identity->networks[i];
        enum cop_status found = identity_find_profile(
            policy, client->profile, report, &network->profile);

        if (found != COP_OK) {
            status = found;
        }
        network->bits = client->bits > 128 ? 128 : client->bits;
        memcpy(network->address, client->address, 16);
        network_mask(network->address, network->bits);
    }
    if (status != COP_OK) {
        identity_free(&identity);
        return status;
    }
    identity->n = config->clients_n;
    qsort(identity->networks, identity->n, sizeof(identity->networks[0]),
        network_order);
    *out = identity;
    return COP_OK;
}

void identity_free(struct identity **identity)
{
    free(*identity);
    *identity = NULL;
}

/* The first network that is shorter than the one at `from`. */
static uint32_t next_length(const struct identity *identity, uint32_t from)
{
    uint8_t bits = identity->networks[from].bits;
    uint32_t low = from;
    uint32_t high = identity->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (identity->networks[middle].bits >= bits) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum cop_status identity_of(const struct identity *identity,
    const struct sockaddr_storage *client, uint32_t *profile)
{
    struct client_network key = {0};
    uint32_t from = 0;

    address_bytes(client, key.address);
    while (from < identity->n) {
        uint32_t to = next_length(identity, from);
        const struct client_network *found;

        key.bits = identity->networks[from].bits;
        network_mask(key.address, key.bits);
        found = bsearch(&key, &identity->networks[from], to - from, sizeof(key),
            network_order);
        if (found != NULL) {
            *profile = found->profile;
            return COP_OK;
        }
        from = to;
    }
    if (identity->default_profile == COP_NONE) {
        return COP_E_PROFILE;
    }
    *profile = identity->default_profile;
    return COP_OK;
}
