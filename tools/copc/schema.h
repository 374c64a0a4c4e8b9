/* JSON Schema of the documents, asked of the readers themselves. */
#ifndef TOOLS_COPC_SCHEMA_H
#define TOOLS_COPC_SCHEMA_H

#include <jansson.h>

/* One schema (draft 2020-12) of every kind of document, a new reference, or
 * NULL when memory ran out. */
json_t *schema_make(void);

#endif
