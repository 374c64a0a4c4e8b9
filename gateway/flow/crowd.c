#include "gateway/flow/crowd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/net/address.h"
#include "rules/base/hash.h"

void crowd_init(struct crowd *crowd)
{
    memset(crowd, 0, sizeof(*crowd));
    /* Without it the buckets are only less even. */
    (void)!getrandom(crowd->secret, sizeof(crowd->secret), GRND_NONBLOCK);
}

static struct crowd_member **crowd_bucket(
    struct crowd *crowd, const uint8_t address[16])
{
    uint64_t hash = hash_keyed(crowd->secret, address, 16);

    return &crowd->buckets[hash % CROWD_BUCKETS];
}

static struct crowd_member *member_new(
    struct crowd_member **bucket, const uint8_t address[16])
{
    struct crowd_member *member = calloc(1, sizeof(*member));

    if (member == NULL) {
        return NULL;
    }
    memcpy(member->address, address, sizeof(member->address));
    member->next = *bucket;
    member->link = bucket;
    if (member->next != NULL) {
        member->next->link = &member->next;
    }
    *bucket = member;
    return member;
}

enum cop_status crowd_enter(struct crowd *crowd,
    const struct sockaddr_storage *client, uint32_t most,
    struct crowd_member **out)
{
    uint8_t address[16];
    struct crowd_member **bucket;
    struct crowd_member *member;

    address_bytes(client, address);
    bucket = crowd_bucket(crowd, address);
    member = *bucket;
    while (member != NULL &&
           memcmp(member->address, address, sizeof(address)) != 0) {
        member = member->next;
    }
    if (member != NULL && member->n >= most) {
        return COP_E_LIMIT;
    }
    if (member == NULL) {
        member = member_new(bucket, address);
    }
    if (member == NULL) {
        return COP_E_NOMEM;
    }
    member->n++;
    *out = member;
    return COP_OK;
}

void crowd_leave(struct crowd_member **member)
{
    struct crowd_member *it = *member;

    *member = NULL;
    if (it == NULL || --it->n > 0) {
        return;
    }
    *it->link = it->next;
    if (it->next != NULL) {
        it->next->link = it->link;
    }
    free(it);
}
