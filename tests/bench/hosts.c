/* What finding a host costs in a bundle of millions of domains, beside a plain
 * open-addressing table of 64-bit fingerprints of the same names.
 *
 *   hosts BUNDLE LISTED NAME=HOSTS...
 *
 * LISTED has the bundle's domains and each HOSTS the hosts to look up, one a
 * line. All suffixes of a host are looked up, in both; how many hosts are found
 * must agree. Prints one JSON object: nanoseconds of CPU for each host, back to
 * back, of the best round: what other work does to caches can only add. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cop/bundle.h"
#include "cop/host.h"
#include "rules/bundle/dense.h"
#include "rules/bundle/hostindex.h"

enum { ROUNDS = 9, LINE_MAX_BYTES = 512 };

/* Hosts packed one behind the other, so that reading them costs little. */
struct hosts {
    char *texts;
    size_t bytes;
    struct {
        uint32_t at;
        uint8_t n;
        uint8_t labels;
    } * all;
    size_t n;
};

struct table {
    uint64_t *prints; /* 0 is free */
    unsigned char *sets;
    uint64_t size;
};

struct bench {
    struct cop_bundle *bundle;
    struct cop_bundle empty; /* the same key, and nothing to find */
    struct table table;
    struct hosts hosts;
    uint64_t found;
};

static void *need(void *p)
{
    if (p == NULL) {
        fputs("hosts: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static FILE *open_lines(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

/* The next line that is a name. */
static bool next_host(FILE *file, struct cop_host *host)
{
    char line[LINE_MAX_BYTES];

    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        if (cop_host_parse(cop_slice_of(line), host) == COP_OK &&
            host->kind == COP_HOST_NAME) {
            return true;
        }
    }
    return false;
}

static void hosts_read(struct hosts *hosts, const char *path)
{
    size_t cap = 1 << 16;
    size_t text_cap = 1 << 20;
    struct cop_host host;
    FILE *file = open_lines(path);

    hosts->all = need(malloc(cap * sizeof(*hosts->all)));
    hosts->texts = need(malloc(text_cap));
    while (next_host(file, &host)) {
        if (hosts->n == cap) {
            cap *= 2;
            hosts->all = need(realloc(hosts->all, cap * sizeof(*hosts->all)));
        }
        if (text_cap - hosts->bytes < host.n + 1U) {
            text_cap *= 2;
            hosts->texts = need(realloc(hosts->texts, text_cap));
        }
        hosts->all[hosts->n].at = (uint32_t)hosts->bytes;
        hosts->all[hosts->n].n = host.n;
        hosts->all[hosts->n++].labels = host.labels;
        memcpy(hosts->texts + hosts->bytes, host.text, host.n + 1U);
        hosts->bytes += host.n + 1U;
    }
    fclose(file);
}

static void hosts_free(struct hosts *hosts)
{
    free(hosts->all);
    free(hosts->texts);
    *hosts = (struct hosts){.n = 0};
}

static uint64_t table_home(const struct table *table, uint64_t print)
{
    return (uint64_t)(((unsigned __int128)print * table->size) >> 64);
}

static uint64_t *table_slot(const struct table *table, uint64_t print)
{
    uint64_t at = table_home(table, print);

    while (table->prints[at] != 0 && table->prints[at] != print) {
        at = at + 1 < table->size ? at + 1 : 0;
    }
    return &table->prints[at];
}

/* Eight bytes a name and one for its set, four fifths full. */
static void table_fill(struct bench *bench, const char *path)
{
    const uint64_t *key = bundle_header(bench->bundle)->key;
    size_t n = 0;
    struct cop_host host;
    FILE *file = open_lines(path);

    while (next_host(file, &host)) {
        n++;
    }
    bench->table.size = n * 5 / 4 + 1;
    bench->table.prints = need(calloc(bench->table.size, sizeof(uint64_t)));
    bench->table.sets = need(calloc(bench->table.size, 1));
    rewind(file);
    while (next_host(file, &host)) {
        uint64_t print = hostindex_hash(key, cop_host_slice(&host));
        uint64_t *slot = table_slot(&bench->table, print);

        *slot = print;
        bench->table.sets[slot - bench->table.prints] = 1;
    }
    fclose(file);
}

typedef void work_fn(struct bench *bench, const struct cop_host *host);

static void do_nothing(struct bench *bench, const struct cop_host *host)
{
    bench->found += host->n;
}

static void do_hash(struct bench *bench, const struct cop_host *host)
{
    struct hostindex_names names;

    hostindex_names(&bench->empty, host, &names);
    bench->found += names.n;
}

static void note_found(void *context, uint32_t set, uint32_t i)
{
    bool *is_found = context;

    (void)set;
    (void)i;
    *is_found = true;
}

static void do_index(struct bench *bench, const struct cop_host *host)
{
    struct hostindex_names names;
    bool is_found = false;

    hostindex_names(bench->bundle, host, &names);
    for (uint32_t i = names.first; i < names.n; i++) {
        is_found |=
            hostindex_find(bench->bundle, SECTION_HOST_SLOTS, names.hash[i])
                .n != 0;
    }
    dense_walk(bench->bundle, names.hash, names.first, names.n, note_found,
        &is_found);
    bench->found += is_found;
}

static void do_table(struct bench *bench, const struct cop_host *host)
{
    struct hostindex_names names;
    bool is_found = false;

    hostindex_names(&bench->empty, host, &names);
    for (uint32_t i = names.first; i < names.n; i++) {
        __builtin_prefetch(
            &bench->table.prints[table_home(&bench->table, names.hash[i])]);
    }
    for (uint32_t i = names.first; i < names.n; i++) {
        const uint64_t *slot = table_slot(&bench->table, names.hash[i]);

        is_found |=
            *slot != 0 && bench->table.sets[slot - bench->table.prints] != 0;
    }
    bench->found += is_found;
}

static double measure(struct bench *bench, work_fn *work)
{
    static struct cop_host host = {.kind = COP_HOST_NAME};
    double best = 0;

    for (int round = 0; round <= ROUNDS; round++) { /* the first one warms */
        double start = cpu_ns();

        bench->found = 0;
        for (size_t i = 0; i < bench->hosts.n; i++) {
            host.n = bench->hosts.all[i].n;
            host.labels = bench->hosts.all[i].labels;
            memcpy(host.text, bench->hosts.texts + bench->hosts.all[i].at,
                host.n + 1U);
            work(bench, &host);
        }
        double ns = (cpu_ns() - start) / (double)bench->hosts.n;

        best = round == 1 || (round > 1 && ns < best) ? ns : best;
    }
    return best;
}

/* One set of hosts; false when index and table disagree. */
static bool run_set(struct bench *bench, const char *name, const char *path)
{
    double nothing, hash, index, table;
    uint64_t found;

    hosts_read(&bench->hosts, path);
    nothing = measure(bench, do_nothing);
    hash = measure(bench, do_hash) - nothing;
    table = measure(bench, do_table) - nothing;
    found = bench->found;
    index = measure(bench, do_index) - nothing;
    printf("{\"hosts\": \"%s\", \"n\": %zu, \"found\": %llu, "
           "\"hash_ns\": %.1f, \"index_ns\": %.1f, \"table_ns\": %.1f}",
        name, bench->hosts.n, (unsigned long long)found, hash, index, table);
    hosts_free(&bench->hosts);
    return found == bench->found;
}

int main(int argc, char **argv)
{
    struct bench bench = {.bundle = NULL};
    bool is_equal = true;

    if (argc < 4) {
        fputs("usage: hosts BUNDLE LISTED NAME=HOSTS...\n", stderr);
        return 2;
    }
    if (cop_bundle_open(argv[1], NULL, &bench.bundle) != COP_OK) {
        fprintf(stderr, "hosts: cannot open %s\n", argv[1]);
        return 1;
    }
    bench.empty.bytes = bench.bundle->bytes;
    bench.empty.sections[SECTION_MANIFEST] =
        bench.bundle->sections[SECTION_MANIFEST];
    table_fill(&bench, argv[2]);
    printf("{\"schema\": \"copgate/bench-hosts/v1\", \"index_bytes\": %zu, "
           "\"table_bytes\": %zu, \"sets\": [",
        bench.bundle->sections[SECTION_DENSE_LINES].n *
            sizeof(struct format_dense_line),
        (size_t)bench.table.size * 9);
    for (int i = 3; i < argc; i++) {
        char *path = strchr(argv[i], '=');

        if (path != NULL) {
            *path++ = '\0';
            fputs(i > 3 ? ", " : "", stdout);
            is_equal &= run_set(&bench, argv[i], path);
        }
    }
    puts("]}");
    free(bench.table.prints);
    free(bench.table.sets);
    cop_bundle_drop(&bench.bundle);
    if (!is_equal) {
        fputs("hosts: the index and the table disagree\n", stderr);
    }
    return is_equal ? 0 : 1;
}
