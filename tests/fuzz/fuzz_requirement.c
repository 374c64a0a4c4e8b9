/* Any bytes as a document of every kind, and as a policy file: nothing but
 * findings may come of it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "rules/read/documents.h"
#include "rules/read/policyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A finding must be printable: its words end, its place is in the file. */
static void keep(void *context, const struct cop_finding *finding)
{
    if (finding->what == NULL || finding->code == NULL ||
        strlen(finding->what) > 1023 ||
        finding->line > *(const size_t *)context + 1) {
        abort();
    }
}

static void read_both(struct arena *arena, struct cop_slice text)
{
    struct cop_report report = {.emit = keep, .context = &text.n};
    struct document document = {
        .path = COP_LIT("x/d.yaml"), .name = COP_LIT("d.yaml")};
    struct facts facts = {.documents = 0};
    struct fact_policy policy;
    uint32_t errors;

    yaml_init(&document.yaml, "x/d.yaml", arena, &report);
    if (document_read(&document, text, &facts) == COP_OK &&
        report.errors != 0) {
        abort();
    }
    errors = report.errors;
    yaml_init(&document.yaml, "x/d.yaml", arena, &report);
    if (policyfile_read(&document, text, &policy) == COP_OK &&
        report.errors != errors) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena arena;

    arena_init(&arena, 64 << 20);
    read_both(&arena, (struct cop_slice){(const char *)data, n});
    arena_fini(&arena);
    return 0;
}
