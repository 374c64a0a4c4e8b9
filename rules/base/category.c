#include "cop/category.h"

struct row {
    struct cop_slice id;
    uint16_t code;
    enum cop_category_class class;
};

static const struct row rows[COP_CATEGORIES] = {
#define COP_CATEGORY(symbol, code, id, class)                                  \
    [COP_CAT_##symbol] = {{id, sizeof(id) - 1}, code, COP_CLASS_##class},
#include "cop/category.tbl"
};

_Static_assert(COP_CATEGORIES <= 128, "a cop_catset has room for 128");

enum cop_status cop_category_find(struct cop_slice id, enum cop_category *out)
{
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (cop_slice_eq(rows[i].id, id)) {
            *out = (enum cop_category)i;
            return COP_OK;
        }
    }
    return COP_E_NOTFOUND;
}

enum cop_status cop_category_from_code(uint16_t code, enum cop_category *out)
{
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (rows[i].code == code) {
            *out = (enum cop_category)i;
            return COP_OK;
        }
    }
    return COP_E_NOTFOUND;
}

/* A number beyond the taxonomy comes from a provider's own categories, which
 * have no names here. */
const char *cop_category_id(unsigned category)
{
    return category < COP_CATEGORIES ? rows[category].id.p : "unknown";
}

uint16_t cop_category_code(unsigned category)
{
    return category < COP_CATEGORIES ? rows[category].code : 0;
}

enum cop_category_class cop_category_class_of(unsigned category)
{
    return category < COP_CATEGORIES ? rows[category].class : COP_CLASS_C;
}

struct cop_catset cop_category_protected(void)
{
    struct cop_catset set = {{0, 0}};

    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (rows[i].class == COP_CLASS_P) {
            cop_catset_add(&set, i);
        }
    }
    return set;
}
