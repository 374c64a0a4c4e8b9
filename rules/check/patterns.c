/* Patterns, and rules in Adblock syntax, that no literal leads to: every URL
 * that is new is tried on each of them. What that costs is measured here, on a
 * few URLs as they are. And patterns that a URL made for them drives to their
 * limits, where the list's at_limit has to say what that means. */
#include <stdlib.h>
#include <time.h>

#include "rules/base/rxliteral.h"
#include "rules/bundle/urlchoice.h"
#include "rules/check/check.h"
#include "rules/check/runaway.h"
#include "rules/decide/pattern.h"

enum {
    PATTERNS_TOLD_MAX = 20, /* of one list */
    RUNAWAYS_MAX = 200,     /* of one list: each costs milliseconds to find */
    PATTERNS_ARENA_MAX = 64 << 20,
    ROUNDS = 5,
    COST_STEP_NS = 10,
    COSTS_MAX = 100 /* expressions of a list that are measured */
};

static const struct cop_slice samples[] = {
    COP_LIT("https://www.example.com/"),
    COP_LIT("https://news.example.org/2026/11/24/a-long-title-of-an-article"),
    COP_LIT("https://cdn-17.static.example.net/assets/8f14e45fceea167a5a36dedd"
            "4bea2543/vendors~main.chunk.js?v=1795514400"),
    COP_LIT("https://search.example/find?q=how+to+bake+bread&lang=en&page=2"),
    COP_LIT("https://img.shop.example/media/catalog/product/1/2/1234567_x.jpg"
            "?width=640&height=480&fit=bounds&quality=80"),
    COP_LIT("https://api.example/v2/events/track?session=3b5d5c3712955042212316"
            "173ccf37be&event=page_view&referrer=https%3A%2F%2Fexample.com"),
};

enum { SAMPLES = sizeof(samples) / sizeof(samples[0]) };

static int64_t cpu_ns(void)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What a pattern costs on one URL, in ns: the mean of the samples, the least of
 * a few rounds. 0 when it cannot be run. */
static int64_t pattern_cost(struct pattern_room *room, struct cop_slice text)
{
    pcre2_code *code = NULL;
    int64_t least = INT64_MAX;

    if (pattern_compile(text, NULL, &code) != COP_OK) {
        return 0;
    }
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = cpu_ns();

        for (size_t i = 0; i < SAMPLES; i++) {
            (void)pattern_run(room, code, samples[i]);
        }
        int64_t spent = (cpu_ns() - start) / SAMPLES;

        least = spent < least ? spent : least;
    }
    pcre2_code_free(code);
    return (least / COST_STEP_NS + 1) * COST_STEP_NS;
}

static bool has_literal(struct arena *arena, struct cop_slice text)
{
    struct rxliteral literals;

    arena_reset(arena);
    return rxliteral_find(text, arena, &literals) != COP_OK || literals.n != 0;
}

static void check_runaways(const struct check *check,
    const struct model_list *list, struct pattern_room *room)
{
    char text[RUNAWAY_MAX];
    size_t found = 0;

    for (size_t i = 0; i < list->n && found < RUNAWAYS_MAX; i++) {
        const struct tables_entry *entry =
            &check->model->entries.p[list->first + i];

        if (entry->object != ENTRY_PATTERN ||
            !runaway_find(room, entry->text, text)) {
            continue;
        }
        found++;
        if (found <= PATTERNS_TOLD_MAX) {
            struct place place = check_entry_place(check->model, entry);

            check_say(check, COP_WARNING, &place,
                "write it so that a text can be matched in one way only: a+ "
                "for (a+)+",
                "a URL can drive this pattern to its limit, where at_limit "
                "decides; one is %.60s...",
                text);
        }
    }
    if (found > PATTERNS_TOLD_MAX) {
        check_say(check, COP_WARNING, &list->place, NULL,
            "URLs can drive %zu more patterns of this list to their limit%s",
            found - PATTERNS_TOLD_MAX,
            found == RUNAWAYS_MAX ? "; the rest was not looked at" : "");
    }
}

static void check_list(const struct check *check, const struct model_list *list,
    struct arena *arena, struct pattern_room *room)
{
    size_t found = 0;

    for (size_t i = 0; i < list->n; i++) {
        const struct tables_entry *entry =
            &check->model->entries.p[list->first + i];

        if (entry->object != ENTRY_PATTERN || has_literal(arena, entry->text)) {
            continue;
        }
        found++;
        if (found <= PATTERNS_TOLD_MAX) {
            struct place place = check_entry_place(check->model, entry);

            check_say(check, COP_WARNING, &place,
                "write out a part, of three bytes or more, that all matches "
                "have",
                "no literal leads to this pattern; every new URL is tried on "
                "it, at about %lld ns each here",
                (long long)pattern_cost(room, entry->text));
        }
    }
    if (found > PATTERNS_TOLD_MAX) {
        check_say(check, COP_WARNING, &list->place, NULL,
            "no literal leads to %zu more patterns of this list",
            found - PATTERNS_TOLD_MAX);
    }
}

/* ---- Adblock syntax ---- */

static bool names_a_source(struct cop_slice names)
{
    struct cop_slice name;
    bool is_not = false;

    while (urlrule_name_next(&names, &name, &is_not)) {
        if (!is_not) {
            return true;
        }
    }
    return false;
}

/* Whether nothing leads to an expression: no text, and no source. */
static bool is_for_every_url(
    struct urlchoice *choice, const struct urlrule *rule)
{
    struct urlchoice_grams grams;

    return !names_a_source(rule->from) &&
           urlchoice_count(choice, rule) == COP_OK &&
           urlchoice_make(choice, rule, &grams) == COP_OK && grams.n == 0;
}

/* Such rules are the work of others, who serve browsers: a note. */
static void check_adblock(const struct check *check,
    const struct model_list *list, struct urlchoice *choice,
    struct pattern_room *room)
{
    const struct tables_entry *first = NULL;
    size_t found = 0;
    int64_t cost = 0;

    for (size_t i = 0; i < list->n; i++) {
        const struct tables_entry *entry =
            &check->model->entries.p[list->first + i];
        struct urlrule rule;

        if (entry->object != ENTRY_ADBLOCK ||
            !urlrule_unpack(entry->text, &rule) ||
            (rule.flags & URLRULE_REGEX) == 0 ||
            !is_for_every_url(choice, &rule)) {
            continue;
        }
        first = found != 0 ? first : entry;
        if (++found <= COSTS_MAX) {
            cost += pattern_cost(room, urlrule_body(rule.text, rule.flags));
        }
    }
    if (found != 0) {
        struct place place = check_entry_place(check->model, first);

        check_say(check, COP_NOTE, &place, NULL,
            "no literal and no source leads to %zu expressions of this list; "
            "every new URL is tried on them, at about %lld ns%s here",
            found, (long long)cost,
            found > COSTS_MAX ? " for the first hundred" : " in all");
    }
}

void check_patterns(const struct check *check)
{
    struct pattern_room room = {NULL, NULL, NULL};
    struct urlchoice *choice = calloc(1, sizeof(*choice));
    struct arena arena;

    arena_init(&arena, PATTERNS_ARENA_MAX);
    if (choice != NULL && urlchoice_init(choice) == COP_OK &&
        pattern_room_init(&room) == COP_OK) {
        for (size_t i = 0; i < check->model->lists_n; i++) {
            check_list(check, &check->model->lists[i], &arena, &room);
            check_runaways(check, &check->model->lists[i], &room);
            check_adblock(check, &check->model->lists[i], choice, &room);
        }
    }
    pattern_room_fini(&room);
    arena_fini(&arena);
    if (choice != NULL) {
        urlchoice_fini(choice);
    }
    free(choice);
}
