#include "rules/decide/names.h"

#include <stdlib.h>

#include "cop/decide.h"

static int names_order(const void *a, const void *b)
{
    const struct names_row *x = a;
    const struct names_row *y = b;
    int order = cop_slice_cmp(x->text, y->text);

    return order != 0 ? order : (x->value > y->value) - (x->value < y->value);
}

void names_sort(struct names *names)
{
    if (names->n > 1) {
        qsort(names->rows, names->n, sizeof(names->rows[0]), names_order);
    }
}

const struct names_row *names_twice(const struct names *names)
{
    for (uint32_t i = 1; i < names->n; i++) {
        if (cop_slice_eq(names->rows[i - 1].text, names->rows[i].text)) {
            return &names->rows[i];
        }
    }
    return NULL;
}

uint32_t names_find(const struct names *names, struct cop_slice text)
{
    uint32_t low = 0;
    uint32_t high = names->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (cop_slice_cmp(names->rows[middle].text, text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < names->n && cop_slice_eq(names->rows[low].text, text)
               ? names->rows[low].value
               : COP_NONE;
}
