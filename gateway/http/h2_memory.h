/* Memory of one session's libnghttp2: counted, with a ceiling, and all of it
 * known, so that it can be given back without libnghttp2. */
#ifndef GATEWAY_HTTP_H2_MEMORY_H
#define GATEWAY_HTTP_H2_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include <nghttp2/nghttp2.h>

struct h2_block;
struct h2_memory {
    struct h2_block *blocks;
    size_t bytes;
    size_t max_bytes;
    bool failed; /* an allocation did; sticky */
};

void h2_memory_init(struct h2_memory *memory, size_t max_bytes);
/* Everything back, whoever holds it. */
void h2_memory_fini(struct h2_memory *memory);
/* What libnghttp2 takes; `memory` must outlive its session. */
nghttp2_mem h2_memory_functions(struct h2_memory *memory);

#endif
