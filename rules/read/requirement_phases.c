/* Amendments: what a document says from a date on. Each patch is merged into
 * what the document said until then, and the whole is read anew, so that no key
 * needs to know that it can change, and every check sees each phase as it will
 * be. */
#include "rules/read/requirement.h"

#include <stdlib.h>

#include "rules/read/date.h"

/* One amendment while it is read. */
struct amendment {
    const struct yaml_node *from; /* NULL: was no date */
    const struct yaml_node *patch;
    int64_t from_unix;
};

static void read_from(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct amendment *amendment = into;

    if (fact_read_start(yaml, value, &amendment->from_unix)) {
        amendment->from = value;
    }
}

/* What an amendment may change: all but what the document is, where it begins,
 * and its vectors, which name their moment. The values are read when the phase
 * is. */
static void read_patch(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"status", NULL, false},
        {"kind", NULL, false},
        {"title", NULL, false},
        {"legal", NULL, false},
        {"time", NULL, false},
        {"scope", NULL, false},
        {"target", NULL, false},
        {"action", NULL, false},
        {"strength", NULL, false},
        {"strength_by_class", NULL, false},
        {"lock", NULL, false},
        {"override", NULL, false},
        {"notice", NULL, false},
        {"appeal", NULL, false},
        {"logging", NULL, false},
        {"provenance", NULL, false},
        {"process", NULL, false},
        {"note", NULL, false},
        {"granularity", NULL, false},
        {"collateral_guard", NULL, false},
        {"layers", NULL, false},
        {"decision", NULL, false},
        {"transparency", NULL, false},
        {"report", NULL, false},
        {"effectiveness", NULL, false},
        {"capacity", NULL, false},
        {"cost", NULL, false},
        {"interfaces", NULL, false},
        {"local_determination", NULL, false},
    };
    const struct yaml_node *begin =
        yaml_get(yaml_get(value, "time"), "effective_from");

    ((struct amendment *)into)->patch = value;
    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
    if (begin != NULL) {
        yaml_error(yaml, begin, "value",
            "write it into the document itself, or change amendments.from",
            "an amendment cannot move the day on which all begins");
    }
}

static void read_amendment(struct yaml *yaml, const struct yaml_node *node,
    struct amendment *amendment)
{
    static const struct yaml_key keys[] = {
        {"from", read_from, true},
        {"change", NULL, false},
        {"patch", read_patch, false},
    };

    (void)yaml_map_read(yaml, node, keys, 3, amendment);
}

/* The key of a document: its phases have been made already, so this is for who
 * asks what may stand here, and to tell that history decides nothing. */
void requirement_read_amendments(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct amendment unused = {.from = NULL};
    bool has_patch = false;

    if (yaml->observer != NULL) {
        if (yaml_is(yaml, value, YAML_LIST)) {
            read_amendment(yaml, value->first, &unused);
        }
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        has_patch |= yaml_get(c, "patch") != NULL;
    }
    if (!has_patch) {
        requirement_read_aside(yaml, value, into);
    }
}

/* ---- phases ---- */

static int amendment_order(const void *a, const void *b)
{
    int64_t x = ((const struct amendment *)a)->from_unix;
    int64_t y = ((const struct amendment *)b)->from_unix;

    return (x > y) - (x < y);
}

/* The amendments that change something, by date. Returns how many. */
static size_t read_amendments(struct yaml *yaml, struct amendment *out)
{
    const struct yaml_node *list = yaml_get(yaml->root, "amendments");
    size_t n = 0;

    if (list == NULL || !yaml_is(yaml, list, YAML_LIST)) {
        return 0;
    }
    if (list->count >= REQUIREMENT_PHASES_MAX) {
        yaml_error(yaml, list, "limit", "begin a new document",
            "a requirement has at most %d amendments",
            REQUIREMENT_PHASES_MAX - 1);
        return 0;
    }
    for (const struct yaml_node *c = list->first; c != NULL; c = c->next) {
        out[n] = (struct amendment){.from = NULL};
        read_amendment(yaml, c, &out[n]);
        n += out[n].from != NULL && out[n].patch != NULL;
    }
    qsort(out, n, sizeof(out[0]), amendment_order);
    for (size_t i = 1; i < n; i++) {
        if (out[i].from_unix == out[i - 1].from_unix) {
            yaml_error(yaml, out[i].from, "value", "make one of them",
                "two amendments are of the same time");
        }
    }
    return n;
}

/* Whether a patch leaves the lists, and what they mean, as they were. */
static bool keeps_lists(const struct yaml_node *patch)
{
    const struct yaml_node *target = yaml_get(patch, "target");

    return yaml_get(patch, "action") == NULL &&
           yaml_get(patch, "kind") == NULL &&
           yaml_get(patch, "collateral_guard") == NULL &&
           (target == NULL ||
               (target->kind == YAML_MAP && yaml_get(target, "list") == NULL));
}

size_t requirement_phases(struct yaml *yaml, struct requirement_phase *out)
{
    struct amendment amendments[REQUIREMENT_PHASES_MAX];
    size_t n = 1;

    out[0] =
        (struct requirement_phase){.tree = yaml->root, .from_unix = INT64_MIN};
    if (yaml->observer != NULL) {
        return n;
    }
    size_t changes = read_amendments(yaml, amendments);

    for (size_t i = 0; i < changes && yaml->errors == 0; i++) {
        const struct yaml_node *tree =
            yaml_merge(yaml->arena, out[n - 1].tree, amendments[i].patch);

        if (tree == NULL) {
            break; /* whoever needs the memory says that it is gone */
        }
        out[n++] = (struct requirement_phase){
            .tree = tree,
            .place = amendments[i].from,
            .from_unix = amendments[i].from_unix,
            .keeps_lists = keeps_lists(amendments[i].patch),
        };
    }
    return n;
}
