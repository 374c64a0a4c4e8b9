#include "rules/bundle/dense.h"

#include <string.h>

#include "rules/bundle/audit.h"
#include "rules/bundle/dense_line.h"
#include "rules/bundle/dense_tags.h"
#include "rules/bundle/inside.h"

/* The set of a key in a place whose tag is its own, or FORMAT_NONE when it is
 * another key. */
static inline uint32_t place_set(const struct cop_bundle *bundle,
    const struct format_dense_line *line, unsigned place, uint64_t hash)
{
    uint32_t code = line->rest[place] & 15;
    uint32_t rest = line->rest[place] >> 4;

    if (code == DENSE_SIDE_CODE) {
        const struct format_dense_side *row =
            section_at(bundle, SECTION_DENSE_SIDE, rest);

        return row->hash == hash ? row->set : FORMAT_NONE;
    }
    return rest == dense_rest(hash) &&
                   dense_more(line, place) == dense_last(hash)
               ? code - 1
               : FORMAT_NONE;
}

/* The set of a hash in a line, or FORMAT_NONE. */
static inline uint32_t line_set(const struct cop_bundle *bundle,
    const struct format_dense_line *line, uint64_t hash)
{
    uint32_t places = dense_tagged(line->tag, dense_tag(hash));

    while (places != 0) {
        uint32_t set =
            place_set(bundle, line, (unsigned)__builtin_ctz(places), hash);

        if (set != FORMAT_NONE) {
            return set;
        }
        places &= places - 1;
    }
    return FORMAT_NONE;
}

/* The set of a hash in an index that has lines. */
static inline uint32_t find_among(
    const struct cop_bundle *bundle, uint64_t hash, uint32_t lines)
{
    const struct format_dense_line *line =
        section_at(bundle, SECTION_DENSE_LINES, dense_home(hash, lines));
    uint32_t set = line_set(bundle, line, hash);

    if (set == FORMAT_NONE && dense_has_spilt(line, dense_class(hash)) != 0) {
        line =
            section_at(bundle, SECTION_DENSE_LINES, dense_second(hash, lines));
        set = line_set(bundle, line, hash);
    }
    return set;
}

uint32_t dense_find(const struct cop_bundle *bundle, uint64_t hash)
{
    uint32_t lines = section_count(bundle, SECTION_DENSE_LINES);

    return lines != 0 ? find_among(bundle, hash, lines) : FORMAT_NONE;
}

/* The sets that a name inside a domain may have been left out with: the
 * domain's own, and those that lack some of its lists. */
static __attribute__((noinline)) void walk_inside(
    const struct cop_bundle *bundle, uint64_t hash, uint32_t outer, uint32_t i,
    dense_fn *found, void *context)
{
    const struct format_dense_set *set =
        section_at(bundle, SECTION_DENSE_SETS, outer);
    uint32_t below = set->below;

    if (inside_has(bundle, inside_key(hash, outer))) {
        found(context, outer, i);
    }
    while (below != 0) {
        uint32_t inner = (uint32_t)__builtin_ctz(below);

        if (inside_has(bundle, inside_key(hash, inner))) {
            found(context, inner, i);
        }
        below &= below - 1;
    }
}

void dense_walk(const struct cop_bundle *bundle, const uint64_t *hash,
    uint32_t first, uint32_t n, dense_fn *found, void *context)
{
    uint32_t lines = section_count(bundle, SECTION_DENSE_LINES);
    uint32_t outer = FORMAT_NONE;

    for (uint32_t i = lines != 0 ? n : first; i > first; i--) {
        uint32_t set = find_among(bundle, hash[i - 1], lines);

        if (set != FORMAT_NONE) {
            outer = set;
            found(context, set, i - 1);
        } else if (outer != FORMAT_NONE) {
            walk_inside(bundle, hash[i - 1], outer, i - 1, found, context);
        }
    }
}

/* What a line's place holds, as a number by which keys of a line ascend; 0 of
 * a free place. */
static uint64_t place_key(const struct format_dense_line *line, unsigned place)
{
    return (uint64_t)line->tag[place] << 34 | (uint64_t)line->rest[place] << 2 |
           dense_more(line, place);
}

/* Whether the record of the side table that a place leads to has its key. */
static bool side_is_of(const struct cop_bundle *bundle,
    const struct format_dense_line *line, unsigned place)
{
    uint32_t index = line->rest[place] >> 4;
    const struct format_dense_side *row =
        section_at(bundle, SECTION_DENSE_SIDE, index);

    return index < section_count(bundle, SECTION_DENSE_SIDE) &&
           dense_tag(row->hash) == line->tag[place] &&
           dense_last(row->hash) == dense_more(line, place);
}

const char *audit_dense_line(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_dense_line *line =
        section_at(bundle, SECTION_DENSE_LINES, index);
    uint32_t sets = section_count(bundle, SECTION_DENSE_SETS);
    uint64_t before = 0;
    bool is_end = false;

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        uint32_t code = line->rest[i] & 15;
        uint64_t key = place_key(line, i);

        if (code == 0 && key != 0) {
            return "has something where the format has zeros";
        }
        if (code == DENSE_SIDE_CODE ? !side_is_of(bundle, line, i)
                                    : code > sets) {
            return "has a domain in a set of lists that is not there";
        }
        if (code != 0 && (is_end || key < before)) {
            return "has domains that are not in their order";
        }
        is_end = code == 0;
        before = key;
    }
    return NULL;
}

const char *audit_dense_side(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_dense_side *row =
        section_at(bundle, SECTION_DENSE_SIDE, index);

    if (index > 0) {
        const struct format_dense_side *before =
            section_at(bundle, SECTION_DENSE_SIDE, index - 1);

        if (before->hash >= row->hash) {
            return "does not follow the one before it";
        }
    }
    if (row->zero != 0) {
        return "has something where the format has zeros";
    }
    return row->set < section_count(bundle, SECTION_DENSE_SETS)
               ? NULL
               : "has a domain in a set of lists that is not there";
}

/* Whether all lists of one set are lists of another; both ascend. */
static bool set_is_within(const struct cop_bundle *bundle,
    const struct format_dense_set *a, const struct format_dense_set *b)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < a->n; i++) {
        const struct format_dense_list *wanted =
            section_at(bundle, SECTION_DENSE_LISTS, a->at + i);
        const struct format_dense_list *have;

        do {
            if (at == b->n) {
                return false;
            }
            have = section_at(bundle, SECTION_DENSE_LISTS, b->at + at++);
        } while (have->list < wanted->list);
        if (have->list != wanted->list) {
            return false;
        }
    }
    return true;
}

uint16_t dense_sets_below(const struct cop_bundle *bundle, uint32_t index)
{
    uint32_t n = section_count(bundle, SECTION_DENSE_SETS);
    const struct format_dense_set *set =
        section_at(bundle, SECTION_DENSE_SETS, index);
    unsigned below = 0;

    for (uint32_t i = 0; i < DENSE_INLINE_SETS && i < n; i++) {
        const struct format_dense_set *other =
            section_at(bundle, SECTION_DENSE_SETS, i);

        if (other->n < set->n && set_is_within(bundle, other, set)) {
            below |= 1U << i;
        }
    }
    return (uint16_t)below;
}

const char *audit_dense_set(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_dense_set *set =
        section_at(bundle, SECTION_DENSE_SETS, index);
    uint32_t before = 0;

    if (set->n == 0 || set->n > DENSE_SET_LISTS_MAX ||
        !section_holds(bundle, SECTION_DENSE_LISTS,
            (struct format_span){set->at, set->n})) {
        return "leads out of the lists of sets";
    }
    for (uint32_t i = 0; i < set->n; i++) {
        const struct format_dense_list *row =
            section_at(bundle, SECTION_DENSE_LISTS, set->at + i);

        if (i > 0 && row->list <= before) {
            return "has lists that are not in their order";
        }
        before = row->list;
    }
    return set->below == dense_sets_below(bundle, index)
               ? NULL
               : "is not above the sets that it says";
}

const char *audit_dense_inside(const struct cop_bundle *bundle, uint32_t index)
{
    /* Any content is sound; what may be wrong is how much there is. */
    return index > 0 ||
                   inside_is_size(section_count(bundle, SECTION_DENSE_INSIDE))
               ? NULL
               : "is of a length that no such filter has";
}

const char *audit_dense_list(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_dense_list *row =
        section_at(bundle, SECTION_DENSE_LISTS, index);

    return row->list < section_count(bundle, SECTION_LISTS) &&
                   row->file < section_count(bundle, SECTION_FILES)
               ? NULL
               : "belongs to a list or a file that is not there";
}
