/* copc info: what a bundle says of itself. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/copc/copc.h"
#include "tools/copc/findings.h"
#include "tools/copc/inside.h"

enum { AGES_BYTES = 32, AGE_ANY = 120 };

/* An interval as people say it; one that reaches 120 has no end. */
static void ages_print(const struct cop_requirement *r, char out[AGES_BYTES])
{
    if (r->age_max < AGE_ANY) {
        snprintf(out, AGES_BYTES, "ages %u to %u", r->age_min, r->age_max - 1U);
    } else if (r->age_min != 0) {
        snprintf(out, AGES_BYTES, "from age %u", r->age_min);
    } else {
        snprintf(out, AGES_BYTES, "every age");
    }
}

static void print_requirements(const struct cop_bundle *bundle)
{
    struct cop_bundle_info info;

    cop_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.requirements; i++) {
        struct cop_requirement r;
        struct cop_slice title;
        char ages[AGES_BYTES];

        cop_bundle_requirement(bundle, i, &r);
        title = cop_bundle_text(bundle, i, COP_TEXT_TITLE, NULL, 0, NULL);
        ages_print(&r, ages);
        printf("\n%s%.*s%s\n  %.*s\n  %s, %s%s, %.*s\n",
            term_style(stdout, TERM_STRONG), (int)r.id.n, r.id.p,
            term_style(stdout, TERM_PLAIN), (int)title.n, title.p,
            cop_strength_word(r.strength), ages,
            r.is_in_force ? "" : ", not in force", (int)r.authority.n,
            r.authority.p);
    }
}

enum copc_exit copc_info(const struct options *options)
{
    struct findings findings;
    struct cop_bundle *bundle = NULL;
    bool is_json = options_has(options, OPTION_JSON);
    enum cop_status status;

    if (options->operands_n != 1) {
        options_complain(options, "name one bundle");
        return COPC_USAGE;
    }
    if (!findings_init(&findings, false)) {
        return COPC_BUG;
    }
    status = cop_bundle_open(options->operands[0], &findings.report, &bundle);
    findings_fini(&findings);
    if (status != COP_OK) {
        return status == COP_E_NOMEM ? COPC_BUG : COPC_DATA;
    }
    if (!is_json) {
        inside_print(stdout, bundle);
        print_requirements(bundle);
    } else if (!findings_print(inside_json(bundle))) {
        cop_bundle_drop(&bundle);
        return COPC_IO;
    }
    cop_bundle_drop(&bundle);
    return COPC_DONE;
}
