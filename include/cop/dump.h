/* The readable form of a bundle: every record of every section, in words.
 * For people who must know what a file holds without this program's word for
 * what it means; what a bundle decides is asked elsewhere (decide.h). */
#ifndef COP_DUMP_H
#define COP_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/bundle.h"
#include "cop/slice.h"

enum { COP_DUMP_FIELDS_MAX = 24 };

enum cop_dump_kind {
    COP_DUMP_NUMBER,
    COP_DUMP_TEXT, /* from the file: any bytes may be in it */
    COP_DUMP_HASH, /* `number`, better shown in hexadecimal */
    COP_DUMP_TIME  /* `number` is a time in Unix seconds */
};

/* A field of a record. What leads to another record is that record's name
 * where it has one. */
struct cop_dump_field {
    const char *name;
    enum cop_dump_kind kind;
    int64_t number;
    struct cop_slice text; /* for the call */
};

/* Takes one record; false ends the dump. */
typedef bool cop_dump_fn(void *context, const char *section, uint32_t index,
    const struct cop_dump_field *fields, size_t n);

struct cop_dump_section {
    const char *name;      /* "rules"; static */
    uint32_t record_bytes; /* 1 of bare text, which has no records to show: it
                              is shown where it is used */
    uint32_t count;
    uint64_t offset; /* in the file */
    uint64_t bytes;
};

/* How many sections a bundle has, in the order of the file. */
COP_API uint32_t cop_dump_sections(void);
COP_API void cop_dump_section(const struct cop_bundle *bundle, uint32_t section,
    struct cop_dump_section *out);

/* Hand out every record of a section, in order, one at a time: the dump of a
 * bundle of any size needs no memory of that size.
 * Returns false when `fn` did. */
COP_API bool cop_dump_records(const struct cop_bundle *bundle,
    uint32_t section, cop_dump_fn *fn, void *context);

#endif
