#include "rules/read/yaml.h"

/* A mapping being built, member by member. */
struct building {
    struct arena *arena;
    struct yaml_node *map;
    struct yaml_node *last;
};

/* Add a copy of a member; its own members stay shared. */
static struct yaml_node *add(
    struct building *to, const struct yaml_node *member)
{
    struct yaml_node *copy = arena_alloc(to->arena, sizeof(*copy));

    if (copy == NULL) {
        return NULL;
    }
    *copy = *member;
    copy->next = NULL;
    if (to->last == NULL) {
        to->map->first = copy;
    } else {
        to->last->next = copy;
    }
    to->last = copy;
    to->map->count++;
    return copy;
}

static const struct yaml_node *find(
    const struct yaml_node *map, struct cop_slice key)
{
    for (const struct yaml_node *c = map->first; c != NULL; c = c->next) {
        if (cop_slice_eq(c->key, key)) {
            return c;
        }
    }
    return NULL;
}

/* What a patched member comes to; a mapping over something else stands on its
 * own, but for what it takes away. */
static const struct yaml_node *merged(struct arena *arena,
    const struct yaml_node *base, const struct yaml_node *patch)
{
    const struct yaml_node nothing = {.kind = YAML_MAP};

    if (patch->kind != YAML_MAP) {
        return patch;
    }
    return yaml_merge(
        arena, base != NULL && base->kind == YAML_MAP ? base : &nothing, patch);
}

/* Recursion ends with the depth that yaml_parse() lets through. */
const struct yaml_node *yaml_merge(struct arena *arena,
    const struct yaml_node *base, const struct yaml_node *patch)
{
    struct yaml_node *map = arena_alloc(arena, sizeof(*map));
    struct building to = {.arena = arena, .map = map};

    if (map == NULL) {
        return NULL;
    }
    *map = base->line != 0 ? *base : *patch;
    map->first = NULL;
    map->next = NULL;
    map->count = 0;
    for (const struct yaml_node *c = base->first; c != NULL; c = c->next) {
        const struct yaml_node *change = find(patch, c->key);
        const struct yaml_node *value =
            change == NULL ? c : merged(arena, c, change);

        if (value == NULL ||
            (value->kind != YAML_NULL && add(&to, value) == NULL)) {
            return NULL;
        }
    }
    for (const struct yaml_node *c = patch->first; c != NULL; c = c->next) {
        const struct yaml_node *value =
            find(base, c->key) != NULL ? NULL : merged(arena, NULL, c);

        if (value != NULL && value->kind != YAML_NULL &&
            add(&to, value) == NULL) {
            return NULL;
        }
    }
    return arena_failed(arena) ? NULL : map;
}
