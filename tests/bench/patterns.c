/* What many patterns cost: CPU time for each URL, with the index and, for a
 * sample of the URLs, all patterns one after the other. Both must agree.
 *
 *   patterns [PATTERNS [URLS]]
 *
 * PATTERNS has one a line, behind a tab if there is one; URLS one a line. Left
 * out, 10,000 patterns and 20,000 URLs are made, the same ones every time. The
 * patterns go to LISTS lists in turn: of each list only those run that stand
 * before the first that matches. Prints one JSON object. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cop/decide.h"
#include "rules/bundle/rxindex.h"
#include "rules/bundle/tables.h"
#include "rules/decide/pattern.h"

enum {
    PATTERNS_MAX = 20000,
    URLS_MAX = 200000,
    LISTS = 20,
    ROUNDS = 5,
    SAMPLE = 200,
    LINE_BYTES = 16384
};

struct bench {
    struct tables_entry entries[PATTERNS_MAX];
    size_t patterns_n;
    struct cop_slice urls[URLS_MAX];
    size_t urls_n;
    struct cop_bundle *bundle;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct pattern_room room;
    uint64_t seed;
};

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static unsigned next(struct bench *bench, unsigned below)
{
    bench->seed = bench->seed * UINT64_C(6364136223846793005) + 1;
    return (unsigned)(bench->seed >> 33) % below;
}

static const char *word(struct bench *bench, char text[24])
{
    static const char *const syllables[] = {"ba", "ke", "lo", "mi", "nu", "pra",
        "sto", "ti", "vu", "xe", "zor", "qui"};
    unsigned n = 4 + next(bench, 2);

    text[0] = '\0';
    for (size_t at = 0; n > 0; n--) {
        at += (size_t)snprintf(
            text + at, 24 - at, "%s", syllables[next(bench, 12)]);
    }
    return text;
}

/* A pattern is taken unless a list would refuse it. */
static void pattern_add(struct bench *bench, const char *text)
{
    pcre2_code *code = NULL;

    if (bench->patterns_n == PATTERNS_MAX ||
        pattern_compile(cop_slice_of(text), NULL, &code) != COP_OK) {
        return;
    }
    if (pattern_run(&bench->room, code, COP_LIT("")) == PATTERN_NO) {
        bench->entries[bench->patterns_n] = (struct tables_entry){
            .text = cop_slice_of(strdup(text)),
            .list = (uint32_t)(bench->patterns_n % LISTS),
            .object = ENTRY_PATTERN,
        };
        bench->patterns_n++;
    }
    pcre2_code_free(code);
}

static void url_add(struct bench *bench, const char *text)
{
    static struct cop_url url;

    if (bench->urls_n < URLS_MAX &&
        cop_url_parse(cop_slice_of(text), &url) == COP_OK) {
        bench->urls[bench->urls_n++] = cop_slice_of(strdup(text));
    }
}

/* As in filter lists: most name a place, some only a part of a path, a few
 * nothing that a literal could be. */
static void patterns_make(struct bench *bench)
{
    static const char *const forms[] = {"%s\\.example/%s\\.js",
        "^https?://([a-z]+\\.)?%s\\.test/%s", "/%s-%s[0-9]{2,}", "%s|%s/",
        "[?&]%s=%s", "%s\\.test/(?:ads?|track)/%s"};
    char a[24];
    char b[24];
    char text[128];

    for (unsigned i = 0; i < 9970; i++) {
        const char *first = word(bench, a);

        snprintf(text, sizeof(text), forms[i % 6], first, word(bench, b));
        pattern_add(bench, text);
    }
    for (unsigned i = 0; i < 30; i++) {
        snprintf(text, sizeof(text),
            "^https?://[a-z]{%u}\\.[a-z]+/[0-9a-f]{%u}", 3 + i, 20 + i);
        pattern_add(bench, text);
    }
}

static void urls_make(struct bench *bench)
{
    char text[256];
    char w[5][24];

    for (unsigned i = 0; i < 20000; i++) {
        for (unsigned j = 0; j < 5; j++) {
            word(bench, w[j]);
        }
        snprintf(text, sizeof(text), "https://%s.%s.example/%s/%s?%s=%u", w[0],
            w[1], w[2], w[3], w[4], next(bench, 1000000));
        url_add(bench, text);
    }
}

static void lines_read(struct bench *bench, const char *path,
    void (*add)(struct bench *, const char *))
{
    static char line[LINE_BYTES];
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        const char *tab = strchr(line, '\t');

        add(bench, tab != NULL ? tab + 1 : line);
    }
    fclose(file);
}

static void bundle_make(struct bench *bench)
{
    static struct tables_list lists[LISTS];
    static const struct cop_slice files[] = {COP_LIT("patterns")};
    char name[16];
    struct cop_image image = {NULL, 0};
    struct cop_tables tables = {.name = COP_LIT("bench"),
        .files = files,
        .files_n = 1,
        .lists = lists,
        .lists_n = LISTS,
        .entries = bench->entries,
        .entries_n = bench->patterns_n};

    for (unsigned i = 0; i < LISTS; i++) {
        snprintf(name, sizeof(name), "list-%02u", i);
        lists[i] = (struct tables_list){.name = cop_slice_of(strdup(name)),
            .role = LIST_CATEGORY,
            .owner = COP_NONE};
    }
    if (bundle_write(&tables, &image) != COP_OK ||
        cop_bundle_open_memory(
            image.bytes, image.n, "bench", NULL, &bench->bundle) != COP_OK ||
        cop_policy_new(&bench->bundle, 1, NULL, &bench->policy) != COP_OK ||
        cop_matcher_new(&bench->matcher) != COP_OK) {
        fprintf(stderr, "patterns: no bundle could be made\n");
        exit(1);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ns a URL, the median of the rounds; the first one compiles patterns. */
static double measure(struct bench *bench, bool is_parse)
{
    static struct cop_class class;
    static struct cop_url url;
    double rounds[ROUNDS + 1];

    for (int round = 0; round <= ROUNDS; round++) {
        double start = cpu_ns();

        for (size_t i = 0; i < bench->urls_n; i++) {
            if (cop_url_parse(bench->urls[i], &url) == COP_OK && !is_parse) {
                cop_classify(bench->policy, bench->matcher, &url, &class);
            }
        }
        rounds[round] = (cpu_ns() - start) / (double)bench->urls_n;
    }
    qsort(rounds + 1, ROUNDS, sizeof(rounds[0]), compare);
    return rounds[1 + ROUNDS / 2];
}

struct brute {
    double ns;
    uint64_t matches, candidates, missed;
    size_t urls;
};

/* Every pattern on some of the URLs, and whether the index would have run those
 * that match. */
static struct brute brute_force(struct bench *bench)
{
    static pcre2_code *codes[PATTERNS_MAX];
    static uint64_t wanted[PATTERNS_MAX / RXINDEX_WORD_BITS + 1];
    static char lower[COP_URL_MAX];
    static struct cop_url url;
    struct brute out = {0};
    uint32_t n = section_count(bench->bundle, SECTION_PATTERNS);

    for (uint32_t i = 0; i < n; i++) {
        if (pattern_compile(section_text(bench->bundle, SECTION_RULE_TEXTS,
                                bundle_pattern(bench->bundle, i)->text),
                NULL, &codes[i]) != COP_OK) {
            abort();
        }
    }
    for (size_t u = 0; u < bench->urls_n; u += bench->urls_n / SAMPLE + 1) {
        (void)!cop_url_parse(bench->urls[u], &url);
        for (size_t i = 0; i < url.text.n; i++) {
            char c = url.text.p[i];

            lower[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
        rxindex_find(
            bench->bundle, (struct cop_slice){lower, url.text.n}, wanted);
        double start = cpu_ns();

        for (uint32_t i = 0; i < n; i++) {
            bool yes =
                pattern_run(&bench->room, codes[i], url.text) == PATTERN_YES;
            bool is_wanted = (wanted[i / 64] >> i % 64 & 1) != 0;

            out.matches += yes;
            out.candidates += is_wanted;
            out.missed += yes && !is_wanted;
        }
        out.ns += cpu_ns() - start;
        out.urls++;
    }
    for (uint32_t i = 0; i < n; i++) {
        pcre2_code_free(codes[i]);
    }
    return out;
}

int main(int argc, char **argv)
{
    static struct bench bench = {.seed = 2026};
    uint32_t without = 0;

    if (pattern_room_init(&bench.room) != COP_OK) {
        return 1;
    }
    if (argc > 1) {
        lines_read(&bench, argv[1], pattern_add);
    } else {
        patterns_make(&bench);
    }
    if (argc > 2) {
        lines_read(&bench, argv[2], url_add);
    } else {
        urls_make(&bench);
    }
    bundle_make(&bench);
    uint32_t n = section_count(bench.bundle, SECTION_PATTERNS);

    for (uint32_t i = 0; i < n; i++) {
        without += rxindex_literals(bench.bundle, i).n == 0;
    }
    double parse = measure(&bench, true);
    double indexed = measure(&bench, false) - parse;
    struct brute brute = brute_force(&bench);

    printf("{\"schema\": \"copgate/bench-patterns/v1\", \"patterns\": %u, "
           "\"without_literal\": %u, \"urls\": %zu, \"parse_ns\": %.0f, "
           "\"indexed_ns\": %.0f, \"brute_force_ns\": %.0f, "
           "\"brute_force_urls\": %zu, \"candidates_per_url\": %.2f, "
           "\"matches_per_url\": %.2f, \"missed\": %llu}\n",
        n, without, bench.urls_n, parse, indexed, brute.ns / (double)brute.urls,
        brute.urls, (double)brute.candidates / (double)brute.urls,
        (double)brute.matches / (double)brute.urls,
        (unsigned long long)brute.missed);
    return brute.missed != 0;
}
