#include "rules/bundle/dense.h"

#include <string.h>

#include "rules/bundle/audit.h"
#include "rules/bundle/dense_line.h"

/* The high bit of each 16-bit lane of `word` that equals `tag`. */
static inline uint64_t lanes_equal(uint64_t word, uint16_t tag)
{
    const uint64_t low_bits = UINT64_C(0x7fff7fff7fff7fff);
    uint64_t differ = word ^ tag * UINT64_C(0x0001000100010001);

    return ~(((differ & low_bits) + low_bits) | differ | low_bits);
}

/* Places of a line whose tag is this one: a bit each, all tags at once. */
static inline uint32_t line_tagged(
    const struct format_dense_line *line, uint16_t tag)
{
    /* Gathers the lanes' bits into the low four: lane i's to bit i. */
    const uint64_t gather = UINT64_C(0x0001000200040008);
    uint64_t words[3] = {0, 0, 0};
    uint32_t places = 0;

    memcpy(words, line->tag, sizeof(line->tag));
    for (unsigned i = 0; i < 3; i++) {
        uint64_t bits = lanes_equal(words[i], tag) >> 15;

        places |= (uint32_t)((bits * gather) >> 48 & 15) << (4 * i);
    }
    return places & ((1U << FORMAT_DENSE_SLOTS) - 1);
}

/* The code of a hash in a line, 0 when it is not there. */
static uint32_t line_code(const struct format_dense_line *line, uint64_t hash)
{
    uint32_t places = line_tagged(line, dense_tag(hash));
    uint32_t rest = dense_rest(hash);

    while (places != 0) {
        uint32_t found = line->rest[__builtin_ctz(places)];

        if (found >> 4 == rest && (found & 15) != 0) {
            return found & 15;
        }
        places &= places - 1;
    }
    return 0;
}

static uint32_t side_find(const struct cop_bundle *bundle, uint64_t hash)
{
    uint32_t low = 0;
    uint32_t high = section_count(bundle, SECTION_DENSE_SIDE);

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct format_dense_side *row =
            section_at(bundle, SECTION_DENSE_SIDE, middle);

        if (row->hash == hash) {
            return row->set;
        }
        if (row->hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return FORMAT_NONE;
}

uint32_t dense_find(const struct cop_bundle *bundle, uint64_t hash)
{
    uint32_t lines = section_count(bundle, SECTION_DENSE_LINES);

    if (lines == 0) {
        return FORMAT_NONE;
    }
    uint32_t home = dense_home(hash, lines);
    const struct format_dense_line *line =
        section_at(bundle, SECTION_DENSE_LINES, home);
    uint32_t code = line_code(line, hash);

    if (code == 0) {
        if ((line->spill & dense_spill_bit(hash)) == 0) {
            return FORMAT_NONE;
        }
        line =
            section_at(bundle, SECTION_DENSE_LINES, dense_second(hash, lines));
        code = line_code(line, hash);
    }
    if (code == 0) {
        return FORMAT_NONE;
    }
    return code == DENSE_SIDE_CODE ? side_find(bundle, hash) : code - 1;
}

const char *audit_dense_line(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_dense_line *line =
        section_at(bundle, SECTION_DENSE_LINES, index);
    uint32_t sets = section_count(bundle, SECTION_DENSE_SETS);

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        uint32_t code = line->rest[i] & 15;

        if (code == 0 && (line->tag[i] != 0 || line->rest[i] != 0)) {
            return "has something where the format has zeros";
        }
        if (code != DENSE_SIDE_CODE && code > sets) {
            return "has a domain in a set of lists that is not there";
        }
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

const char *audit_dense_set(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_span *set =
        section_at(bundle, SECTION_DENSE_SETS, index);

    return set->n != 0 && section_holds(bundle, SECTION_DENSE_LISTS, *set)
               ? NULL
               : "leads out of the lists of sets";
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
