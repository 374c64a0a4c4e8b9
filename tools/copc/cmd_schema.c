/* copc schema: JSON Schema for editors. */
#include "tools/copc/copc.h"
#include "tools/copc/findings.h"
#include "tools/copc/schema.h"

enum copc_exit copc_schema(const struct options *options)
{
    if (options->operands_n != 0) {
        options_complain(options, "it takes no operands");
        return COPC_USAGE;
    }
    return findings_print(schema_make()) ? COPC_DONE : COPC_IO;
}
