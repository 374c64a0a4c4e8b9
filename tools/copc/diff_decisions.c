#include <stdlib.h>
#include <string.h>

#include "tools/copc/diff.h"
#include "tools/copc/moment.h"
#include "tools/copc/panel.h"

enum { BEFORE, AFTER, SIDES, SEEN_MAX = 64, PROGRESS_EVERY = 256 };

struct asking {
    struct cop_policy *policies[SIDES];
    struct cop_matcher *matchers[SIDES];
    struct panel panel;
    struct cop_moment moment;
    struct tally *tally;
    struct cop_url url;
    struct cop_class classes[SIDES];
};

/* A change of one address that was counted already, for somebody else. */
struct seen {
    struct cop_slice whose;
    enum tally_change change;
};

static bool is_seen(const struct seen *seen, size_t n, const struct seen *one)
{
    for (size_t i = 0; i < n; i++) {
        if (seen[i].change == one->change &&
            cop_slice_eq(seen[i].whose, one->whose)) {
            return true;
        }
    }
    return false;
}

/* What counts in the sums is the strongest change of an address. */
static enum tally_change stronger(enum tally_change a, enum tally_change b)
{
    static const int weights[] = {
        [TALLY_SAME] = 0,
        [TALLY_OTHER] = 1,
        [TALLY_ALLOWED] = 2,
        [TALLY_BLOCKED] = 3,
    };

    return weights[a] >= weights[b] ? a : b;
}

static struct decided decide(
    const struct asking *asking, int side, uint32_t profile)
{
    struct cop_verdict verdict;

    cop_evaluate(asking->policies[side], &asking->classes[side], profile,
        &asking->moment, &verdict);
    return tally_decided(asking->policies[side], &verdict);
}

/* Each requirement counts an address once, whoever it changes for. */
static void ask(struct asking *asking)
{
    enum tally_change strongest = TALLY_SAME;
    struct seen seen[SEEN_MAX];
    size_t seen_n = 0;

    for (int side = 0; side < SIDES; side++) {
        cop_classify(asking->policies[side], asking->matchers[side],
            &asking->url, &asking->classes[side]);
    }
    for (size_t i = 0; i < asking->panel.n; i++) {
        const struct panel_member *member = &asking->panel.members[i];
        struct decided before = decide(asking, BEFORE, member->before);
        struct decided after = decide(asking, AFTER, member->after);
        struct seen one = {.change = tally_change(&before, &after)};

        if (one.change == TALLY_SAME) {
            continue;
        }
        strongest = stronger(strongest, one.change);
        one.whose = tally_whose(one.change, &before, &after);
        if (seen_n < SEEN_MAX && !is_seen(seen, seen_n, &one)) {
            seen[seen_n++] = one;
            tally_add(
                asking->tally, asking->url.text, member->who, &before, &after);
        }
    }
    tally_count(asking->tally, strongest);
}

static enum copc_exit find_moment(
    const struct options *options, struct cop_moment *out)
{
    const char *at = options->value[OPTION_AT];

    if (at == NULL) {
        moment_now(out);
        return COPC_DONE;
    }
    if (!moment_parse(at, out)) {
        options_complain(
            options, "--at %s is no time; write 2026-03-02T10:00:00Z", at);
        return COPC_USAGE;
    }
    return COPC_DONE;
}

static enum copc_exit asking_open(struct asking *asking,
    const struct options *options, struct cop_bundle *const sides[2],
    struct findings *findings)
{
    enum copc_exit ended = find_moment(options, &asking->moment);

    for (int side = 0; side < SIDES && ended == COPC_DONE; side++) {
        if (cop_policy_new(&sides[side], 1, &findings->report,
                &asking->policies[side]) != COP_OK ||
            cop_matcher_new(&asking->matchers[side]) != COP_OK) {
            ended = COPC_BUG;
        }
    }
    if (ended == COPC_DONE) {
        ended = panel_make(&asking->panel, options, asking->policies[BEFORE],
            asking->policies[AFTER]);
    }
    return ended;
}

static void asking_close(struct asking *asking)
{
    panel_fini(&asking->panel);
    for (int side = 0; side < SIDES; side++) {
        cop_matcher_free(&asking->matchers[side]);
        cop_policy_free(&asking->policies[side]);
    }
}

/* Shown to people, so what a terminal would act on is not. */
static void keep_unread(struct diff_unread *unread, const char *text)
{
    size_t n = strnlen(text, sizeof unread->first - 1);

    for (size_t i = 0; i < n; i++) {
        bool is_plain = text[i] >= ' ' && text[i] <= '~';

        unread->first[i] = (char)(is_plain ? text[i] : '?');
    }
    unread->first[n] = '\0';
}

static enum copc_exit ask_all(struct asking *asking,
    const struct samples *samples, struct term_progress *progress,
    struct diff_unread *unread)
{
    struct runs_reader *reader = runs_reader_new(&samples->runs);
    enum copc_exit ended = COPC_BUG;
    const char *text;
    uint64_t done = 0;

    while (reader != NULL && (text = runs_next(reader)) != NULL) {
        if (done++ % PROGRESS_EVERY == 0) {
            term_progress_step(progress, "deciding", done, samples->added);
        }
        if (cop_url_parse(cop_slice_of(text), &asking->url) == COP_OK) {
            ask(asking);
        } else if (unread->n++ == 0) {
            keep_unread(unread, text);
        }
    }
    if (reader != NULL && !runs_failed(reader)) {
        ended = COPC_DONE;
    } else {
        fputs("copc: out of memory\n", stderr);
    }
    runs_reader_free(&reader);
    return ended;
}

enum copc_exit diff_decisions(const struct options *options,
    struct cop_bundle *const sides[2], const struct samples *samples,
    struct findings *findings, struct tally *tally, struct diff_unread *unread)
{
    struct asking *asking = calloc(1, sizeof *asking);
    enum copc_exit ended;

    if (asking == NULL) {
        return COPC_BUG;
    }
    asking->tally = tally;
    ended = asking_open(asking, options, sides, findings);
    if (ended == COPC_DONE) {
        ended = ask_all(asking, samples, &findings->progress, unread);
    }
    term_progress_end(&findings->progress);
    asking_close(asking);
    free(asking);
    return ended;
}
