/* copc diff: what two bundles, or sources of bundles, decide differently. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/copc/diff.h"
#include "tools/copc/input.h"
#include "tools/copc/inside.h"

struct diffing {
    const struct options *options;
    struct material sides[2];
    struct samples samples;
    struct tally tally;
    bool is_asked; /* there was something to ask about */
    bool is_whole; /* nothing that the lists say was left out */
    struct diff_unread unread;
};

/* ---- what to ask about ---- */

static enum copc_exit read_lines(struct samples *samples, int fd)
{
    struct input input;
    enum copc_exit ended = COPC_DONE;
    bool is_over = !input_init(&input, fd, NULL, NULL);

    samples->has_failed = is_over;
    while (!is_over) {
        struct cop_slice line = {NULL, 0};

        switch (input_next(&input, &line)) {
        case INPUT_LINE:
            samples_add(samples, line);
            break;
        case INPUT_TOO_LONG:
            samples->too_long++;
            break;
        case INPUT_FAILED:
            fprintf(stderr, "copc: cannot read --urls: %s\n", strerror(errno));
            ended = COPC_IO;
            is_over = true;
            break;
        case INPUT_END:
            is_over = true;
        }
    }
    input_fini(&input);
    return ended;
}

static enum copc_exit add_urls(struct diffing *diffing)
{
    const char *path = diffing->options->value[OPTION_URLS];
    enum copc_exit ended;
    int fd;

    if (path == NULL) {
        return COPC_DONE;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "copc: cannot read %s: %s\n", path, strerror(errno));
        return COPC_DATA;
    }
    ended = read_lines(&diffing->samples, fd);
    (void)close(fd);
    return ended;
}

static enum copc_exit open_sides(
    struct diffing *diffing, struct findings *findings)
{
    enum copc_exit ended = COPC_DONE;

    for (size_t i = 0; i < 2 && ended == COPC_DONE; i++) {
        ended = material_open(&diffing->sides[i], diffing->options,
            &diffing->options->operands[i], 1, findings, &diffing->samples);
        if (ended == COPC_DONE && !samples_seal(&diffing->samples)) {
            fputs("copc: out of memory\n", stderr);
            ended = COPC_BUG;
        }
    }
    diffing->is_whole = diffing->sides[0].is_compiled &&
                        diffing->sides[1].is_compiled &&
                        diffing->samples.patterns == 0;
    return ended == COPC_DONE ? add_urls(diffing) : ended;
}

static enum copc_exit ask(struct diffing *diffing, struct findings *findings)
{
    struct cop_bundle *const sides[2] = {
        diffing->sides[0].bundle, diffing->sides[1].bundle};

    if (!samples_seal(&diffing->samples)) {
        fputs("copc: out of memory\n", stderr);
        return COPC_BUG;
    }
    diffing->is_asked = options_has(diffing->options, OPTION_URLS) ||
                        diffing->sides[0].is_compiled ||
                        diffing->sides[1].is_compiled;
    if (!diffing->is_asked) {
        return COPC_DONE;
    }
    return diff_decisions(diffing->options, sides, &diffing->samples, findings,
        &diffing->tally, &diffing->unread);
}

/* ---- telling ---- */

static bool same_bytes(const struct diffing *diffing)
{
    struct cop_bundle_info before;
    struct cop_bundle_info after;

    cop_bundle_info(diffing->sides[0].bundle, &before);
    cop_bundle_info(diffing->sides[1].bundle, &after);
    return memcmp(before.digest, after.digest, sizeof before.digest) == 0;
}

/* Two bundles differ when something was found, and also when their bytes do and
 * not everything could be asked: silence must never pass for sameness. */
static bool do_differ(const struct diffing *diffing, json_t *statements)
{
    const uint64_t *changes = diffing->tally.changes;

    if (diff_count(statements) != 0 || changes[TALLY_BLOCKED] +
                                               changes[TALLY_ALLOWED] +
                                               changes[TALLY_OTHER] !=
                                           0) {
        return true;
    }
    return !same_bytes(diffing) && !diffing->is_whole;
}

static json_t *side_json(const struct material *side)
{
    json_t *object = inside_json(side->bundle);

    (void)json_object_del(object, "requirements");
    if (object != NULL) {
        (void)json_object_set_new(
            object, "from_sources", json_boolean(side->is_compiled));
    }
    return object;
}

/* Lines of --urls that are no address. */
static uint64_t unread(const struct diffing *diffing)
{
    return diffing->unread.n + diffing->samples.too_long;
}

static json_t *told_json(
    const struct diffing *diffing, json_t *statements, bool differ)
{
    return json_pack("{s:s, s:b, s:o, s:o, s:O, s:o, s:b, s:I, s:I}", "schema",
        "copc/diff/v1", "differ", differ, "before",
        side_json(&diffing->sides[0]), "after", side_json(&diffing->sides[1]),
        "statements", statements, "decisions",
        diffing->is_asked ? tally_json(&diffing->tally) : json_null(),
        "same_bytes", same_bytes(diffing), "patterns_not_asked",
        (json_int_t)diffing->samples.patterns, "no_addresses",
        (json_int_t)unread(diffing));
}

static void print_told(
    const struct diffing *diffing, const json_t *told, bool differ)
{
    diff_print(stdout, json_object_get(told, "statements"));
    if (diffing->is_asked) {
        tally_print(stdout, json_object_get(told, "decisions"));
    } else if (!same_bytes(diffing)) {
        fputs("decisions: not compared, because bundles hold hashes of names; "
              "give the sources, or --urls\n",
            stdout);
    }
    if (diffing->samples.patterns != 0) {
        printf("entries without an example, such as patterns: %llu\n",
            (unsigned long long)diffing->samples.patterns);
    }
    if (unread(diffing) != 0) {
        printf(
            "lines that are no address, and were not asked about: %llu%s%s\n",
            (unsigned long long)unread(diffing),
            diffing->unread.n != 0 ? "; one is " : "", diffing->unread.first);
    }
    if (!differ) {
        puts(same_bytes(diffing) ? "the same, byte for byte"
                                 : "no difference was found");
    }
}

static enum copc_exit tell(const struct diffing *diffing)
{
    json_t *statements =
        diff_statements(diffing->sides[0].bundle, diffing->sides[1].bundle);
    bool differ = do_differ(diffing, statements);
    json_t *told = told_json(diffing, statements, differ);
    enum copc_exit ended = differ ? COPC_NO : COPC_DONE;

    json_decref(statements);
    if (told == NULL) {
        fputs("copc: out of memory\n", stderr);
        return COPC_BUG;
    }
    if (options_has(diffing->options, OPTION_JSON)) {
        return findings_print(told) ? ended : COPC_IO;
    }
    print_told(diffing, told, differ);
    json_decref(told);
    return ended;
}

enum copc_exit copc_diff(const struct options *options)
{
    struct diffing diffing = {.options = options};
    struct findings findings;
    enum copc_exit ended = COPC_BUG;
    size_t examples;

    if (options->operands_n != 2) {
        options_complain(options, "name two bundles, or folders of sources");
        return COPC_USAGE;
    }
    if (!tally_read_examples(options, &examples)) {
        return COPC_USAGE;
    }
    if (findings_init(&findings, false) &&
        tally_init(&diffing.tally, examples)) {
        ended = open_sides(&diffing, &findings);
        ended = ended == COPC_DONE ? ask(&diffing, &findings) : ended;
        ended = ended == COPC_DONE ? tell(&diffing) : ended;
        findings_fini(&findings);
    }
    tally_fini(&diffing.tally);
    samples_fini(&diffing.samples);
    material_close(&diffing.sides[0]);
    material_close(&diffing.sides[1]);
    return ended;
}
