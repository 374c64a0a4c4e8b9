/* A line as a rule in Adblock syntax: what the reader lets through, the writer
 * takes, the audit passes, and the decision can use. */
#include <stdlib.h>

#include "cop/decide.h"
#include "rules/bundle/tables.h"
#include "rules/read/adblock.h"

static void decide(const struct cop_policy *policy)
{
    static struct cop_class class;
    static struct cop_url url;
    struct cop_matcher *matcher = NULL;
    struct cop_facts facts = {.resource = COP_RESOURCE_SCRIPT};

    if (cop_url_parse(COP_LIT("https://ads.test/ads/a?b=C"), &url) == COP_OK &&
        cop_matcher_new(&matcher) == COP_OK) {
        cop_classify_request(policy, matcher, &url, &facts, &class);
        cop_classify_host(policy, &url.host, &class);
    }
    cop_matcher_free(&matcher);
}

static void compile(struct cop_slice packed)
{
    const struct cop_slice file = COP_LIT("f");
    const struct tables_list list = {.name = COP_LIT("l"), .owner = COP_NONE};
    const struct tables_entry entry = {.text = packed, .object = ENTRY_ADBLOCK};
    struct cop_tables tables = {.files = &file, .lists = &list};
    struct cop_image image = {NULL, 0};
    struct cop_bundle *bundle = NULL;
    struct cop_policy *policy = NULL;

    tables.entries = &entry;
    tables.files_n = tables.lists_n = tables.entries_n = 1;
    if (bundle_write(&tables, &image) != COP_OK ||
        cop_bundle_open_memory(image.bytes, image.n, "b", NULL, &bundle) !=
            COP_OK ||
        cop_policy_new(&bundle, 1, NULL, &policy) != COP_OK) {
        abort();
    }
    decide(policy);
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    cop_image_free(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct adblock line;
    enum adblock_kind kind;

    adblock_init(&line);
    if (adblock_read(&line, (struct cop_slice){(const char *)data, n}, &kind) ==
            COP_OK &&
        kind == ADBLOCK_RULE) {
        compile(buf_slice(&line.packed));
    }
    adblock_fini(&line);
    return 0;
}
