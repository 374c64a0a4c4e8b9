/* Categories: the taxonomy that every list and requirement speaks. */
#ifndef COP_CATEGORY_H
#define COP_CATEGORY_H

#include <stdbool.h>
#include <stdint.h>

#include "cop/slice.h"
#include "cop/status.h"

enum cop_category_class { COP_CLASS_L = 'L', COP_CLASS_C = 'C', COP_CLASS_P = 'P' };

/* Bits of the categories, 0 .. COP_CATEGORIES - 1, in order of their codes. */
enum cop_category {
#define COP_CATEGORY(symbol, code, id, class) COP_CAT_##symbol,
#include "cop/category.tbl"
    COP_CATEGORIES
};

/* A set of categories. Room for 128: those beyond the taxonomy are reserved
 * for a provider's own. */
struct cop_catset {
    uint64_t w[2];
};

static inline bool cop_catset_empty(struct cop_catset s)
{
    return (s.w[0] | s.w[1]) == 0;
}

static inline bool cop_catset_has(struct cop_catset s, unsigned category)
{
    return category < 128 && ((s.w[category >> 6] >> (category & 63)) & 1) != 0;
}

static inline void cop_catset_add(struct cop_catset *s, unsigned category)
{
    if (category < 128) {
        s->w[category >> 6] |= (uint64_t)1 << (category & 63);
    }
}

static inline struct cop_catset cop_catset_or(
    struct cop_catset a, struct cop_catset b)
{
    return (struct cop_catset){{a.w[0] | b.w[0], a.w[1] | b.w[1]}};
}

static inline struct cop_catset cop_catset_and(
    struct cop_catset a, struct cop_catset b)
{
    return (struct cop_catset){{a.w[0] & b.w[0], a.w[1] & b.w[1]}};
}

/* The members of a that are not in b. */
static inline struct cop_catset cop_catset_without(
    struct cop_catset a, struct cop_catset b)
{
    return (struct cop_catset){{a.w[0] & ~b.w[0], a.w[1] & ~b.w[1]}};
}

/* Find a category by its identifier ("gambling.real_money"), exactly.
 * Returns COP_OK and *out, or COP_E_NOTFOUND. */
COP_API COP_MUST_USE enum cop_status cop_category_find(
    struct cop_slice id, enum cop_category *out);

/* Find a category by its numeric code, as bundles store it. */
COP_API COP_MUST_USE enum cop_status cop_category_from_code(
    uint16_t code, enum cop_category *out);

/* Identifier, code and class of a category below COP_CATEGORIES. */
COP_API const char *cop_category_id(unsigned category);
COP_API uint16_t cop_category_code(unsigned category);
COP_API enum cop_category_class cop_category_class_of(unsigned category);

/* All categories of class P. */
COP_API struct cop_catset cop_category_protected(void);

#endif
