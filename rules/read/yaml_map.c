#include "rules/read/describe.h"
#include "rules/read/words.h"
#include "rules/read/yaml.h"

enum { KEY_TABLE_MAX = 64 };

static bool starts_with(struct cop_slice text, struct cop_slice prefix)
{
    return text.n >= prefix.n && memcmp(text.p, prefix.p, prefix.n) == 0;
}

static struct yaml_node key_place(const struct yaml_node *member)
{
    return (struct yaml_node){
        .line = member->key_line, .column = member->key_column};
}

static void report_unknown(struct yaml *yaml, const struct yaml_node *member,
    const struct yaml_key *keys, size_t n)
{
    struct yaml_node place = key_place(member);
    struct words_nearest nearest;

    words_nearest_init(&nearest, member->key);
    for (size_t i = 0; i < n; i++) {
        words_nearest_offer(&nearest, cop_slice_of(keys[i].name));
    }
    if (nearest.best.p != NULL) {
        yaml_error(yaml, &place, "key", NULL,
            "there is no key %s here; did you mean %s?", member->key.p,
            nearest.best.p);
    } else {
        yaml_error(yaml, &place, "key",
            "remove it, or begin its name with x- if it is a note of yours",
            "there is no key %s here", member->key.p);
    }
}

static void report_critical(struct yaml *yaml, const struct yaml_node *member)
{
    struct yaml_node place = key_place(member);

    yaml_error(yaml, &place, "unsupported",
        "use a version that knows it, or remove it if it may be ignored",
        "the key %s is marked critical and this version does not know it",
        member->key.p);
}

void yaml_skip(struct yaml *yaml, const struct yaml_node *node)
{
    const struct yaml_node *open[YAML_DEPTH_MAX]; /* what comes next, each */
    size_t depth = 0;

    open[depth++] = node->first;
    while (depth > 0) {
        const struct yaml_node *c = open[depth - 1];

        if (c == NULL) {
            depth--;
            continue;
        }
        open[depth - 1] = c->next;
        if (c->key.p != NULL && starts_with(c->key, COP_LIT("x-crit-"))) {
            report_critical(yaml, c);
        } else if (c->first != NULL && depth < YAML_DEPTH_MAX) {
            open[depth++] = c->first;
        }
    }
}

/* Dispatch one member; its row of the table, or n. */
static size_t read_member(struct yaml *yaml, const struct yaml_node *member,
    const struct yaml_key *keys, size_t n, void *into)
{
    for (size_t i = 0; i < n; i++) {
        if (cop_slice_eq(member->key, cop_slice_of(keys[i].name))) {
            if (keys[i].read != NULL) {
                keys[i].read(yaml, member, into);
            } else {
                yaml_skip(yaml, member);
            }
            return i;
        }
    }
    if (starts_with(member->key, COP_LIT("x-crit-"))) {
        report_critical(yaml, member);
    } else if (!starts_with(member->key, COP_LIT("x-"))) {
        report_unknown(yaml, member, keys, n);
    }
    return n;
}

bool yaml_map_read(struct yaml *yaml, const struct yaml_node *map,
    const struct yaml_key *keys, size_t n, void *into)
{
    bool seen[KEY_TABLE_MAX] = {false};

    if (yaml->observer != NULL) {
        const struct yaml_table table = {keys, n, into};

        yaml->observer->map(yaml->observer->context, yaml, map, &table);
        return true;
    }
    if (!yaml_is(yaml, map, YAML_MAP)) {
        return false;
    }
    for (const struct yaml_node *c = map->first; c != NULL; c = c->next) {
        size_t row = read_member(yaml, c, keys, n, into);

        if (row < n && row < KEY_TABLE_MAX) {
            seen[row] = true;
        }
    }
    for (size_t i = 0; i < n && i < KEY_TABLE_MAX; i++) {
        if (keys[i].is_required && !seen[i]) {
            yaml_error(yaml, map, "key", "add it", "the key %s is missing here",
                keys[i].name);
        }
    }
    return true;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP) {
        return NULL;
    }
    for (const struct yaml_node *c = map->first; c != NULL; c = c->next) {
        if (cop_slice_eq(c->key, cop_slice_of(key))) {
            return c;
        }
    }
    return NULL;
}
