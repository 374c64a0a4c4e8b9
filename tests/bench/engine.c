/* What a decision costs: CPU time for each URL, parsed, classified anew,
 * classified through the cache, and evaluated.
 *
 *   engine BUNDLE POLICY PROFILE < URLS
 *
 * The limit measured in the same run is the floor that no engine can go below
 * on these inputs: one keyed hash over the canonical URL, which is what a cache
 * needs to find anything at all. Prints one JSON object; nanoseconds are the
 * median of the rounds. */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cop/compile.h"
#include "cop/decide.h"
#include "rules/base/hash.h"

enum { URLS_MAX = 200000, ASKED = 200000, ROUNDS = 9, LINE_MAX_BYTES = 8192 };

struct bench {
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_cache *cache;
    uint32_t profile;
    struct cop_slice lines[URLS_MAX];
    size_t n;
    uint32_t *order; /* of lines: each once, or by Zipf's law */
    size_t order_n;
    uint64_t sum; /* of results, so that no work can be left out */
};

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef void work_fn(struct bench *bench, const struct cop_url *url);

static void do_parse(struct bench *bench, const struct cop_url *url)
{
    bench->sum += url->text.n;
}

static void do_hash(struct bench *bench, const struct cop_url *url)
{
    static const struct hash_long_key key = {.key = {1, 2}};

    bench->sum += hash_long(&key, 3, url->text.p, url->text.n);
}

static void do_classify(struct bench *bench, const struct cop_url *url)
{
    static struct cop_class class;

    cop_classify(bench->policy, bench->matcher, url, &class);
    bench->sum += class.n;
}

static void do_cached(struct bench *bench, const struct cop_url *url)
{
    static struct cop_class class;

    cop_cache_classify(
        bench->cache, bench->policy, bench->matcher, url, &class);
    bench->sum += class.n;
}

static void do_decide(struct bench *bench, const struct cop_url *url)
{
    static const struct cop_moment moment = {1790000000, 600};
    static struct cop_class class;
    struct cop_verdict verdict;

    cop_cache_classify(
        bench->cache, bench->policy, bench->matcher, url, &class);
    cop_evaluate(bench->policy, &class, bench->profile, &moment, &verdict);
    bench->sum += (uint64_t)verdict.action;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* As in the gateway, each URL is parsed first and then worked on while it is
 * near; what parsing alone costs is taken off by the caller. */
static double measure(struct bench *bench, work_fn *work)
{
    static struct cop_url url;
    double rounds[ROUNDS + 1];

    for (int round = 0; round <= ROUNDS; round++) { /* the first one warms */
        double start = cpu_ns();

        for (size_t i = 0; i < bench->order_n; i++) {
            struct cop_slice line = bench->lines[bench->order[i]];

            if (cop_url_parse(line, &url) == COP_OK) {
                work(bench, &url);
            }
        }
        rounds[round] = (cpu_ns() - start) / (double)bench->order_n;
    }
    qsort(rounds + 1, ROUNDS, sizeof(rounds[0]), compare);
    return rounds[1 + ROUNDS / 2];
}

static void bench_read_urls(struct bench *bench)
{
    static char line[LINE_MAX_BYTES];
    static struct cop_url url;

    while (bench->n < URLS_MAX && fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (cop_url_parse(cop_slice_of(line), &url) == COP_OK) {
            bench->lines[bench->n++] = cop_slice_of(strdup(line));
        }
    }
}

static void order_each_once(struct bench *bench)
{
    for (size_t i = 0; i < bench->n; i++) {
        bench->order[i] = (uint32_t)i;
    }
    bench->order_n = bench->n;
}

/* Asked for as people do: the k-th commonest line 1/k as often as the first.
 * Which is common is in no order of the file. */
static void order_zipf(struct bench *bench)
{
    uint64_t state = 2026;

    for (size_t i = 0; i < ASKED; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double share = (double)(state >> 11) / 9007199254740992.0;
        uint64_t rank = (uint64_t)pow((double)bench->n, share) - 1;

        bench->order[i] = (uint32_t)(rank * 7919 % bench->n);
    }
    bench->order_n = ASKED;
}

/* What the cache answers of a replay that begins with nothing in it, and what
 * an answer costs once it is warm. */
static void bench_zipf(struct bench *bench)
{
    static struct cop_url url;
    struct cop_cache_counts counts;
    double parse;

    order_zipf(bench);
    cop_cache_free(&bench->cache);
    if (cop_cache_new(1 << 16, &bench->cache) != COP_OK) {
        exit(1);
    }
    for (size_t i = 0; i < bench->order_n; i++) {
        if (cop_url_parse(bench->lines[bench->order[i]], &url) == COP_OK) {
            do_cached(bench, &url);
        }
    }
    cop_cache_counts(bench->cache, &counts);
    parse = measure(bench, do_parse);
    printf("\"zipf_hit_rate\": %.4f, \"zipf_cached_ns\": %.1f, ",
        (double)counts.hits / (double)(counts.hits + counts.misses),
        measure(bench, do_cached) - parse);
}

static void say_finding(void *context, const struct cop_finding *finding)
{
    (void)context;
    if (finding->severity == COP_ERROR) {
        fprintf(stderr, "engine: %s: %s\n",
            finding->file != NULL ? finding->file : "-", finding->what);
    }
}

static struct cop_image bench_policy_image(
    const char *path, struct cop_report *report)
{
    static char text[1 << 20];
    struct cop_compile_options options = {.now_unix = time(NULL)};
    struct cop_image image = {NULL, 0};
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(text, 1, sizeof(text), file) : 0;

    if (file != NULL) {
        fclose(file);
    }
    if (cop_compile_policy((struct cop_slice){text, n}, path, &options, report,
            &image) != COP_OK) {
        exit(1);
    }
    return image;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct cop_report report = {.emit = say_finding};
    struct cop_bundle *bundles[2] = {NULL, NULL};
    struct cop_cache_counts counts;
    struct cop_image image;
    double open_ms;
    double parse;

    if (argc != 4) {
        fprintf(stderr, "usage: engine BUNDLE POLICY PROFILE < URLS\n");
        return 2;
    }
    image = bench_policy_image(argv[2], &report);
    open_ms = cpu_ns();
    if (cop_bundle_open(argv[1], &report, &bundles[0]) != COP_OK) {
        return 1;
    }
    open_ms = (cpu_ns() - open_ms) / 1e6;
    if (cop_bundle_open_memory(
            image.bytes, image.n, argv[2], &report, &bundles[1]) != COP_OK ||
        cop_policy_new(bundles, 2, &report, &bench.policy) != COP_OK ||
        cop_policy_profile(
            bench.policy, cop_slice_of(argv[3]), &bench.profile) != COP_OK ||
        cop_matcher_new(&bench.matcher) != COP_OK ||
        cop_cache_new(1 << 18, &bench.cache) != COP_OK) {
        return 1;
    }
    bench_read_urls(&bench);
    bench.order = calloc(URLS_MAX, sizeof(*bench.order));
    if (bench.n == 0 || bench.order == NULL) {
        fprintf(stderr, "engine: no URLs on standard input\n");
        return 1;
    }
    order_each_once(&bench);
    parse = measure(&bench, do_parse);
    printf("{\"schema\": \"copgate/bench-engine/v1\", \"urls\": %zu, "
           "\"open_and_audit_ms\": %.2f, \"parse_ns\": %.1f, "
           "\"hash_floor_ns\": %.1f, \"classify_ns\": %.1f, "
           "\"cached_ns\": %.1f, \"cached_and_evaluated_ns\": %.1f, ",
        bench.n, open_ms, parse, measure(&bench, do_hash) - parse,
        measure(&bench, do_classify) - parse,
        measure(&bench, do_cached) - parse, measure(&bench, do_decide) - parse);
    bench_zipf(&bench);
    cop_cache_counts(bench.cache, &counts);
    printf("\"cache_hits\": %llu, \"cache_misses\": %llu, \"sum\": %llu}\n",
        (unsigned long long)counts.hits, (unsigned long long)counts.misses,
        (unsigned long long)bench.sum);
    cop_matcher_free(&bench.matcher);
    cop_cache_free(&bench.cache);
    free(bench.order);
    cop_policy_free(&bench.policy);
    cop_bundle_drop(&bundles[0]);
    cop_bundle_drop(&bundles[1]);
    cop_image_free(&image);
    return 0;
}
