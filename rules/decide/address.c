/* From a server's address to the lists that it is in.
 *
 * The URL was classified before its host was looked up; what is found here is
 * added to that, list by list, so that one verdict speaks of both. Three
 * things are asked of each bundle, each by a key of its own: the address, its
 * country, and the number of its network. What is not known (zeros) is not
 * asked: a rule never matches what nobody knows. A list whose requirement asks
 * for URL and address together (collateral_guard.require_url_and_ip) gets
 * nothing from an address: its names and URLs have matched already, and its
 * addresses match URLs that name them. */
#include "cop/decide.h"

#include <endian.h>
#include <string.h>

#include "rules/base/ip.h"
#include "rules/bundle/addresses.h"
#include "rules/decide/class.h"
#include "rules/decide/policy.h"

static uint16_t specificity_of(const struct format_address *record)
{
    switch ((enum format_family)record->family) {
    case FORMAT_COUNTRY:
        return COP_SPECIFICITY(COP_MATCH_COUNTRY, 0);
    case FORMAT_AS:
        return COP_SPECIFICITY(COP_MATCH_AS, 0);
    case FORMAT_IP4:
    case FORMAT_IP6:
        break;
    }
    return COP_SPECIFICITY(COP_MATCH_ADDRESS, (unsigned)record->bits);
}

void class_add_address(const struct policy_bundle *at,
    const struct addresses_key *key, const struct policy_list *guarded,
    struct cop_class *class)
{
    struct addresses_run run;
    uint32_t from = 0;

    while (addresses_next(at->bundle, key, &from, &run)) {
        for (uint32_t i = 0; i < run.n; i++) {
            const struct format_address *record =
                bundle_address(at->bundle, run.at + i);
            const struct format_rule *rule =
                bundle_rule(at->bundle, record->rule);

            struct cop_hit hit = {
                .rule = record->rule,
                .list = (uint16_t)(at->lists + rule->list),
                .specificity = specificity_of(record),
            };

            if (guarded == NULL || !guarded[hit.list].needs_url) {
                class_hit(class, hit);
            }
        }
    }
}

/* An address as rules have it: what stands for IPv4 is IPv4, as in a host. */
static struct addresses_key key_of_bytes(const uint8_t bytes[16])
{
    struct addresses_key key = {.family = FORMAT_IP6};

    if (ip6_holds_ip4(bytes)) {
        key.family = FORMAT_IP4;
        memcpy(key.bytes, bytes + 12, 4);
    } else {
        memcpy(key.bytes, bytes, 16);
    }
    return key;
}

static struct addresses_key key_of_country(const char country[2])
{
    struct addresses_key key = {.family = FORMAT_COUNTRY};

    memcpy(key.bytes, country, 2);
    return key;
}

static struct addresses_key key_of_as(uint32_t number)
{
    struct addresses_key key = {.family = FORMAT_AS};
    uint32_t ordered = htobe32(number);

    memcpy(key.bytes, &ordered, sizeof(ordered));
    return key;
}

bool cop_address_of_host(const struct cop_host *host, struct cop_address *out)
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (host->kind == COP_HOST_NAME) {
        return false;
    }
    *out = (struct cop_address){.as_number = 0};
    if (host->kind == COP_HOST_IPV6) {
        memcpy(out->bytes, host->addr, sizeof(out->bytes));
    } else {
        memcpy(out->bytes, mapped, sizeof(mapped));
        memcpy(out->bytes + sizeof(mapped), host->addr, 4);
    }
    return true;
}

void cop_classify_address(const struct cop_policy *policy,
    const struct cop_address *address, struct cop_class *class)
{
    const struct addresses_key keys[] = {key_of_bytes(address->bytes),
        key_of_country(address->country), key_of_as(address->as_number)};
    const bool is_asked[] = {policy->wants_address.address,
        policy->wants_address.country && address->country[0] != '\0',
        policy->wants_address.as_number && address->as_number != 0};

    for (uint32_t b = 0; b < policy->bundles_n; b++) {
        for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            if (is_asked[i]) {
                class_add_address(
                    &policy->bundles[b], &keys[i], policy->lists, class);
            }
        }
    }
    class_end(policy, class);
}
