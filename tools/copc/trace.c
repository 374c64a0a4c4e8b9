#include "tools/copc/trace.h"

#include <stdio.h>
#include <string.h>

#include "cop/evidence.h"

static bool origin_find(const struct setting *setting,
    const struct cop_rule *rule, struct cop_origin *out)
{
    const struct cop_bundle *bundle =
        cop_policy_bundle(setting->policy, rule->bundle);
    uint32_t n = cop_bundle_origins(bundle);

    for (uint32_t i = 0; i < n; i++) {
        cop_bundle_origin(bundle, i, out);
        if (cop_slice_eq(out->name, rule->list)) {
            return true;
        }
    }
    return false;
}

/* A text of anybody's, for people: nothing that a terminal would obey. */
static void text_keep(struct cop_slice text, char out[TRACE_TEXT_MAX + 4])
{
    bool is_cut = text.n > TRACE_TEXT_MAX;
    size_t n = is_cut ? (size_t)TRACE_TEXT_MAX : text.n;

    while (is_cut && n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80) {
        n--; /* not through the middle of a character */
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        out[i] = (char)((c < ' ' && c != '\t') || c == 0x7F ? '?' : c);
    }
    memcpy(out + n, is_cut ? "..." : "", is_cut ? 4 : 1);
}

static void keep(void *context, const struct cop_trace_line *line)
{
    struct trace *trace = context;

    if (trace->n < COP_TRACE_LINES_MAX) {
        struct trace_line *kept = &trace->lines[trace->n++];

        snprintf(kept->file, sizeof kept->file, "%s", line->file);
        text_keep(line->text, kept->text);
        kept->line = line->line;
    }
}

enum copc_exit trace_find(const struct options *options,
    const struct setting *setting, const struct cop_rule *rule,
    struct trace *out)
{
    static const uint8_t none[32];
    struct cop_origin origin;
    struct findings findings;
    enum cop_status status;

    out->n = 0;
    out->is_verified = false;
    if (rule->bundle == COP_NONE || !origin_find(setting, rule, &origin)) {
        return COPC_DONE;
    }
    if (!findings_init(&findings, false)) {
        return COPC_BUG;
    }
    const struct cop_trace asked = {
        .paths = options->sources.p,
        .paths_n = options->sources.n,
        .rule = rule,
        .origin = &origin,
        .found = keep,
        .context = out,
    };

    status = cop_trace(&asked, &findings.report);
    findings_fini(&findings);
    out->is_verified =
        status == COP_OK && memcmp(origin.digest, none, sizeof none) != 0;
    if (status == COP_OK) {
        return COPC_DONE;
    }
    return status == COP_E_NOMEM ? COPC_BUG : COPC_DATA;
}
