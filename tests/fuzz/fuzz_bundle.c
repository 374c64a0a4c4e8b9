/* Any bytes as a bundle with the right digest: refused, or fully used. */
#include <stdlib.h>
#include <string.h>

#include "cop/decide.h"
#include "rules/bundle/view.h"

static void ignore(void *context, const struct cop_step *step)
{
    (void)context;
    (void)step;
}

static void decide(struct cop_policy *policy)
{
    static struct cop_class class;
    static struct cop_url url;
    struct cop_matcher *matcher = NULL;
    struct cop_moment moment = {1700000000, 700};
    struct cop_verdict verdict;
    struct cop_rule rule;

    if (cop_url_parse(COP_LIT("http://www.shared.example/albums/7/mine?y=1"),
            &url) != COP_OK ||
        cop_matcher_new(&matcher) != COP_OK) {
        return;
    }
    cop_bundle_text(
        cop_policy_bundle(policy, 0), 0, COP_TEXT_NOTICE, NULL, 0, NULL);
    cop_classify_host(policy, &url.host, &class);
    cop_classify(policy, matcher, &url, &class);
    for (uint32_t i = 0; i <= cop_policy_profiles(policy); i++) {
        cop_evaluate(policy, &class, i, &moment, &verdict);
        cop_explain(policy, &class, i, &moment, ignore, NULL);
    }
    for (unsigned i = 0; i < class.n; i++) {
        cop_rule_describe(policy, &class.hits[i], &url.host, &rule);
    }
    cop_matcher_free(&matcher);
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned char *image = aligned_alloc(64, (n + 64) / 64 * 64);
    struct format_header *header = (void *)image;
    struct cop_bundle *bundle = NULL;
    struct cop_policy *policy = NULL;

    memcpy(image, data, n);
    if (n >= sizeof(*header) &&
        bundle_digest(image, n, header->digest) == COP_OK &&
        cop_bundle_open_memory(image, n, "b", NULL, &bundle) == COP_OK &&
        cop_policy_new(&bundle, 1, NULL, &policy) == COP_OK) {
        decide(policy);
    }
    cop_policy_free(&policy);
    cop_bundle_drop(&bundle);
    free(image);
    return 0;
}
