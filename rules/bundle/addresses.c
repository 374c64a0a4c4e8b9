#include "rules/bundle/addresses.h"

#include <string.h>

#include "rules/base/cidr.h"

int addresses_order(
    const struct format_address *a, const struct format_address *b)
{
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    if (a->bits != b->bits) {
        return a->bits < b->bits ? -1 : 1;
    }
    return memcmp(a->address, b->address, sizeof(a->address));
}

/* The first record from `low` on that is not before a network. */
static uint32_t lower_bound(const struct cop_bundle *bundle, uint32_t low,
    const struct format_address *key)
{
    uint32_t high = section_count(bundle, SECTION_ADDRESSES);

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (addresses_order(bundle_address(bundle, middle), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool find(const struct cop_bundle *bundle, uint32_t from,
    const struct format_address *key, struct addresses_run *out)
{
    uint32_t n = section_count(bundle, SECTION_ADDRESSES);
    uint32_t at = lower_bound(bundle, from, key);
    uint32_t end = at;

    while (end < n && addresses_order(bundle_address(bundle, end), key) == 0) {
        end++;
    }
    *out = (struct addresses_run){at, end - at};
    return end != at;
}

bool addresses_key_of(const struct cop_host *host, struct addresses_key *out)
{
    if (host->kind == COP_HOST_NAME) {
        return false;
    }
    out->family = host->kind == COP_HOST_IPV6 ? FORMAT_IP6 : FORMAT_IP4;
    memcpy(out->bytes, host->addr, sizeof(out->bytes));
    return true;
}

bool addresses_have(const struct cop_bundle *bundle, enum format_family family)
{
    const struct format_address key = {.family = (uint8_t)family};
    uint32_t at = lower_bound(bundle, 0, &key);

    return at < section_count(bundle, SECTION_ADDRESSES) &&
           bundle_address(bundle, at)->family == family;
}

bool addresses_next(const struct cop_bundle *bundle,
    const struct addresses_key *wanted, uint32_t *from,
    struct addresses_run *out)
{
    uint32_t n = section_count(bundle, SECTION_ADDRESSES);
    struct format_address key = {.family = (uint8_t)wanted->family};

    if (n == 0) {
        return false;
    }
    if (*from == 0) {
        *from = lower_bound(bundle, 0, &key);
    }
    while (*from < n) {
        const struct format_address *record = bundle_address(bundle, *from);
        bool is_found;

        if (record->family != key.family) {
            break;
        }
        key.bits = record->bits;
        memcpy(key.address, wanted->bytes, sizeof(key.address));
        (void)cidr_mask(key.address, sizeof(key.address), key.bits);
        is_found = find(bundle, *from, &key, out);
        key.bits++;
        memset(key.address, 0, sizeof(key.address));
        *from = lower_bound(bundle, *from, &key);
        if (is_found) {
            return true;
        }
    }
    return false;
}
