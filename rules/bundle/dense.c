#include "rules/bundle/dense.h"

#include "rules/bundle/audit.h"
#include "rules/bundle/dense_line.h"

void dense_prefetch(const struct cop_bundle *bundle, uint64_t hash)
{
    uint32_t lines = section_count(bundle, SECTION_DENSE_LINES);

    if (lines != 0) {
        __builtin_prefetch(
            section_at(bundle, SECTION_DENSE_LINES, dense_home(hash, lines)));
    }
}

/* The code of a hash in a line, 0 when it is not there. */
static uint32_t line_code(const struct format_dense_line *line, uint64_t hash)
{
    uint16_t tag = dense_tag(hash);
    uint32_t rest = dense_rest(hash);

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        if (line->tag[i] == tag && line->rest[i] >> 4 == rest &&
            (line->rest[i] & 15) != 0) {
            return line->rest[i] & 15;
        }
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
