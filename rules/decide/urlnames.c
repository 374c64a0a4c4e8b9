#include "rules/decide/urlnames.h"

#include "rules/bundle/urlrules.h"

void urlnames_begin(struct urlnames *names, const struct urlrules_ask *ask,
    const struct cop_host *host, const struct hostindex_names *full)
{
    names->bundle = ask->policy->bundles[ask->bundle].bundle;
    names->matcher = ask->matcher;
    names->host = host;
    names->full = full;
    names->entities = NULL;
}

const struct hostindex_names *urlnames_full(struct urlnames *names)
{
    if (names->full == NULL) {
        hostindex_names(names->bundle, names->host, &names->full_room);
        names->full = &names->full_room;
    }
    return names->full;
}

const struct hostindex_names *urlnames_entities(struct urlnames *names)
{
    if (names->entities == NULL) {
        urlrule_entities(names->bundle, names->host,
            matcher_suffix(names->matcher, names->host), &names->entities_room);
        names->entities = &names->entities_room;
    }
    return names->entities;
}

enum answer { SAYS_NOTHING, SAYS_NO, SAYS_YES };

/* What is said of the i-th name of a host. */
static enum answer answer_of(const struct cop_bundle *bundle,
    const struct urlnames_said *said, const struct hostindex_names *names,
    uint32_t i)
{
    if (i < names->first || i >= names->n) {
        return SAYS_NOTHING;
    }
    if (urlrule_names_have(
            bundle, said->at + said->in, said->out, names->hash[i])) {
        return SAYS_NO;
    }
    return urlrule_names_have(bundle, said->at, said->in, names->hash[i])
               ? SAYS_YES
               : SAYS_NOTHING;
}

bool urlnames_allow(
    struct urlnames *names, const struct urlnames_said *said, bool has_entities)
{
    static const struct hostindex_names none = {0, 0, {0}};
    const struct hostindex_names *full = urlnames_full(names);
    const struct hostindex_names *entities =
        has_entities ? urlnames_entities(names) : &none;

    for (uint32_t i = 0; i < full->n || i < entities->n; i++) {
        enum answer answer = answer_of(names->bundle, said, full, i);

        if (answer == SAYS_NOTHING) {
            answer = answer_of(names->bundle, said, entities, i);
        }
        if (answer != SAYS_NOTHING) {
            return answer == SAYS_YES;
        }
    }
    return said->in == 0;
}
