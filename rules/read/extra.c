#include "rules/read/extra.h"

#include "rules/base/buf.h"

enum { EXTRA_BYTES_MAX = 4096 };

/* Where the walk is: what comes next on each level, and under which key. */
struct walk {
    const struct yaml_node *next[YAML_DEPTH_MAX];
    struct cop_slice key[YAML_DEPTH_MAX];
    size_t depth;
};

static bool is_extra(struct cop_slice key)
{
    return key.p != NULL && key.n > 2 && memcmp(key.p, "x-", 2) == 0;
}

static bool add(struct buf *lines, struct cop_slice text)
{
    if (text.n > lines->max - lines->n) {
        return false;
    }
    buf_add(lines, text.p, text.n);
    return !lines->failed;
}

/* A value's line ends would look like the next key. */
static bool add_value(struct buf *lines, const struct yaml_node *node)
{
    struct cop_slice text = node->text;

    if (node->kind == YAML_LIST || node->kind == YAML_MAP) {
        text = COP_LIT("...");
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i] == '\n' || text.p[i] == '\r' ? ' ' : text.p[i];

        if (!add(lines, (struct cop_slice){&c, 1})) {
            return false;
        }
    }
    return true;
}

static void add_line(
    struct buf *lines, const struct walk *walk, const struct yaml_node *node)
{
    size_t before = lines->n;
    bool is_whole = lines->n == 0 || add(lines, COP_LIT("\n"));

    for (size_t i = 0; i < walk->depth && is_whole; i++) {
        if (walk->key[i].n != 0) {
            is_whole = add(lines, walk->key[i]) && add(lines, COP_LIT("."));
        }
    }
    is_whole = is_whole && add(lines, node->key) && add(lines, COP_LIT(": ")) &&
               add_value(lines, node);
    if (!is_whole) {
        lines->n = before;
    }
}

struct cop_slice extra_read(struct arena *arena, const struct yaml_node *root)
{
    struct walk walk = {.next = {root->first}, .depth = 1};
    struct cop_slice out;
    struct buf lines;

    buf_init(&lines, EXTRA_BYTES_MAX);
    while (walk.depth > 0) {
        const struct yaml_node *c = walk.next[walk.depth - 1];

        if (c == NULL) {
            walk.depth--;
            continue;
        }
        walk.next[walk.depth - 1] = c->next;
        if (is_extra(c->key)) {
            add_line(&lines, &walk, c);
        } else if (c->first != NULL && walk.depth < YAML_DEPTH_MAX) {
            walk.key[walk.depth] =
                c->key.p != NULL ? c->key : (struct cop_slice){NULL, 0};
            walk.next[walk.depth++] = c->first;
        }
    }
    out = arena_copy(arena, buf_slice(&lines));
    buf_fini(&lines);
    return out;
}
