/* Strength by class of subscriber: one part for each strength. */
#include "rules/base/subscriber.h"
#include "rules/read/requirement.h"

static const uint32_t all_classes = (UINT32_C(1) << SUBSCRIBERS) - 1;

static uint32_t classes_named(const struct requirement_reader *reader)
{
    uint32_t named = 0;

    for (unsigned i = 0; i < REQUIREMENT_STRENGTHS; i++) {
        named |= reader->by_class[i];
    }
    return named;
}

static void part_add(struct requirement_parts *parts,
    struct fact_requirement *fact, enum cop_strength strength,
    uint32_t subscribers)
{
    fact->strength = strength;
    fact->scope.subscribers = subscribers;
    fact->head.part = (uint32_t)parts->n;
    parts->p[parts->n++] = fact;
}

/* The fact itself is the first of its parts, the others are copies of it that
 * share its lists; the vectors stay with the first. */
static bool part_copy(struct yaml *yaml, struct requirement_parts *parts,
    const struct fact_requirement *first, enum cop_strength strength,
    uint32_t subscribers)
{
    struct fact_requirement *fact = arena_alloc(yaml->arena, sizeof(*fact));

    if (fact == NULL) {
        return false;
    }
    *fact = *first;
    fact->vectors_n = 0;
    fact->lists_of = first->lists_of != NULL ? first->lists_of : first;
    part_add(parts, fact, strength, subscribers);
    return true;
}

void requirement_classes(struct yaml *yaml,
    const struct requirement_reader *reader, struct requirement_parts *parts)
{
    struct fact_requirement *fact = reader->fact;
    uint32_t named = classes_named(reader);
    uint32_t scope = fact->scope.subscribers;
    bool is_first = true;

    if (!reader->has_by_class) {
        part_add(parts, fact, fact->strength, scope);
        return;
    }
    if (scope != 0 && (named & scope) == 0) {
        yaml_error(yaml, yaml_get(yaml->root, "strength_by_class"), "value",
            "name them under scope.subscriber, or not here",
            "the requirement is about none of the classes that have a "
            "strength");
        return;
    }
    scope = scope == 0 ? all_classes : scope;
    for (unsigned i = 0; i < REQUIREMENT_STRENGTHS; i++) {
        uint32_t who = reader->by_class[i];

        who &= scope;
        if (reader->has_strength && i == (unsigned)reader->strength) {
            who |= scope & ~named;
        }
        if (who == 0) {
            continue;
        }
        if (is_first) {
            part_add(parts, fact, (enum cop_strength)i, who);
        } else if (!part_copy(yaml, parts, fact, (enum cop_strength)i, who)) {
            return;
        }
        is_first = false;
    }
}
