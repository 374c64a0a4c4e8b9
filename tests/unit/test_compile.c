/* The compiler from files to bytes: what a bundle says, that it is always the
 * same, and how failures are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cop/compile.h"
#include "cop/decide.h"
#include "tests/unit/findings.h"
#include "tests/unit/sources.h"

#define MANIFEST                                                               \
    "id: cop:bundle:test\ntitle: {ar: \"x\", en: \"Test\"}\nissuer: me\n"      \
    "licence: Apache-2.0\nrevision: \"7\"\n"

#define LAW(type)                                                              \
    "legal:\n  jurisdiction: [XX]\n  instrument: {name: \"Act\", type: " type  \
    ", citation: \"A 1\"}\n  authority: \"Authority\"\n"                       \
    "  authority_url: https://authority.example/a\n"                           \
    "time: {effective_from: 2026-01-01, effective_to: 2030-12-31}\n"           \
    "appeal: {contact: {en: \"https://authority.example/\"}}\n"                \
    "notice: {stop_page: {text: {en: \"Closed\"}}}\n"

#define VECTOR(id, given, when, then)                                          \
    "    - {id: " id ", given: {" given "}, when: {" when "}, then: {" then    \
    "}}\n"

#define GAMBLING                                                               \
    "id: cop:list:gambling\nformat: domains\n"                                 \
    "categories: [gambling.real_money]\nlicence: CC0\nfile: g.txt\n"

#define BLOCK(name, more)                                                      \
    "id: cop:req:XX:test:" name "\nversion: 1\nstatus: in_force\n"             \
    "kind: category\ntitle: {en: \"T\"}\naction: block\n"                      \
    "target: {category: [gambling.real_money]}\n" more

struct bench {
    struct sources_dir dir;
    struct findings findings;
    struct cop_compile_options options;
    struct cop_image image;
    struct cop_bundle *bundle;
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.options = {.now_unix = 1795514400}};
    assert_true(sources_dir_make(&bench->dir));
    findings_init(&bench->findings);
}

static void put(const struct bench *bench, const char *name, const char *text)
{
    assert_true(sources_dir_put(&bench->dir, name, text));
}

static enum cop_status compile(struct bench *bench)
{
    const char *path = bench->dir.path;

    findings_init(&bench->findings);
    return cop_compile(
        &path, 1, &bench->options, &bench->findings.report, &bench->image);
}

/* Compile and open; what the compiler says must be as expected. */
static void build(struct bench *bench, const char *findings)
{
    enum cop_status status = compile(bench);

    assert_string_equal(bench->findings.text, findings);
    assert_int_equal(status, COP_OK);
    assert_int_equal(cop_bundle_open_memory(bench->image.bytes, bench->image.n,
                         "t", NULL, &bench->bundle),
        COP_OK);
}

static void bench_fini(struct bench *bench)
{
    cop_bundle_drop(&bench->bundle);
    cop_image_free(&bench->image);
    sources_dir_remove(&bench->dir);
}

static bool eq(struct cop_slice slice, const char *text)
{
    return cop_slice_eq(slice, cop_slice_of(text));
}

/* ---- what a bundle says ---- */

static void a_requirement_arrives_whole(void **state)
{
    struct cop_bundle_info info;
    struct cop_requirement r;
    struct cop_slice language = {NULL, 0};
    const struct cop_slice wanted[] = {COP_LIT("ar")};
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "lists/g.yaml", GAMBLING);
    put(&bench, "lists/g.txt", "gambling.test\n");
    put(&bench, "r.yaml",
        "id: cop:req:XX:test:one\nversion: 3\nstatus: in_force\n"
        "kind: category\ntitle: {en: \"Title\"}\naction: block\n"
        "target: {category: [gambling.real_money, comm.chat]}\n"
        "legal:\n  jurisdiction: [XX]\n"
        "  instrument: {name: \"Act\", type: statute, citation: \"A 1\"}\n"
        "  authority: \"Authority\"\n"
        "  authority_url: https://authority.example/a\n"
        "time: {effective_from: 2026-01-01, effective_to: 2030-12-31}\n"
        "scope: {age: {min: 7, max: 120}}\n"
        "strength: mandatory\nlock: local\n"
        "logging: {duty: required, identity: device}\n"
        "appeal: {contact: {en: \"Write\", ar: \"\xD8\xA7\"}}\n"
        "notice: {stop_page: {text: {en: \"Closed\"}, helplines: [\"1\", "
        "{en: \"two\", ar: \"\xD8\xA8\"}, \"3\"]}}\n"
        "verification:\n  vectors:\n" VECTOR("v",
            "age: 120, subscriber: business", "url: gambling.test/x",
            "decision: block, level: mandatory, page: {status: 451}"));
    build(&bench, "");
    cop_bundle_info(bench.bundle, &info);
    assert_true(eq(info.name, "test"));
    assert_true(eq(info.title, "Test"));
    assert_true(eq(info.issuer, "me"));
    assert_true(eq(info.revision, "7"));
    assert_int_equal(info.requirements, 1);
    assert_int_equal(info.hosts, 1);
    cop_bundle_requirement(bench.bundle, 0, &r);
    assert_true(eq(r.id, "cop:req:XX:test:one"));
    assert_true(eq(r.authority, "Authority"));
    assert_true(eq(r.instrument, "Act"));
    assert_true(eq(r.citation, "A 1"));
    assert_true(eq(r.blocked_by, "https://authority.example/a"));
    assert_true(cop_catset_has(r.categories, COP_CAT_COMM_CHAT));
    assert_int_equal(r.strength, COP_STRENGTH_MANDATORY);
    assert_int_equal(r.lock, COP_LOCK_LOCAL);
    assert_int_equal(r.logging, COP_LOG_REQUIRED);
    assert_int_equal(r.identity, COP_IDENTITY_DEVICE);
    assert_true(r.is_in_force);
    assert_int_equal(r.http_status, 451);
    assert_int_equal(r.age_min, 7);
    assert_int_equal(r.age_max, 121); /* everybody older too */
    assert_int_equal(r.from_unix, 1767225600);
    assert_int_equal(r.until_unix, 1924992000); /* the last day included */
    assert_true(eq(cop_bundle_text(bench.bundle, 0, COP_TEXT_HELPLINE, wanted,
                       1, &language),
        "1\n\xD8\xA8\n3"));
    assert_true(eq(language, "ar"));
    assert_true(
        eq(cop_bundle_text(bench.bundle, 0, COP_TEXT_APPEAL, NULL, 0, NULL),
            "Write"));
    assert_true(eq(
        cop_bundle_text(bench.bundle, 0, COP_TEXT_NOTICE, wanted, 1, &language),
        "Closed"));
    bench_fini(&bench);
}

/* 451 needs a law and force; everything else is 403. */
static void status_451_is_for_demands_of_the_law(void **state)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {BLOCK("s", LAW("statute") "strength: mandatory\n"), 451},
        {BLOCK("s", LAW("regulation") "strength: mandatory\n"), 451},
        {BLOCK("s", LAW("regulator_decision") "strength: mandatory\n"), 451},
        {BLOCK("s", LAW("court_order") "strength: mandatory\n"), 451},
        {BLOCK("s", LAW("administrative_order") "strength: mandatory\n"), 451},
        {BLOCK("s", LAW("statute") "strength: default_on\n"), 403},
        {BLOCK("s", LAW("code") "strength: mandatory\n"), 403},
        {BLOCK("s", LAW("licence_condition") "strength: mandatory\n"), 403},
        {BLOCK("s", LAW("institution_policy") "strength: mandatory\n"), 403},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cop_requirement r;
        struct bench bench;
        char text[2048];

        bench_init(&bench);
        (void)snprintf(text, sizeof(text), "%sverification:\n  vectors:\n%s",
            rows[i].text,
            VECTOR("v", "age: 9", "url: other.test", "decision: allow"));
        put(&bench, "m.yaml", MANIFEST);
        put(&bench, "r.yaml", text);
        build(&bench, "");
        cop_bundle_requirement(bench.bundle, 0, &r);
        assert_int_equal(r.http_status, rows[i].status);
        bench_fini(&bench);
    }
}

/* Every kind of list and object, seen through vectors. */
static void lists_of_every_kind_match(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "l/d.txt", "a.test\n*.b.test\n# note\n\n.c.test\n192.0.2.7\n");
    put(&bench, "l/h.txt", "0.0.0.0 h.test\n127.0.0.1 localhost\n");
    put(&bench, "l/u.txt", "https://u.test/x\n");
    put(&bench, "l/p.txt", "^https?://p[0-9]+\\.test/\n");
    put(&bench, "r/r.yaml",
        "id: cop:req:XX:test:lists\nversion: 1\nstatus: in_force\n"
        "kind: list\ntitle: {en: \"T\"}\naction: block\nstrength: mandatory\n"
        "target:\n  list:\n    - {file: ../l/d.txt, object: domain}\n"
        "    - {file: ../l/h.txt, format: hosts, object: host}\n"
        "    - {file: ../l/u.txt, object: url}\n"
        "    - {file: ../l/p.txt, format: patterns}\n"
        "    - {entries: [s.test], object: subdomain}\n"
        "    - {entries: [open.a.test], semantics: allow, object: host}\n" LAW(
            "statute") "verification:\n  vectors:\n" VECTOR("d", "age: 9",
            "url: x.a.test", "decision: block") VECTOR("d2", "age: 9",
            "http: {url: a.test}", "decision: block") VECTOR("o", "age: 9",
            "url: open.a.test", "decision: allow") VECTOR("b", "age: 9",
            "dns: {qname: b.test}", "decision: allow") VECTOR("b2", "age: 9",
            "sni: x.b.test", "decision: block") VECTOR("c", "age: 9",
            "sni: c.test", "decision: block") VECTOR("ip", "age: 9",
            "url: http://192.0.2.7/", "decision: block") VECTOR("h", "age: 9",
            "url: h.test", "decision: block") VECTOR("h2", "age: 9",
            "url: x.h.test", "decision: allow") VECTOR("u", "age: 9",
            "url: http://u.test/x/y", "decision: block") VECTOR("u2", "age: 9",
            "url: http://u.test/", "decision: allow") VECTOR("p", "age: 9",
            "url: http://P12.test/", "decision: block") VECTOR("p2", "age: 9",
            "url: http://p.test/", "decision: allow")
            VECTOR("s", "age: 9", "url: http://x.s.test/", "decision: block"));
    build(&bench, "");
    bench_fini(&bench);
}

/* Offers wait; classes and excluded classes; strength by class. */
static void who_it_is_about_is_kept(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "g.yaml", GAMBLING);
    put(&bench, "g.txt", "gambling.test\n");
    put(&bench, "offer.yaml",
        BLOCK("offer",
            LAW("code") "strength: must_offer\n"
                        "scope: {subscriber: residential}\nverification:\n  "
                        "vectors:\n" VECTOR("no",
                            "age: 9, subscriber: residential",
                            "url: gambling.test", "decision: allow")
                            VECTOR("yes",
                                "age: 9, subscriber: residential, "
                                "accepts_offers: true",
                                "url: gambling.test",
                                "decision: block, rule_from: "
                                "\"cop:req:XX:test:offer\"")));
    put(&bench, "class.yaml",
        BLOCK("class",
            LAW("code") "strength_by_class: "
                        "{school_pupil: default_on, library_minor: "
                        "default_on_class}\n"
                        "scope: {age: {min: 0, max: 18}, exclude_subscriber: "
                        "[library_minor]}\nverification:\n  vectors:\n" VECTOR(
                            "pupil", "age: 17, subscriber: school_pupil",
                            "url: gambling.test",
                            "decision: block, level: default-on")
                            VECTOR("adult", "age: 18, subscriber: school_pupil",
                                "url: gambling.test",
                                "decision: allow") VECTOR("library",
                                "age: 9, subscriber: library_minor",
                                "url: gambling.test",
                                "decision: allow") VECTOR("early",
                                "age: 9, subscriber: school_pupil, "
                                "at: \"2025-12-31T23:59:59Z\"",
                                "url: gambling.test",
                                "decision: allow") VECTOR("last-day",
                                "age: 9, subscriber: school_pupil, "
                                "at: \"2030-12-31T23:59:59Z\"",
                                "url: gambling.test", "decision: block")
                                VECTOR("late",
                                    "age: 9, subscriber: school_pupil, "
                                    "at: \"2031-01-01T00:00:00Z\"",
                                    "url: gambling.test", "decision: allow")));
    build(&bench, "");
    bench_fini(&bench);
}

static void templates_appeals_and_labels_arrive(void **state)
{
    struct cop_bundle_info info;
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put(&bench, "m.yaml",
        MANIFEST "never_inspect: {categories: "
                 "[safety.helpline], hosts: [n.txt]}\n");
    put(&bench, "n.txt", "bank.example\n");
    put(&bench, "g.yaml", GAMBLING);
    put(&bench, "g.txt", "gambling.test\n");
    put(&bench, "t.yaml",
        "id: cop:template:young\ntitle: {en: \"Y\"}\n"
        "block: [comm.chat]\nallow_only: true\n"
        "allow: [gambling.real_money]\n");
    put(&bench, "x.yaml",
        "id: cop:taxonomy:1\ncategories:\n"
        "  comm.chat: {label: {en: \"Chat\"}}\n");
    put(&bench, "a.yaml",
        "id: cop:appeal:XX:1\nauthority: \"Authority\"\n"
        "of: cop:req:XX:test:r\nobject: \"https://ok.gambling.test/\"\n"
        "decided: 2026-02-01\nreason: \"wrong\"\n");
    put(&bench, "r.yaml",
        BLOCK("r",
            LAW("statute") "strength: mandatory\n"
                           "scope: {subscriber: [guest]}\nverification:\n  "
                           "vectors:\n" VECTOR("closed", "subscriber: guest",
                               "url: gambling.test",
                               "decision: block") VECTOR("appealed",
                               "subscriber: guest", "url: ok.gambling.test/x",
                               "decision: allow, level: appeal") VECTOR("only",
                               "age: 5, subscriber: residential, template: "
                               "young",
                               "url: other.test",
                               "decision: block, level: allow-only")
                               VECTOR("let-through",
                                   "age: 5, subscriber: residential, "
                                   "template: \"cop:template:young\"",
                                   "url: gambling.test", "decision: allow")));
    build(&bench, "");
    cop_bundle_info(bench.bundle, &info);
    assert_int_equal(info.templates, 1);
    assert_int_equal(info.appeals, 1);
    assert_int_equal(info.lists, 3);
    assert_true(eq(cop_bundle_category_label(
                       bench.bundle, COP_CAT_COMM_CHAT, NULL, 0, NULL),
        "Chat"));
    bench_fini(&bench);
}

/* A draft decides nothing, and what it lacks is only noted. */
static void drafts_are_dry_runs(void **state)
{
    struct cop_requirement r;
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "d.yaml",
        "id: cop:req:XX:test:draft\nversion: 1\nstatus: draft\nkind: label\n"
        "title: {en: \"T\"}\naction: warn\nstrength: mandatory\n"
        "scope: {schedule: {windows: [{from: \"20:00\", to: \"06:00\"}]}}\n"
        "target: {label: [{scheme: rta}], feature: [safe_search], "
        "list: [{ref: \"list:x\", object: port}]}\n"
        "legal: {jurisdiction: [XX], instrument: {name: a, type: code}}\n"
        "verification:\n  vectors:\n" VECTOR(
            "v", "age: 1", "url: a.test", "decision: block"));
    assert_int_equal(compile(&bench), COP_OK);
    assert_int_equal(bench.findings.report.errors, 0);
    assert_int_equal(bench.findings.report.warnings, 0);
    assert_true(findings_have(&bench.findings, "note d.yaml:4:7 unsupported"));
    assert_true(findings_have(&bench.findings, "note d.yaml:6:9 unsupported"));
    assert_true(findings_have(&bench.findings, "note d.yaml:10:8 L01"));
    assert_true(findings_have(&bench.findings,
        "vectors not run: 1, because the requirement is not in force"));
    assert_int_equal(cop_bundle_open_memory(bench.image.bytes, bench.image.n,
                         "t", NULL, &bench.bundle),
        COP_OK);
    cop_bundle_requirement(bench.bundle, 0, &r);
    assert_false(r.is_in_force);
    bench_fini(&bench);
}

/* A vector without a time of its own sees its requirement at work. */
static void vectors_of_the_future_run_in_the_future(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench);
    bench.options.now_unix = 1700000000; /* 2023 */
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "g.yaml", GAMBLING);
    put(&bench, "g.txt", "gambling.test\n");
    put(&bench, "r.yaml",
        BLOCK("r",
            LAW("statute") "strength: mandatory\n"
                           "verification:\n  vectors:\n" VECTOR("v", "age: 9",
                               "url: gambling.test", "decision: block")));
    build(&bench, "note r.yaml:13:24 L05 the requirement takes effect on "
                  "2026-01-01, by itself\n");
    bench_fini(&bench);
}

/* ---- always the same ---- */

static void put_small(const struct bench *bench, const char *folder)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s/m.yaml", folder);
    put(bench, name, MANIFEST);
    (void)snprintf(name, sizeof(name), "%s/g.yaml", folder);
    put(bench, name, GAMBLING);
    (void)snprintf(name, sizeof(name), "%s/g.txt", folder);
    put(bench, name, "gambling.test\nbetting.example\ngambling.test\n");
    (void)snprintf(name, sizeof(name), "%s/z/a.yaml", folder);
    put(bench, name,
        BLOCK("a",
            LAW("statute") "strength: mandatory\n"
                           "verification:\n  vectors:\n" VECTOR("v", "age: 9",
                               "url: gambling.test", "decision: block")));
}

static void compile_paths(struct bench *bench, const char *const *paths,
    size_t n, struct cop_image *out)
{
    findings_init(&bench->findings);
    assert_int_equal(
        cop_compile(paths, n, &bench->options, &bench->findings.report, out),
        COP_OK);
}

static void same_sources_same_bytes(void **state)
{
    char one[128];
    char two[128];
    char part[128];
    const char *folder = one;
    const char *copy = two;
    const char *twice[2] = {part, one};
    struct cop_image a = {NULL, 0};
    struct cop_image b = {NULL, 0};
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put_small(&bench, "one");
    put_small(&bench, "elsewhere/two");
    (void)snprintf(one, sizeof(one), "%s/one", bench.dir.path);
    (void)snprintf(part, sizeof(part), "%s/one/z", bench.dir.path);
    (void)snprintf(two, sizeof(two), "%s/elsewhere/./two", bench.dir.path);
    compile_paths(&bench, &folder, 1, &a);

    bench.options.now_unix += 86400;
    compile_paths(&bench, &copy, 1, &b);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.bytes, b.bytes, a.n);
    cop_image_free(&b);

    /* A file that is reached twice counts once, and by its longest name. */
    compile_paths(&bench, twice, 2, &b);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.bytes, b.bytes, a.n);
    cop_image_free(&a);
    cop_image_free(&b);
    bench_fini(&bench);
}

static void files_given_one_by_one_in_any_order(void **state)
{
    char m[128];
    char g[128];
    char a[128];
    const char *forth[3] = {m, g, a};
    const char *back[3] = {a, g, m};
    struct cop_image x = {NULL, 0};
    struct cop_image y = {NULL, 0};
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put_small(&bench, "one");
    (void)snprintf(m, sizeof(m), "%s/one/m.yaml", bench.dir.path);
    (void)snprintf(g, sizeof(g), "%s/one/g.yaml", bench.dir.path);
    (void)snprintf(a, sizeof(a), "%s/one/z/a.yaml", bench.dir.path);
    compile_paths(&bench, forth, 3, &x);
    compile_paths(&bench, back, 3, &y);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.bytes, y.bytes, x.n);
    cop_image_free(&x);
    cop_image_free(&y);
    bench_fini(&bench);
}

/* ---- options and failures ---- */

struct steps {
    char text[1024];
    uint64_t last;
};

static void count_steps(
    void *context, const char *step, uint64_t done, uint64_t total)
{
    struct steps *steps = context;

    assert_true(total == 0 ? done == 0 : done <= total);
    if (strstr(steps->text, step) == NULL) {
        size_t used = strlen(steps->text);

        (void)snprintf(
            steps->text + used, sizeof(steps->text) - used, "%s;", step);
    }
    steps->last = done;
}

static void progress_is_told(void **state)
{
    struct steps steps = {.text = ""};
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put_small(&bench, "one");
    bench.options.progress = count_steps;
    bench.options.progress_context = &steps;
    assert_int_equal(compile(&bench), COP_OK);
    assert_string_equal(steps.text,
        "reading documents;reading lists;checking;writing;"
        "running test vectors;");
    bench_fini(&bench);
}

static void vectors_can_be_skipped_and_warnings_can_count(void **state)
{
    const char *path;
    struct bench bench;

    (void)state;
    bench_init(&bench);
    path = bench.dir.path;
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "g.yaml",
        "id: cop:list:g\nformat: domains\nlicence: x\n"
        "categories: [comm.chat]\nentries: [com]\n");
    put(&bench, "r.yaml",
        BLOCK("r",
            LAW("statute") "strength: mandatory\n"
                           "verification:\n  vectors:\n" VECTOR("v", "age: 9",
                               "url: a.test", "decision: block")));
    assert_int_equal(compile(&bench), COP_E_VECTOR);
    assert_null(bench.image.bytes);
    assert_true(findings_have(&bench.findings,
        "expected block, decided allow, level none, requirement none, no "
        "rule of a list"));
    bench.options.skip_vectors = true;
    assert_int_equal(compile(&bench), COP_OK);
    assert_non_null(bench.image.bytes);
    cop_image_free(&bench.image);
    findings_init(&bench.findings);
    assert_int_equal(
        cop_compile(&path, 1, &bench.options, &bench.findings.report, NULL),
        COP_OK);
    bench.options.warnings_fail = true;
    assert_int_equal(compile(&bench), COP_E_CHECK);
    assert_true(findings_have(&bench.findings, "error -:0:0 warnings"));
    bench_fini(&bench);
}

/* More subjects than one policy can hold are asked in turns. */
static void thousands_of_vectors_run(void **state)
{
    enum { N = COP_PROFILES_MAX + 50 };
    struct bench bench;
    size_t room = N * 100 + 4096;
    char *text = malloc(room);
    size_t used;

    (void)state;
    assert_non_null(text);
    bench_init(&bench);
    used = (size_t)snprintf(text, room, "%s",
        BLOCK("r", LAW("statute") "strength: mandatory\n"
                                  "verification:\n  vectors:\n"));
    for (unsigned i = 0; i < N; i++) {
        used += (size_t)snprintf(text + used, room - used,
            "    - {id: v%u, when: {sni: a.test}, then: {decision: %s}}\n", i,
            i == N - 1 ? "block" : "allow");
    }
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "r.yaml", text);
    assert_int_equal(compile(&bench), COP_E_VECTOR);
    assert_int_equal(bench.findings.report.errors, 1);
    assert_true(findings_have(&bench.findings, "the vector v4145 does not"));
    free(text);
    bench_fini(&bench);
}

static void missing_things_are_told(void **state)
{
    const char *nowhere = "/nonexistent/sources";
    struct bench bench;

    (void)state;
    bench_init(&bench);
    assert_int_equal(compile(&bench), COP_E_CHECK);
    assert_true(findings_have(&bench.findings, "there is no document"));
    put(&bench, "g.yaml", GAMBLING);
    put(&bench, "g.txt", "gambling.test\n");
    put(&bench, "n.yml", MANIFEST);
    put(&bench, ".hidden/m.yaml", MANIFEST);
    put(&bench, ".m.yaml", MANIFEST);
    assert_int_equal(compile(&bench), COP_E_CHECK);
    assert_true(findings_have(&bench.findings,
        "error -:0:0 bundle no document says what this bundle is"));
    assert_true(findings_have(&bench.findings, "warning n.yml:0:0 io"));
    assert_int_equal(bench.findings.report.errors, 1);
    assert_int_equal(
        cop_compile(&nowhere, 1, &bench.options, &bench.findings.report, NULL),
        COP_E_IO);
    assert_true(findings_have(&bench.findings, "error sources:0:0 io"));
    bench_fini(&bench);
}

static void an_oversized_document_is_refused(void **state)
{
    struct bench bench;
    char *text = malloc((4 << 20) + 100);

    (void)state;
    assert_non_null(text);
    memset(text, '#', (4 << 20) + 99);
    text[(4 << 20) + 99] = '\0';
    bench_init(&bench);
    put(&bench, "m.yaml", MANIFEST);
    put(&bench, "big.yaml", text);
    free(text);
    assert_int_equal(compile(&bench), COP_E_CHECK);
    assert_true(findings_have(&bench.findings, "error big.yaml:0:0 limit"));
    bench_fini(&bench);
}

static void too_many_lists_are_refused(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench);
    put(&bench, "m.yaml", MANIFEST);
    for (unsigned i = 0; i <= COP_LISTS_MAX; i++) {
        char name[32];
        char text[256];

        (void)snprintf(name, sizeof(name), "l%u.yaml", i);
        (void)snprintf(text, sizeof(text),
            "id: cop:list:l%u\nformat: domains\ncategories: [comm.chat]\n"
            "licence: x\nentries: [a.test]\n",
            i);
        put(&bench, name, text);
    }
    assert_int_equal(compile(&bench), COP_E_CHECK);
    assert_true(
        findings_have(&bench.findings, "limit the sources have 513 lists"));
    bench_fini(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_requirement_arrives_whole),
        cmocka_unit_test(status_451_is_for_demands_of_the_law),
        cmocka_unit_test(lists_of_every_kind_match),
        cmocka_unit_test(who_it_is_about_is_kept),
        cmocka_unit_test(templates_appeals_and_labels_arrive),
        cmocka_unit_test(drafts_are_dry_runs),
        cmocka_unit_test(vectors_of_the_future_run_in_the_future),
        cmocka_unit_test(same_sources_same_bytes),
        cmocka_unit_test(files_given_one_by_one_in_any_order),
        cmocka_unit_test(progress_is_told),
        cmocka_unit_test(vectors_can_be_skipped_and_warnings_can_count),
        cmocka_unit_test(thousands_of_vectors_run),
        cmocka_unit_test(missing_things_are_told),
        cmocka_unit_test(an_oversized_document_is_refused),
        cmocka_unit_test(too_many_lists_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
