/* What a request costs where lists in Adblock syntax are, and what is said of
 * it.
 *
 *   bench-adblock BUNDLE [LIST STEP] < REQUESTS
 *
 * REQUESTS has a line each: resource, host of the source (or -), URL, with tabs
 * between. Standard output gets a line each: 1 blocked, 0 not, - no URL of
 * ours; standard error one JSON object, nanoseconds being the best of the
 * rounds. With LIST, the one that the bundle was made from, every STEP-th
 * request is also asked of the naive evaluator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cop/decide.h"
#include "tests/support/naive_adblock.h"

enum { ROUNDS = 5, LINE_MAX_BYTES = 1 << 16, REQUESTS_MAX = 1 << 20 };

struct request {
    char *url;
    struct cop_host source;
    struct cop_facts facts;
    bool is_asked; /* its URL can be parsed */
};

struct bench {
    struct cop_policy *policy;
    struct cop_matcher *matcher;
    struct cop_cache *cache;
    struct request *requests;
    size_t n;
    uint64_t sum; /* of results, so that no work can be left out */
};

static struct cop_url url;
static struct cop_class class;

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef void work_fn(struct bench *bench, const struct request *request);

static void do_parse(struct bench *bench, const struct request *request)
{
    (void)request;
    bench->sum += url.text.n;
}

static void do_classify(struct bench *bench, const struct request *request)
{
    cop_classify_request(
        bench->policy, bench->matcher, &url, &request->facts, &class);
    bench->sum += class.n;
}

static void do_cached(struct bench *bench, const struct request *request)
{
    cop_cache_classify_request(bench->cache, bench->policy, bench->matcher,
        &url, &request->facts, &class);
    bench->sum += class.n;
}

static double measure(struct bench *bench, work_fn *work)
{
    double best = 0;

    for (int round = 0; round <= ROUNDS; round++) { /* the first one warms */
        double start = cpu_ns();

        for (size_t i = 0; i < bench->n; i++) {
            const struct request *request = &bench->requests[i];

            if (cop_url_parse(cop_slice_of(request->url), &url) == COP_OK) {
                work(bench, request);
            }
        }
        double ns = (cpu_ns() - start) / (double)bench->n;

        best = round == 1 || ns < best ? ns : best;
    }
    return best;
}

static bool resource_find(const char *word, enum cop_resource *out)
{
    for (int i = 0; i <= COP_RESOURCE_OTHER; i++) {
        if (strcmp(word, cop_resource_word((enum cop_resource)i)) == 0) {
            *out = (enum cop_resource)i;
            return true;
        }
    }
    return false;
}

static void bench_read(struct bench *bench)
{
    static char line[LINE_MAX_BYTES];

    bench->requests = calloc(REQUESTS_MAX, sizeof(bench->requests[0]));
    while (bench->requests != NULL && bench->n < REQUESTS_MAX &&
           fgets(line, sizeof(line), stdin) != NULL) {
        struct request *request = &bench->requests[bench->n];
        char *rest = line;
        const char *word = strsep(&rest, "\t");
        const char *source = strsep(&rest, "\t");

        if (rest == NULL || !resource_find(word, &request->facts.resource)) {
            continue;
        }
        rest[strcspn(rest, "\r\n")] = '\0';
        if (cop_host_parse(cop_slice_of(source), &request->source) == COP_OK) {
            request->facts.source = &request->source;
        }
        request->url = strdup(rest);
        request->is_asked =
            request->url != NULL &&
            cop_url_parse(cop_slice_of(request->url), &url) == COP_OK;
        bench->n++;
    }
}

static size_t say_all(struct bench *bench)
{
    size_t matched = 0;

    for (size_t i = 0; i < bench->n; i++) {
        const struct request *request = &bench->requests[i];

        if (!request->is_asked ||
            cop_url_parse(cop_slice_of(request->url), &url) != COP_OK) {
            puts("-");
            continue;
        }
        do_classify(bench, request);
        matched += class.n != 0;
        puts(class.n != 0 ? "1" : "0");
    }
    return matched;
}

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 26);

    if (file == NULL || text == NULL) {
        fprintf(stderr, "bench-adblock: cannot read %s\n", path);
        exit(1);
    }
    if (fread(text, 1, (1 << 26) - 1, file) == 0) {
        fprintf(stderr, "bench-adblock: %s is empty\n", path);
    }
    fclose(file);
    return text;
}

/* Returns how many of every step-th request differ from the naive answer. */
static size_t compare(struct bench *bench, const char *list, size_t step,
    size_t *compared, size_t *rules)
{
    struct naive_adblock naive = {NULL, NULL, 0, 0};
    struct naive_adblock_answer want;
    char *text = file_text(list);
    size_t differences = 0;

    naive_adblock_read(&naive, text);
    *rules = naive.n;
    for (size_t i = 0; i < bench->n; i += step) {
        const struct request *request = &bench->requests[i];

        if (cop_url_parse(cop_slice_of(request->url), &url) != COP_OK) {
            continue;
        }
        do_classify(bench, request);
        naive_adblock_ask(&naive, &url, &request->facts, &want);
        (*compared)++;
        if ((class.n != 0) != want.is_matched) {
            differences++;
            fprintf(stderr, "%s for %s from %s: naive %d, line %u\n",
                url.text.p, cop_resource_word(request->facts.resource),
                request->source.text, want.is_matched,
                want.lines_n != 0 ? want.lines[0] : 0);
        }
    }
    naive_adblock_fini(&naive);
    free(text);
    return differences;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct cop_bundle *bundle = NULL;
    struct cop_bundle_info info;
    double parse;

    if (argc != 2 && argc != 4) {
        fputs("usage: bench-adblock BUNDLE [LIST STEP] < REQUESTS\n", stderr);
        return 2;
    }
    if (cop_bundle_open(argv[1], NULL, &bundle) != COP_OK ||
        cop_policy_new(&bundle, 1, NULL, &bench.policy) != COP_OK ||
        cop_matcher_new(&bench.matcher) != COP_OK ||
        cop_cache_new(1 << 19, &bench.cache) != COP_OK) {
        fputs("bench-adblock: the bundle cannot be used\n", stderr);
        return 1;
    }
    bench_read(&bench);
    if (bench.n == 0) {
        fputs("bench-adblock: no requests on standard input\n", stderr);
        return 1;
    }
    cop_bundle_info(bundle, &info);
    size_t matched = say_all(&bench);
    size_t compared = 0;
    size_t rules = 0;
    size_t differences =
        argc == 4
            ? compare(&bench, argv[2],
                  (size_t)strtoul(argv[3], NULL, 10) + (argv[3][0] == '0'),
                  &compared, &rules)
            : 0;

    parse = measure(&bench, do_parse);
    fprintf(stderr,
        "{\"requests\": %zu, \"blocked\": %zu, \"bundle_bytes\": %llu, "
        "\"parse_ns\": %.0f, \"uncached_ns\": %.0f, \"cached_ns\": %.0f, "
        "\"naive_rules\": %zu, \"compared\": %zu, \"differences\": %zu, "
        "\"sum\": %llu}\n",
        bench.n, matched, (unsigned long long)info.file_bytes, parse,
        measure(&bench, do_classify), measure(&bench, do_cached) - parse, rules,
        compared, differences, (unsigned long long)bench.sum);
    return differences != 0;
}
