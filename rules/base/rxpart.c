#include "rules/base/rxpart.h"

enum { ROUNDS_MAX = 8 }; /* of a repetition that are written out */

static struct rxpart_frame *top(struct rxparts *parts)
{
    return &parts->frames[parts->depth];
}

/* ---- sequences ---- */

static void branch_begin(struct rxparts *parts)
{
    struct rxpart_frame *f = top(parts);

    f->is_exact = true;
    f->exact = parts->nothing;
    f->best = (struct rxset){NULL, 0, 0};
    f->best_cost = UINT64_C(1) << RXSET_COST_BITS; /* of knowing nothing */
    f->has_last = false;
}

static void sequence_offer(struct rxpart_frame *f, const struct rxset *set)
{
    uint64_t cost = rxset_cost(set);

    if (cost < f->best_cost) {
        f->best_cost = cost;
        f->best = *set;
    }
}

static void sequence_gap(struct rxparts *parts)
{
    struct rxpart_frame *f = top(parts);

    sequence_offer(f, &f->exact);
    f->exact = parts->nothing;
    f->is_exact = false;
}

static void sequence_exact(struct rxparts *parts, const struct rxset *set)
{
    struct rxpart_frame *f = top(parts);
    struct rxset joined;

    if (rxset_product(parts->arena, &f->exact, set, &joined)) {
        f->exact = joined;
        return;
    }
    sequence_gap(parts);
    if (set->n <= RXSET_PRODUCT_MAX) {
        f->exact = *set;
    } else {
        sequence_offer(f, set);
    }
}

static void sequence_add(struct rxparts *parts, const struct rxpart *part)
{
    switch (part->known) {
    case RXPART_EXACT:
        sequence_exact(parts, &part->set);
        return;
    case RXPART_HOLDS:
        sequence_offer(top(parts), &part->set);
        break;
    case RXPART_ANY:
        break;
    }
    sequence_gap(parts);
}

void rxparts_settle(struct rxparts *parts)
{
    struct rxpart_frame *f = top(parts);

    if (f->has_last) {
        sequence_add(parts, &f->last);
        f->has_last = false;
    }
}

void rxparts_add(struct rxparts *parts, struct rxpart part)
{
    rxparts_settle(parts);
    top(parts)->last = part;
    top(parts)->has_last = true;
}

void rxparts_any(struct rxparts *parts)
{
    rxparts_add(parts, (struct rxpart){RXPART_ANY, {NULL, 0, 0}});
}

void rxparts_nothing(struct rxparts *parts)
{
    rxparts_add(parts, (struct rxpart){RXPART_EXACT, parts->nothing});
}

void rxparts_char(struct rxparts *parts, char c)
{
    char text = rxpart_lower(c);
    struct cop_slice copy;

    if (!rxpart_is_plain(c)) {
        rxparts_any(parts);
        return;
    }
    copy = arena_copy(parts->arena, (struct cop_slice){&text, 1});
    rxparts_add(
        parts, (struct rxpart){RXPART_EXACT, rxset_of(parts->arena, copy)});
}

/* ---- alternatives and groups ---- */

static bool may_be_absent(const struct rxpart *part)
{
    for (size_t i = 0; i < part->set.n; i++) {
        if (part->set.p[i].n == 0) {
            return true;
        }
    }
    return false;
}

static struct rxpart part_unite(
    struct rxparts *parts, const struct rxpart *a, const struct rxpart *b)
{
    struct rxpart out = {RXPART_ANY, {NULL, 0, 0}};

    if (a->known == RXPART_ANY || b->known == RXPART_ANY ||
        !rxset_union(parts->arena, &a->set, &b->set, &out.set)) {
        return out;
    }
    if (a->known == RXPART_EXACT && b->known == RXPART_EXACT) {
        out.known = RXPART_EXACT;
    } else if (!may_be_absent(&out)) {
        out.known = RXPART_HOLDS;
    }
    return out;
}

static void branch_end(struct rxparts *parts)
{
    struct rxpart_frame *f = top(parts);
    struct rxpart part = {RXPART_ANY, {NULL, 0, 0}};

    rxparts_settle(parts);
    if (f->is_exact) {
        part = (struct rxpart){RXPART_EXACT, f->exact};
    } else {
        sequence_offer(f, &f->exact);
        if (f->best.n != 0) {
            part = (struct rxpart){RXPART_HOLDS, f->best};
        }
    }
    f->branches = f->has_branch ? part_unite(parts, &f->branches, &part) : part;
    f->has_branch = true;
}

void rxparts_group_begin(struct rxparts *parts, bool is_assertion)
{
    rxparts_settle(parts);
    if (parts->depth + 1 == RXPART_FRAMES) {
        parts->is_lost = true;
        return;
    }
    parts->depth++;
    *top(parts) = (struct rxpart_frame){.is_assertion = is_assertion};
    branch_begin(parts);
}

void rxparts_group_end(struct rxparts *parts)
{
    branch_end(parts);
    if (parts->depth == 0) {
        parts->is_lost = true;
        return;
    }
    const struct rxpart_frame *f = top(parts);

    parts->depth--;
    if (f->is_assertion) {
        rxparts_nothing(parts);
    } else {
        rxparts_add(parts, f->branches);
    }
}

/* The last part, so many times. One that is written out is adjacent on both
 * sides; the rounds in between are a gap. */
bool rxparts_repeat(struct rxparts *parts, unsigned min, unsigned max)
{
    struct rxpart_frame *f = top(parts);

    if (!f->has_last) {
        return false;
    }
    struct rxpart part = f->last;
    bool has_gap = min != max || min > ROUNDS_MAX;

    f->has_last = false;
    if (min == 0) {
        bool is_option = max == 1 && part.known == RXPART_EXACT &&
                         rxset_add(parts->arena, &part.set, COP_LIT(""));

        if (!is_option) {
            part.known = RXPART_ANY;
        }
        sequence_add(parts, &part);
        return true;
    }
    if (part.known != RXPART_EXACT) {
        sequence_add(parts, &part);
        return true;
    }
    for (unsigned i = 0; i < min && i < ROUNDS_MAX; i++) {
        sequence_add(parts, &part);
    }
    if (has_gap) {
        sequence_gap(parts);
        sequence_exact(parts, &part.set);
    }
    return true;
}

void rxparts_alternative(struct rxparts *parts)
{
    branch_end(parts);
    branch_begin(parts);
}

void rxparts_begin(struct rxparts *parts, struct arena *arena)
{
    parts->arena = arena;
    parts->nothing = rxset_of(arena, COP_LIT(""));
    branch_begin(parts);
}

struct rxpart rxparts_end(struct rxparts *parts)
{
    branch_end(parts);
    if (parts->is_lost || parts->depth != 0) {
        return (struct rxpart){RXPART_ANY, {NULL, 0, 0}};
    }
    return parts->frames[0].branches;
}
