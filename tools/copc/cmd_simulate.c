/* copc simulate: what a policy would newly block or allow of what was asked
 * for before. The log is read once, in one pass, however long it is. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/copc/input.h"
#include "tools/copc/logline.h"
#include "tools/copc/moment.h"
#include "tools/copc/setting.h"
#include "tools/copc/tally.h"

enum { CACHE_SLOTS = 1 << 14, SAMPLES = 5, PROGRESS_EVERY = 1024 };

/* One policy and what asking it takes. */
struct side {
    struct setting setting;
    struct moment_clock clock;
    struct cop_cache *cache;
    struct cop_class class;
};

struct simulating {
    const struct options *options;
    struct findings *findings;
    struct side after;
    struct side before; /* with --against */
    struct input input;
    struct logline line;
    struct tally tally;
    uint64_t lines;
    uint64_t kinds[LOGLINE_BAD + 1];
    uint64_t nobody; /* decisions of which nobody knows for whom */
    uint64_t hosts;  /* decided by the host alone */
    uint64_t done;   /* bytes */
    uint64_t total;
    json_t *flaws; /* the first bad lines */
};

/* ---- asking ---- */

/* For whom a side decides this line; false when nobody knows. */
static bool find_profile(
    const struct simulating *simulating, const struct side *side, uint32_t *out)
{
    struct cop_slice name = simulating->line.profile;
    bool is_fixed = options_has(simulating->options, OPTION_PROFILE) ||
                    setting_says_subject(simulating->options) ||
                    !options_has(simulating->options, OPTION_POLICY);

    *out = side->setting.profile;
    if (!is_fixed && name.n != 0) {
        return cop_policy_profile(side->setting.policy, name, out) == COP_OK;
    }
    return *out != COP_NONE;
}

/* When, on the clock of the place that a side's policy is for. */
static struct cop_moment find_moment(
    const struct simulating *simulating, struct side *side)
{
    struct cop_moment moment = side->setting.moment;

    if (simulating->line.has_time &&
        !options_has(simulating->options, OPTION_AT)) {
        moment_on(&side->clock, simulating->line.unix_time, &moment);
    }
    return moment;
}

/* What a side decides; false when nobody knows for whom. */
static bool decide(
    struct simulating *simulating, struct side *side, struct decided *out)
{
    const struct logline *line = &simulating->line;
    const struct cop_policy *policy = side->setting.policy;
    struct cop_moment moment = find_moment(simulating, side);
    struct cop_verdict verdict;
    uint32_t profile;

    if (!find_profile(simulating, side, &profile)) {
        return false;
    }
    if (line->is_host) {
        cop_classify_host(policy, &line->url.host, &side->class);
    } else {
        cop_cache_classify(side->cache, policy, side->setting.matcher,
            &line->url, &side->class);
    }
    cop_evaluate(policy, &side->class, profile, &moment, &verdict);
    *out = tally_decided(policy, &verdict);
    return true;
}

static const char *who(const struct simulating *simulating, char room[160])
{
    struct cop_slice name = simulating->line.profile;

    if (simulating->after.setting.profile != COP_NONE || name.n == 0) {
        return simulating->after.setting.who;
    }
    snprintf(room, 160, "profile %.*s", (int)name.n, name.p);
    return room;
}

static void replay(struct simulating *simulating)
{
    struct decided before = simulating->line.decided;
    struct decided after;
    char room[160];

    if (!decide(simulating, &simulating->after, &after) ||
        (simulating->before.setting.policy != NULL &&
            !decide(simulating, &simulating->before, &before))) {
        simulating->nobody++;
        return;
    }
    simulating->hosts +=
        simulating->line.is_host || simulating->line.is_without_path;
    tally_count(&simulating->tally, tally_change(&before, &after));
    tally_add(&simulating->tally, simulating->line.shown, who(simulating, room),
        &before, &after);
}

/* ---- reading ---- */

static void keep_flaw(struct simulating *simulating, const char *flaw)
{
    simulating->kinds[LOGLINE_BAD]++;
    if (json_array_size(simulating->flaws) < SAMPLES) {
        (void)json_array_append_new(simulating->flaws,
            json_pack("{s:I, s:s}", "line", (json_int_t)simulating->lines,
                "what", flaw));
    }
}

static void read_line(struct simulating *simulating, struct cop_slice text)
{
    enum logline_kind kind = logline_read(&simulating->line, text);

    if (kind == LOGLINE_BAD) {
        keep_flaw(simulating, simulating->line.flaw);
        return;
    }
    simulating->kinds[kind]++;
    if (kind == LOGLINE_ADDRESS || kind == LOGLINE_DECISION) {
        replay(simulating);
    }
}

static void show_progress(struct simulating *simulating, size_t n)
{
    simulating->done += n + 1;
    if (simulating->lines++ % PROGRESS_EVERY == 0) {
        term_progress_step(&simulating->findings->progress, "replaying",
            simulating->done, simulating->total);
    }
}

static enum copc_exit read_lines(struct simulating *simulating)
{
    for (;;) {
        struct cop_slice line = {NULL, 0};

        switch (input_next(&simulating->input, &line)) {
        case INPUT_LINE:
            show_progress(simulating, line.n);
            read_line(simulating, line);
            break;
        case INPUT_TOO_LONG:
            show_progress(simulating, line.n);
            keep_flaw(simulating, "is longer than any line may be");
            break;
        case INPUT_END:
            return COPC_DONE;
        case INPUT_FAILED:
            fprintf(stderr, "copc: cannot read %s: %s\n",
                simulating->options->value[OPTION_LOG], strerror(errno));
            return COPC_IO;
        }
    }
}

static enum copc_exit read_log(struct simulating *simulating)
{
    const char *path = simulating->options->value[OPTION_LOG];
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum copc_exit ended = COPC_BUG;
    struct stat found;

    if (fd < 0) {
        fprintf(stderr, "copc: cannot read %s: %s\n", path, strerror(errno));
        return COPC_DATA;
    }
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
        simulating->total = (uint64_t)found.st_size;
    }
    if (input_init(&simulating->input, fd, NULL, NULL)) {
        ended = read_lines(simulating);
    }
    term_progress_end(&simulating->findings->progress);
    input_fini(&simulating->input);
    logline_fini(&simulating->line);
    if (!is_stdin) {
        (void)close(fd);
    }
    return ended;
}

/* ---- telling ---- */

static const char *against_word(const struct simulating *simulating)
{
    if (simulating->before.setting.policy != NULL) {
        return "bundles";
    }
    return simulating->kinds[LOGLINE_DECISION] != 0 ||
                   simulating->kinds[LOGLINE_ADDRESS] == 0
               ? "log"
               : "nothing";
}

static json_t *told_json(const struct simulating *simulating)
{
    const uint64_t *kinds = simulating->kinds;

    return json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:O, s:o}", "schema",
        "copc/simulate/v1", "for", simulating->after.setting.who, "against",
        against_word(simulating), "lines", (json_int_t)simulating->lines,
        "hosts_alone", (json_int_t)simulating->hosts, "not_replayed",
        "withheld", (json_int_t)kinds[LOGLINE_WITHHELD], "other",
        (json_int_t)(kinds[LOGLINE_OTHER] + kinds[LOGLINE_EMPTY]), "nobody",
        (json_int_t)simulating->nobody, "bad", (json_int_t)kinds[LOGLINE_BAD],
        "bad_lines", simulating->flaws, "decisions",
        tally_json(&simulating->tally));
}

static void print_told(const struct simulating *simulating, const json_t *told)
{
    const uint64_t *kinds = simulating->kinds;

    printf("%" PRIu64 " lines, for %s, against %s\n", simulating->lines,
        simulating->after.setting.who,
        simulating->before.setting.policy != NULL      ? "the older policy"
        : strcmp(against_word(simulating), "log") == 0 ? "what the log says"
                                                       : "no policy at all");
    printf("not replayed: %" PRIu64 " whose place is withheld, %" PRIu64
           " of unknown people, %" PRIu64 " that are no decisions\n",
        kinds[LOGLINE_WITHHELD], simulating->nobody,
        kinds[LOGLINE_OTHER] + kinds[LOGLINE_EMPTY]);
    printf("known by the host alone, so that rules about paths said nothing: "
           "%" PRIu64 "\n",
        simulating->hosts);
    tally_print(stdout, json_object_get(told, "decisions"));
}

static void complain(const struct simulating *simulating)
{
    size_t i;
    json_t *flaw;

    if (simulating->kinds[LOGLINE_BAD] == 0) {
        return;
    }
    fprintf(stderr, "copc: lines that could not be read: %" PRIu64 "\n",
        simulating->kinds[LOGLINE_BAD]);
    json_array_foreach(simulating->flaws, i, flaw)
    {
        fprintf(stderr, "  line %" JSON_INTEGER_FORMAT " %s\n",
            json_integer_value(json_object_get(flaw, "line")),
            json_string_value(json_object_get(flaw, "what")));
    }
}

/* Bad lines make the answer incomplete, whatever it is. */
static enum copc_exit exit_of(const struct simulating *simulating)
{
    const uint64_t *changes = simulating->tally.changes;

    if (simulating->kinds[LOGLINE_BAD] != 0) {
        return COPC_DATA;
    }
    return options_has(simulating->options, OPTION_EXIT_CODE) &&
                   changes[TALLY_BLOCKED] + changes[TALLY_ALLOWED] != 0
               ? COPC_NO
               : COPC_DONE;
}

static enum copc_exit tell(const struct simulating *simulating)
{
    json_t *told = told_json(simulating);

    if (told == NULL) {
        fputs("copc: out of memory\n", stderr);
        return COPC_BUG;
    }
    complain(simulating);
    if (!options_has(simulating->options, OPTION_JSON)) {
        print_told(simulating, told);
        json_decref(told);
        return exit_of(simulating);
    }
    return findings_print(told) ? exit_of(simulating) : COPC_IO;
}

/* ---- the whole ---- */

static enum copc_exit side_open(struct side *side,
    const struct options *options, size_t bundles, struct findings *findings)
{
    enum copc_exit ended =
        setting_open(&side->setting, options, bundles, findings);

    side->clock.zone = setting_zone(&side->setting);
    if (ended == COPC_DONE &&
        cop_cache_new(CACHE_SLOTS, &side->cache) != COP_OK) {
        ended = COPC_BUG;
    }
    return ended;
}

static void side_close(struct side *side)
{
    cop_cache_free(&side->cache);
    setting_close(&side->setting);
}

/* The command line of the older side: its own bundles and policy file where
 * they are given, else those of the new one. False when there is no older side.
 */
static bool older_side(const struct options *options, struct options *out)
{
    *out = *options;
    if (options->against.n != 0) {
        out->operands = options->against.p;
        out->operands_n = options->against.n;
    }
    if (options_has(options, OPTION_AGAINST_POLICY)) {
        out->value[OPTION_POLICY] = options->value[OPTION_AGAINST_POLICY];
    }
    return options->against.n != 0 ||
           options_has(options, OPTION_AGAINST_POLICY);
}

static enum copc_exit run(struct simulating *simulating)
{
    struct options older;
    enum copc_exit ended = side_open(&simulating->after, simulating->options,
        simulating->options->operands_n, simulating->findings);

    if (ended == COPC_DONE && older_side(simulating->options, &older)) {
        ended = side_open(&simulating->before, &older, older.operands_n,
            simulating->findings);
    }
    if (ended == COPC_DONE) {
        ended = read_log(simulating);
    }
    return ended == COPC_DONE ? tell(simulating) : ended;
}

enum copc_exit copc_simulate(const struct options *options)
{
    struct findings findings;
    struct simulating *simulating = NULL;
    enum copc_exit ended = COPC_BUG;
    size_t examples;

    if (options->operands_n == 0) {
        options_complain(options, "name at least one bundle");
        return COPC_USAGE;
    }
    if (!options_has(options, OPTION_LOG)) {
        options_complain(options, "say with --log FILE what is replayed");
        return COPC_USAGE;
    }
    if (options_has(options, OPTION_AGAINST_POLICY) &&
        !options_has(options, OPTION_POLICY)) {
        options_complain(options, "--against-policy needs --policy beside it");
        return COPC_USAGE;
    }
    if (!tally_read_examples(options, &examples)) {
        return COPC_USAGE;
    }
    simulating = calloc(1, sizeof *simulating);
    if (simulating != NULL && findings_init(&findings, false)) {
        simulating->options = options;
        simulating->findings = &findings;
        simulating->flaws = json_array();
        if (simulating->flaws != NULL &&
            tally_init(&simulating->tally, examples)) {
            ended = run(simulating);
        }
        tally_fini(&simulating->tally);
        json_decref(simulating->flaws);
        side_close(&simulating->before);
        side_close(&simulating->after);
        findings_fini(&findings);
    }
    free(simulating);
    return ended;
}
