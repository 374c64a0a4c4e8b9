#include "rules/decide/parties.h"

#include "rules/base/hash.h"

static uint8_t registrable(struct parties *parties, const struct cop_host *host)
{
    static const uint64_t key[2] = {0, 0}; /* entries are compared whole */

    if (host->n > PARTIES_TEXT) {
        return cop_host_registrable(host);
    }
    uint64_t hash = hash_keyed(key, host->text, host->n);
    struct party *entry = &parties->entries[hash % PARTIES_ENTRIES];

    if (entry->n != host->n || memcmp(entry->text, host->text, host->n) != 0) {
        entry->n = host->n;
        entry->registrable = cop_host_registrable(host);
        memcpy(entry->text, host->text, host->n);
    }
    return entry->registrable;
}

/* Labels at the end that two names have in common. */
static unsigned common_labels(
    const struct cop_host *a, const struct cop_host *b)
{
    unsigned labels = 0;
    size_t i = a->n;
    size_t j = b->n;

    while (i > 0 && j > 0 && a->text[i - 1] == b->text[j - 1]) {
        i--;
        j--;
        labels += a->text[i] == '.';
    }
    bool ends_label =
        (i == 0 || a->text[i - 1] == '.') && (j == 0 || b->text[j - 1] == '.');

    return labels + ends_label;
}

/* The registrable domain; of a public suffix, itself. */
static struct cop_slice site(
    struct parties *parties, const struct cop_host *host)
{
    size_t at = registrable(parties, host);

    at = at >= host->n ? 0 : at;
    return (struct cop_slice){host->text + at, host->n - at};
}

size_t parties_suffix(struct parties *parties, const struct cop_host *host)
{
    if (host->kind != COP_HOST_NAME) {
        return 0;
    }
    size_t at = registrable(parties, host);
    const char *dot =
        at < host->n ? memchr(host->text + at, '.', host->n - at) : NULL;

    return dot != NULL ? (size_t)(dot - host->text) + 1 : 0;
}

bool parties_are_one(
    struct parties *parties, const struct cop_host *a, const struct cop_host *b)
{
    if (cop_host_eq(a, b)) {
        return true;
    }
    /* A registrable domain has at least two labels. */
    if (a->kind != COP_HOST_NAME || b->kind != COP_HOST_NAME ||
        common_labels(a, b) < 2) {
        return false;
    }
    return cop_slice_eq(site(parties, a), site(parties, b));
}
