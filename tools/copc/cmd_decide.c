/* copc decide: many URLs, one line each, through the cache as in a worker. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/copc/input.h"
#include "tools/copc/setting.h"

enum { CACHE_SLOTS = 1 << 16, OUTPUT_BYTES = 1 << 20 };

struct deciding {
    const struct setting *setting;
    struct cop_cache *cache;
    struct input input;
    struct cop_url url;
    struct cop_class class;
    uint64_t errors;
};

static void write_slice(struct cop_slice text)
{
    (void)fwrite_unlocked(text.p, 1, text.n, stdout);
}

/* A rule's text may hold any bytes; those that would break the line do not go
 * out as they are. */
static void write_field(struct cop_slice text)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c >= 0x20 && c != 0x7f) {
            (void)putc_unlocked(c, stdout);
            continue;
        }
        (void)fputs_unlocked("\\x", stdout);
        (void)putc_unlocked(hex[c >> 4], stdout);
        (void)putc_unlocked(hex[c & 15], stdout);
    }
}

static void write_categories(struct cop_catset set)
{
    const char *between = "";

    if (cop_catset_empty(set)) {
        (void)putc_unlocked('-', stdout);
        return;
    }
    for (unsigned i = 0; i < COP_CATEGORIES; i++) {
        if (cop_catset_has(set, i)) {
            (void)fputs_unlocked(between, stdout);
            (void)fputs_unlocked(cop_category_id(i), stdout);
            between = ",";
        }
    }
}

static void write_requirement(
    const struct setting *setting, const struct cop_verdict *verdict)
{
    struct cop_requirement requirement;

    if (verdict->requirement == COP_NONE) {
        (void)putc_unlocked('-', stdout);
        return;
    }
    cop_bundle_requirement(cop_policy_bundle(setting->policy, verdict->bundle),
        verdict->requirement, &requirement);
    write_slice(requirement.id);
}

static void write_rule(const struct setting *setting,
    const struct cop_verdict *verdict, const struct cop_host *host)
{
    struct cop_rule rule;

    if (verdict->hit.specificity == 0) {
        (void)putc_unlocked('-', stdout);
        return;
    }
    cop_rule_describe(setting->policy, &verdict->hit, host, &rule);
    (void)fputs_unlocked(rule.kind, stdout);
    (void)putc_unlocked(':', stdout);
    write_field(rule.text);
}

static void decide_line(struct deciding *deciding, struct cop_slice line)
{
    const struct setting *setting = deciding->setting;
    struct cop_verdict verdict;

    if (cop_url_parse(line, &deciding->url) != COP_OK) {
        deciding->errors++;
        (void)fputs_unlocked("error\t-\t-\t-\n", stdout);
        return;
    }
    cop_cache_classify(deciding->cache, setting->policy, setting->matcher,
        &deciding->url, &deciding->class);
    setting_add_address(setting, &deciding->class);
    cop_evaluate(setting->policy, &deciding->class, setting->profile,
        &setting->moment, &verdict);
    (void)fputs_unlocked(cop_action_word(verdict.action), stdout);
    (void)putc_unlocked('\t', stdout);
    write_categories(deciding->class.categories);
    (void)putc_unlocked('\t', stdout);
    write_requirement(setting, &verdict);
    (void)putc_unlocked('\t', stdout);
    write_rule(setting, &verdict, &deciding->url.host);
    (void)putc_unlocked('\n', stdout);
}

/* Whoever waits for our answer gets it before we wait for the next line. */
static void flush_answers(void *context)
{
    (void)context;
    (void)fflush(stdout);
}

static enum copc_exit decide_lines(struct deciding *deciding)
{
    for (;;) {
        struct cop_slice line = {NULL, 0};

        switch (input_next(&deciding->input, &line)) {
        case INPUT_LINE:
            decide_line(deciding, line);
            break;
        case INPUT_TOO_LONG:
            decide_line(deciding, (struct cop_slice){NULL, 0});
            break;
        case INPUT_END:
            return deciding->errors == 0 ? COPC_DONE : COPC_DATA;
        case INPUT_FAILED:
            fprintf(stderr, "copc: cannot read standard input: %s\n",
                strerror(errno));
            return COPC_IO;
        }
    }
}

static void say_stats(const struct deciding *deciding)
{
    struct cop_cache_counts counts;

    cop_cache_counts(deciding->cache, &counts);
    fprintf(stderr,
        "cache: %" PRIu64 " hits, %" PRIu64 " misses, %" PRIu64
        " too large to keep\n",
        counts.hits, counts.misses, counts.uncached);
}

static enum copc_exit run(
    const struct options *options, struct deciding *deciding)
{
    enum copc_exit ended = COPC_BUG;

    if (input_init(&deciding->input, STDIN_FILENO, flush_answers, NULL) &&
        cop_cache_new(CACHE_SLOTS, &deciding->cache) == COP_OK) {
        ended = decide_lines(deciding);
    }
    if (deciding->errors != 0) {
        fprintf(stderr, "copc: %" PRIu64 " %s no URL\n", deciding->errors,
            deciding->errors == 1 ? "line is" : "lines are");
    }
    if (deciding->cache != NULL && options_has(options, OPTION_STATS)) {
        say_stats(deciding);
    }
    cop_cache_free(&deciding->cache);
    input_fini(&deciding->input);
    return ended;
}

enum copc_exit copc_decide(const struct options *options)
{
    struct findings findings;
    struct setting setting = {0};
    struct deciding *deciding = NULL;
    enum copc_exit ended = COPC_BUG;

    if (options->operands_n == 0) {
        options_complain(options, "name at least one bundle");
        return COPC_USAGE;
    }
    (void)setvbuf(stdout, NULL, _IOFBF, OUTPUT_BYTES);
    deciding = calloc(1, sizeof *deciding);
    if (deciding != NULL && findings_init(&findings, false)) {
        deciding->setting = &setting;
        ended = setting_open(&setting, options, options->operands_n, &findings);
        findings_fini(&findings);
    }
    if (ended == COPC_DONE) {
        ended = run(options, deciding);
    }
    setting_close(&setting);
    free(deciding);
    return ended;
}
