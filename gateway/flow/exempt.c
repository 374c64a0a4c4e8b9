#include "gateway/flow/exempt.h"

#include <stdlib.h>

#include "gateway/loop/loop.h"

struct candidate {
    struct lru_entry entry;
    struct cop_host host;
    uint64_t distrusted;
    uint64_t wanted;
};

static struct candidate *candidate_of(struct lru_entry *entry)
{
    return LOOP_OWNER(entry, struct candidate, entry);
}

enum cop_status exempt_init(struct exempt *exempt)
{
    return lru_init(&exempt->hosts, EXEMPT_MAX);
}

void exempt_fini(struct exempt *exempt)
{
    while (exempt->hosts.newest != NULL) {
        struct candidate *candidate = candidate_of(exempt->hosts.newest);

        lru_remove(&exempt->hosts, &candidate->entry);
        free(candidate);
    }
    lru_fini(&exempt->hosts);
}

static struct candidate *exempt_find(
    struct exempt *exempt, const struct cop_host *host)
{
    struct lru_entry *entry = lru_find(&exempt->hosts, cop_host_slice(host));
    struct candidate *candidate;

    if (entry != NULL) {
        return candidate_of(entry);
    }
    candidate = calloc(1, sizeof(*candidate));
    if (candidate == NULL) {
        return NULL;
    }
    candidate->host = *host;
    candidate->entry.key = cop_host_slice(&candidate->host);
    entry = lru_put(&exempt->hosts, &candidate->entry);
    if (entry != NULL) {
        free(candidate_of(entry));
    }
    return candidate;
}

void exempt_note(
    struct exempt *exempt, const struct cop_host *host, enum cop_reason reason)
{
    bool is_distrust = reason == COP_REASON_CLIENT_DISTRUST;
    struct candidate *candidate;

    if (!is_distrust && reason != COP_REASON_CLIENT_CERTIFICATE) {
        return;
    }
    candidate = exempt_find(exempt, host);
    if (candidate != NULL) {
        candidate->distrusted += is_distrust ? 1 : 0;
        candidate->wanted += is_distrust ? 0 : 1;
    }
}

void exempt_each(struct exempt *exempt, exempt_fn *fn, void *context)
{
    for (struct lru_entry *entry = exempt->hosts.newest; entry != NULL;
         entry = entry->older) {
        const struct candidate *candidate = candidate_of(entry);

        fn(context, &candidate->host, candidate->distrusted, candidate->wanted);
    }
}
