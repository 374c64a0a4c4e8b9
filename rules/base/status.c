#include "cop/status.h"

#include <stddef.h>

struct row {
    enum cop_status status;
    enum cop_family family;
    const char *name;
    const char *text;
};

static const struct row rows[] = {
#define COP_STATUS(symbol, value, family, text)                                \
    {symbol, COP_FAMILY_##family, #symbol, text},
#include "cop/status.tbl"
};

/* An unknown value is an internal error, COP_E_BUG, the table's last row. */
static const struct row *row_find(enum cop_status status)
{
    const size_t n = sizeof(rows) / sizeof(rows[0]);

    for (size_t i = 0; i < n; i++) {
        if (rows[i].status == status) {
            return &rows[i];
        }
    }
    return &rows[n - 1];
}

const char *cop_status_text(enum cop_status status)
{
    return row_find(status)->text;
}

const char *cop_status_name(enum cop_status status)
{
    return row_find(status)->name;
}

enum cop_family cop_status_family(enum cop_status status)
{
    return row_find(status)->family;
}
