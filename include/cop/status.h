/* Outcomes of everything in libcop that can fail. */
#ifndef COP_STATUS_H
#define COP_STATUS_H

#if defined(__GNUC__)
#define COP_API __attribute__((visibility("default")))
#define COP_MUST_USE __attribute__((warn_unused_result))
#else
#define COP_API
#define COP_MUST_USE
#endif

enum cop_status {
#define COP_STATUS(symbol, value, family, text) symbol = (value),
#include "cop/status.tbl"
};

/* Whose fault an outcome is; callers switch on this, logs show the status. */
enum cop_family {
    COP_FAMILY_DONE,
    COP_FAMILY_NOTYET,
    COP_FAMILY_DATA,
    COP_FAMILY_RESOURCE,
    COP_FAMILY_BUG
};

/* The sentence for an outcome, static, never NULL, in English. */
COP_API const char *cop_status_text(enum cop_status status);

/* The symbol of an outcome ("COP_E_DIGEST"), static, never NULL. */
COP_API const char *cop_status_name(enum cop_status status);

/* The family of an outcome; an unknown value is a BUG. */
COP_API enum cop_family cop_status_family(enum cop_status status);

#endif
