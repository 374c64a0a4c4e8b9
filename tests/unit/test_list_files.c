/* Lists of every format from documents to decisions: what they name, where it
 * was written, and what is told of what is not used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "cop/compile.h"
#include "cop/decide.h"
#include "tests/unit/findings.h"
#include "tests/unit/sources.h"

#define MANIFEST                                                               \
    "id: cop:bundle:t\ntitle: {en: \"T\"}\nissuer: t\nlicence: t\n"            \
    "revision: \"1\"\n"
#define LIST(name, keys) "id: cop:list:" name "\nlicence: t\n" keys

struct bench {
    struct sources_dir dir;
    struct findings findings;
    struct cop_image image;
    struct cop_policy *policy;
    struct cop_matcher *matcher;
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.policy = NULL};
    findings_init(&bench->findings);
    assert_true(sources_dir_make(&bench->dir));
    assert_true(sources_dir_put(&bench->dir, "m.yaml", MANIFEST));
}

static void bench_fini(struct bench *bench)
{
    cop_matcher_free(&bench->matcher);
    cop_policy_free(&bench->policy);
    cop_image_free(&bench->image);
    sources_dir_remove(&bench->dir);
}

static void put(struct bench *bench, const char *name, const char *text)
{
    assert_true(sources_dir_put(&bench->dir, name, text));
}

static enum cop_status compile(struct bench *bench)
{
    const struct cop_compile_options options = {.now_unix = 1};
    const char *path = bench->dir.path;

    return cop_compile(
        &path, 1, &options, &bench->findings.report, &bench->image);
}

static void compile_well(struct bench *bench)
{
    struct cop_bundle *bundle = NULL;

    if (compile(bench) != COP_OK) {
        fail_msg("%s", bench->findings.text);
    }
    assert_int_equal(cop_bundle_open_memory(bench->image.bytes, bench->image.n,
                         "t", NULL, &bundle),
        COP_OK);
    assert_int_equal(cop_policy_new(&bundle, 1, NULL, &bench->policy), COP_OK);
    cop_bundle_drop(&bundle);
    assert_int_equal(cop_matcher_new(&bench->matcher), COP_OK);
}

/* "list kind:text file:line" of the only rule that matches; "" of none. */
static void expect(struct bench *bench, const char *text, const char *expected)
{
    static struct cop_class class;
    struct cop_rule rule;
    struct cop_url url;
    char found[512] = "";

    assert_int_equal(cop_url_parse(cop_slice_of(text), &url), COP_OK);
    cop_classify(bench->policy, bench->matcher, &url, &class);
    if (class.n > 0) {
        cop_rule_describe(bench->policy, &class.hits[0], &url.host, &rule);
        (void)snprintf(found, sizeof(found), "%.*s %s:%.*s %.*s:%u",
            (int)rule.list.n, rule.list.p, rule.kind, (int)rule.text.n,
            rule.text.p, (int)rule.file.n, rule.file.p, rule.line);
    }
    assert_string_equal(found, expected);
}

static void folders_keep_their_files(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: squidguard\nfile: lists/games\n"
                  "categories: [media.games]\n"));
    put(&b, "lists/games/domains", "\n# note\na.example\n192.0.2.7\n");
    put(&b, "lists/games/urls", "b.example/play\n");
    put(&b, "lists/games/expressions", "^https?://[^/]*\\<arcade[0-9]/\n");
    put(&b, "lists/games/usage", "whatever this is\n");
    compile_well(&b);
    expect(&b, "www.a.example",
        "cop:list:l domain:a.example "
        "lists/games/domains:3");
    expect(&b, "192.0.2.7",
        "cop:list:l address:192.0.2.7 "
        "lists/games/domains:4");
    expect(&b, "b.example/play/1",
        "cop:list:l url:b.example/play "
        "lists/games/urls:1");
    expect(&b, "b.example", "");
    assert_true(findings_have(&b.findings, "warning expressions:1:16 "
                                           "expression"));
    bench_fini(&b);
}

static void folders_need_a_file(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: squidguard\nfile: games\n"
                  "categories: [media.games]\n"));
    put(&b, "games/usage", "x\n");
    assert_int_equal(compile(&b), COP_E_CHECK);
    assert_true(findings_have(&b.findings,
        "error l.yaml:4:7 list there is no file domains, urls or expressions"));
    bench_fini(&b);
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: squidguard\nfile: games\n"
                  "categories: [media.games]\n"));
    put(&b, "games/domains", "a.example\nb c\n");
    put(&b, "games/urls", "a.example/\nftp://b.example/\n");
    assert_int_equal(compile(&b), COP_E_CHECK);
    assert_true(findings_have(&b.findings, "error domains:2:1 list"));
    bench_fini(&b);
}

static void zones_say_what_is_not_used(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: rpz\nfile: zone\ncategories: [media.games]\n"));
    put(&b, "zone",
        "$TTL 60\n@ SOA localhost. root.localhost. 1 1 1 1 1\n"
        "a.example CNAME .\n*.b.example CNAME .\n"
        "c.example CNAME rpz-passthru.\nd.example CNAME rpz-passthru.\n"
        "24.0.2.0.192.rpz-ip CNAME .\n");
    compile_well(&b);
    expect(&b, "a.example", "cop:list:l host:a.example zone:3");
    expect(&b, "www.a.example", "");
    expect(&b, "www.b.example", "cop:list:l below:b.example zone:4");
    expect(&b, "b.example", "");
    expect(&b, "c.example", "");
    assert_true(findings_have(&b.findings,
        "note zone:5:0 unused 2 lines are not used: names that are opened "
        "(rpz-passthru)"));
    assert_true(findings_have(&b.findings,
        "note zone:7:0 unused 1 line is not used: rules about the address"));
    bench_fini(&b);
}

static void networks_and_dnsmasq(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: cidr\nfile: l.cidr\ncategories: [media.games]\n"));
    put(&b, "l.cidr", "192.0.2.0/24\n2001:db8::/32\n");
    put(&b, "k.yaml",
        LIST(
            "k", "format: dnsmasq\nfile: k.conf\ncategories: [media.games]\n"));
    put(&b, "k.conf", "address=/a.example/b.example/0.0.0.0\n");
    put(&b, "i.yaml",
        LIST("i", "format: cidr\nobject: ip\nentries: [198.51.100.1]\n"
                  "categories: [media.games]\n"));
    compile_well(&b);
    expect(&b, "http://192.0.2.9/", "cop:list:l network:192.0.2.0/24 l.cidr:1");
    expect(&b, "http://[2001:db8::9]/",
        "cop:list:l network:2001:db8::/32 "
        "l.cidr:2");
    expect(&b, "x.b.example", "cop:list:k domain:b.example k.conf:1");
    expect(&b, "http://198.51.100.1/",
        "cop:list:i network:198.51.100.1/32 "
        "i.yaml:5");
    bench_fini(&b);
}

static void tables_map_categories(void **state)
{
    static const char table[] = "type;name\nbet;a.example\nchat;\"b.example\"\n"
                                "other;c.example\nbet;d.example\n";
    struct bench b;

    (void)state;
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: csv\nfile: l.csv\ndelimiter: \";\"\nheader: true\n"
                  "columns: {name: name, category: type}\n"
                  "category_map: {bet: [gambling.real_money], chat: "
                  "[comm.chat]}\n"));
    put(&b, "l.csv", table);
    put(&b, "k.yaml",
        LIST("k", "format: csv\nfile: l.csv\ndelimiter: \";\"\nheader: true\n"
                  "columns: {name: 2, category: 1}\n"
                  "category_map: {bet: [gambling.real_money], chat: "
                  "[comm.chat]}\ncategories: [media.games]\n"));
    compile_well(&b);
    expect(&b, "a.example", "cop:list:k#bet domain:a.example l.csv:2");
    expect(&b, "b.example", "cop:list:k#chat domain:b.example l.csv:3");
    expect(&b, "c.example", "cop:list:k domain:c.example l.csv:4");
    assert_true(findings_have(&b.findings,
        "note l.csv:4:0 unused 1 line is not used: rows whose category"));
    bench_fini(&b);
}

static void packed_lists_are_lists(void **state)
{
    struct bench b;
    char path[128];
    gzFile file;

    (void)state;
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: domains\nfile: l.gz\ncategories: [media.games]\n"));
    (void)snprintf(path, sizeof(path), "%s/l.gz", b.dir.path);
    file = gzopen(path, "wb");
    assert_int_equal(gzputs(file, "a.example\nb.example\n"), 20);
    assert_int_equal(gzclose(file), Z_OK);
    compile_well(&b);
    expect(&b, "b.example", "cop:list:l domain:b.example l.gz:2");
    bench_fini(&b);
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: domains\nfile: l.gz\ncategories: [media.games]\n"));
    put(&b, "l.gz", "\x1F\x8B\x08");
    assert_int_equal(compile(&b), COP_E_CHECK);
    assert_true(findings_have(
        &b.findings, "error l.gz:0:0 list the packed data end too early"));
    bench_fini(&b);
}

static void wrong_lines_may_be_allowed(void **state)
{
    char text[2048] = "a.example\n";
    struct bench b;

    (void)state;
    for (unsigned i = 0; i < 25; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, sizeof(text) - used, "b c%u\n%s", i,
            i == 24 ? "z.example\n" : "");
    }
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: domains\nfile: l\nbad_lines: 25\n"
                  "categories: [media.games]\n"));
    put(&b, "l", text);
    compile_well(&b);
    expect(&b, "z.example", "cop:list:l domain:z.example l:27");
    assert_true(findings_have(
        &b.findings, "warning l:2:1 list \"b c0\" is no domain; passed over"));
    assert_true(findings_have(&b.findings,
        "warning l:0:0 list 25 lines of this list are wrong and were passed"));
    assert_null(strstr(b.findings.text, "b c20"));
    bench_fini(&b);
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: domains\nfile: l\nbad_lines: 24\n"
                  "categories: [media.games]\n"));
    put(&b, "l", text);
    assert_int_equal(compile(&b), COP_E_CHECK);
    assert_true(findings_have(&b.findings, "error l:26:1 list \"b c24\" is"));
    assert_true(findings_have(
        &b.findings, "more than the 24 wrong lines that bad_lines allows"));
    bench_fini(&b);
}

/* What every URL is tried on is told, with what that costs. */
static void what_no_literal_leads_to(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b);
    put(&b, "l.yaml",
        LIST("l", "format: adblock\nfile: l\ncategories: [media.games]\n"));
    put(&b, "l",
        "/track[0-9]+/\n/[0-9]x[0-9]/\n/[0-9]y[0-9]/$script\n"
        "/[0-9]z[0-9]/$domain=a.example\n/(banner|[0-9])/\n");
    put(&b, "p.yaml",
        LIST("p", "format: patterns\nfile: p\ncategories: [media.games]\n"));
    put(&b, "p", "casino\n[0-9]x[0-9]\n");
    compile_well(&b);
    assert_true(findings_have(&b.findings,
        "note l:2:1 pattern no literal and no source leads to 3 expressions "
        "of this list; every new URL is tried on them, at about "));
    assert_true(findings_have(
        &b.findings, "warning p:2:1 pattern no literal leads to this pattern"));
    bench_fini(&b);
}

static void keys_are_checked(void **state)
{
    static const struct {
        const char *keys;
        const char *finding;
    } rows[] = {
        {"format: rpz\nobject: host\nfile: x\ncategories: [media.games]\n",
            "format: rpz does not fit the object"},
        {"format: cidr\nobject: domain\nfile: x\ncategories: [media.games]\n",
            "format: cidr does not fit the object"},
        {"format: rpz\nentries: [a]\ncategories: [media.games]\n",
            "format: rpz is for files"},
        {"format: csv\nfile: x\ncategories: [media.games]\n",
            "nothing says which column has the names"},
        {"format: csv\nfile: x\ncolumns: {name: 0}\n"
         "categories: [media.games]\n",
            "value"},
        {"format: csv\nfile: x\nheader: false\ncolumns: {name: n}\n"
         "categories: [media.games]\n",
            "a header that is not there"},
        {"format: csv\nfile: x\ndelimiter: xy\ncolumns: {name: 1}\n"
         "categories: [media.games]\n",
            "\"xy\" is no delimiter"},
        {"format: domains\nfile: x\ncolumns: {name: 1}\n"
         "categories: [media.games]\n",
            "are for format: csv"},
        {"format: csv\nfile: x\ncolumns: {name: 1}\n"
         "category_map: {a: [media.games]}\n",
            "a column of categories needs a category_map"},
        {"format: csv\nfile: x\ncolumns: {name: 1, category: 2}\n"
         "categories: [media.games]\n",
            "a column of categories needs a category_map"},
        {"format: csv\nfile: x\ncolumns: {name: 1, category: 2}\n"
         "category_map: {a: []}\n",
            "this value has no category"},
        {"format: domains\nfile: x\n", "the key categories is missing"},
        {"format: domains\nobject: port\nfile: x\ncategories: [media.games]\n",
            "cannot match a list of object port"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        struct bench b;

        bench_init(&b);
        (void)snprintf(text, sizeof(text), LIST("l", "%s"), rows[i].keys);
        put(&b, "l.yaml", text);
        put(&b, "x", "a.example\n");
        assert_int_equal(compile(&b), COP_E_CHECK);
        assert_true(findings_have(&b.findings, rows[i].finding));
        bench_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_keep_their_files),
        cmocka_unit_test(folders_need_a_file),
        cmocka_unit_test(zones_say_what_is_not_used),
        cmocka_unit_test(networks_and_dnsmasq),
        cmocka_unit_test(tables_map_categories),
        cmocka_unit_test(packed_lists_are_lists),
        cmocka_unit_test(wrong_lines_may_be_allowed),
        cmocka_unit_test(what_no_literal_leads_to),
        cmocka_unit_test(keys_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
