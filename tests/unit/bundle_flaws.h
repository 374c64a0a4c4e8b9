/* Spoiling bundles: where fields are in an image, and signing it again, as a
 * hostile publisher would. */
#ifndef TESTS_UNIT_BUNDLE_FLAWS_H
#define TESTS_UNIT_BUNDLE_FLAWS_H

#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/bundle/view.h"

/* Offset and size of a field, as two arguments. */
#define FIELD(record, field)                                                   \
    offsetof(struct format_##record, field),                                   \
        sizeof(((struct format_##record *)0)->field)
#define SPAN_AT(record, field) offsetof(struct format_##record, field), 4
#define SPAN_N(record, field) offsetof(struct format_##record, field) + 4, 4
#define TABLE(id, field)                                                       \
    sizeof(struct format_header) +                                             \
        (SECTION_##id - 1) * sizeof(struct format_section) +                   \
        offsetof(struct format_section, field),                                \
        sizeof(((struct format_section *)0)->field)

enum { FAR = 0x7ffffff0 };

static inline void sign(unsigned char *image, size_t n)
{
    assert_int_equal(
        bundle_digest(image, n, image + offsetof(struct format_header, digest)),
        COP_OK);
}

static inline unsigned char *record_at(
    unsigned char *image, enum section_id id, uint32_t row)
{
    const struct format_section *table =
        (const void *)(image + sizeof(struct format_header));

    assert_true(row < table[id - 1].count);
    return image + table[id - 1].offset + row * table[id - 1].record_bytes;
}

#endif
