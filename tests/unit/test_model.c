/* The model: order, uniqueness, effects, entries, and objects as people write
 * them; and the helpers that documents are read with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cop/decide.h"
#include "rules/model/model.h"
#include "rules/read/documents.h"
#include "rules/read/source.h"
#include "tests/unit/findings.h"
#include "tests/unit/sources.h"

struct bench {
    struct arena arena;
    struct findings findings;
    struct cop_compile_options options;
    struct facts facts;
    struct model model;
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){.options = {.now_unix = 1795514400}};
    arena_init(&bench->arena, 16 << 20);
    findings_init(&bench->findings);
}

static void bench_fini(struct bench *bench)
{
    model_fini(&bench->model);
    arena_fini(&bench->arena);
}

static enum cop_status learn(
    struct bench *bench, const char *name, const char *text)
{
    struct document document = {
        .path = cop_slice_of(name), .name = cop_slice_of(name)};

    yaml_init(&document.yaml, name, &bench->arena, &bench->findings.report);
    return document_read(&document, cop_slice_of(text), &bench->facts);
}

static enum cop_status build(struct bench *bench)
{
    return model_build(&bench->model, &bench->facts, &bench->options,
        &bench->findings.report, &bench->arena);
}

/* ---- order and uniqueness ---- */

#define TEMPLATE(name) "id: cop:template:" name "\ntitle: {en: \"x\"}\n"

static void documents_are_ordered_by_id(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench);
    assert_int_equal(learn(&bench, "1.yaml", TEMPLATE("b")), COP_OK);
    assert_int_equal(learn(&bench, "2.yaml", TEMPLATE("c")), COP_OK);
    assert_int_equal(learn(&bench, "3.yaml", TEMPLATE("a")), COP_OK);
    assert_int_equal(learn(&bench, "0.yaml", TEMPLATE("c")), COP_OK);
    assert_int_equal(bench.facts.documents, 4);
    assert_int_equal(build(&bench), COP_OK);
    assert_int_equal(bench.model.templates.n, 3);
    assert_string_equal(
        model_template(&bench.model, 0)->head.id.p, "cop:template:a");
    assert_string_equal(
        model_template(&bench.model, 2)->head.id.p, "cop:template:c");
    assert_int_equal(bench.findings.report.errors, 1);
    assert_true(findings_have(&bench.findings,
        "error 2.yaml:1:1 id the id cop:template:c is here a second time; "
        "the first is in 0.yaml:1"));
    bench_fini(&bench);
}

/* A document with errors leaves nothing behind. */
static void half_documents_are_dropped(void **state)
{
    struct bench bench;

    (void)state;
    bench_init(&bench);
    assert_int_equal(
        learn(&bench, "1.yaml", TEMPLATE("a") "blok: []\n"), COP_E_SYNTAX);
    assert_int_equal(bench.facts.documents, 0);
    assert_null(bench.facts.templates);
    bench_fini(&bench);
}

static void memory_is_bounded(void **state)
{
    struct bench bench;
    enum cop_status status = COP_OK;

    (void)state;
    bench_init(&bench);
    arena_fini(&bench.arena);
    arena_init(&bench.arena, 3000);
    for (unsigned i = 0; i < 100 && status == COP_OK; i++) {
        status = learn(&bench, "1.yaml", TEMPLATE("a"));
    }
    assert_int_equal(status, COP_E_NOMEM);
    bench_fini(&bench);
}

static void requirements_are_found_by_id(void **state)
{
    static const char *const ids[] = {"b", "d", "f"};
    struct bench bench;

    (void)state;
    bench_init(&bench);
    for (size_t i = 0; i < 3; i++) {
        char text[256];

        (void)snprintf(text, sizeof(text),
            "id: cop:req:XX:m:%s\nversion: 1\nstatus: draft\nkind: process\n"
            "title: {en: \"x\"}\nstrength: mandatory\nlegal: {jurisdiction: "
            "[XX], instrument: {name: x, type: code}}\n",
            ids[i]);
        assert_int_equal(learn(&bench, "r.yaml", text), COP_OK);
    }
    assert_int_equal(build(&bench), COP_OK);
    assert_int_equal(
        model_find_requirement(&bench.model, COP_LIT("cop:req:XX:m:b")), 0);
    assert_int_equal(
        model_find_requirement(&bench.model, COP_LIT("cop:req:XX:m:f")), 2);
    assert_int_equal(
        model_find_requirement(&bench.model, COP_LIT("cop:req:XX:m:c")),
        COP_NONE);
    assert_int_equal(
        model_find_requirement(&bench.model, COP_LIT("")), COP_NONE);
    bench_fini(&bench);
}

/* ---- effects ---- */

static struct fact_requirement plain(void)
{
    struct fact_requirement r = {
        .status = STATUS_IN_FORCE,
        .kind = KIND_CATEGORY,
        .action = DO_BLOCK,
        .strength = COP_STRENGTH_MANDATORY,
        .time = {.from_unix = INT64_MIN, .until_unix = INT64_MAX},
        .scope = {.age_max = 18},
    };

    cop_catset_add(&r.target.categories.set, COP_CAT_COMM_CHAT);
    return r;
}

static void effects_follow_strength_and_status(void **state)
{
    struct fact_requirement r = plain();

    (void)state;
    assert_int_equal(model_effect_of(&r), EFFECT_MANDATORY);
    r.lock = COP_LOCK_NATIONAL;
    assert_int_equal(model_effect_of(&r), EFFECT_LOCKED);
    r.action = DO_ALLOW;
    assert_int_equal(model_effect_of(&r), EFFECT_MANDATORY);
    r = plain();
    r.strength = COP_STRENGTH_DEFAULT_ON_CLASS;
    assert_int_equal(model_effect_of(&r), EFFECT_DEFAULT);
    r.strength = COP_STRENGTH_REQUIRED_DECISION;
    assert_int_equal(model_effect_of(&r), EFFECT_OFFERED);
    r.status = STATUS_SUSPENDED;
    assert_int_equal(model_effect_of(&r), EFFECT_NONE);
    r = plain();
    r.kind = KIND_PROCESS;
    assert_int_equal(model_effect_of(&r), EFFECT_NONE);
    r = plain();
    r.action = DO_INFORM;
    assert_true(model_is_inert(&r));
    r.action = DO_OFFER;
    assert_false(model_is_inert(&r));
    assert_int_equal(model_effect_of(&r), EFFECT_OFFERED);
}

static void overlap_needs_people_and_time(void **state)
{
    struct fact_requirement a = plain();
    struct fact_requirement b = plain();

    (void)state;
    assert_true(model_overlap(&a, &b));
    b.scope.age_min = 18;
    b.scope.age_max = 30;
    assert_false(model_overlap(&a, &b));
    b = plain();
    a.scope.subscribers = 1;
    assert_true(model_overlap(&a, &b));
    b.scope.subscribers = 2;
    assert_false(model_overlap(&a, &b));
    b.scope.subscribers = 3;
    assert_true(model_overlap(&a, &b));
    a.time.until_unix = 100;
    b.time.from_unix = 100;
    assert_false(model_overlap(&a, &b));
}

static void covering_is_for_all_people_and_all_time(void **state)
{
    struct fact_requirement a = plain();
    struct fact_requirement b = plain();

    (void)state;
    assert_true(model_covers(&a, &b));
    b.scope.age_min = 7;
    assert_true(model_covers(&a, &b));
    assert_false(model_covers(&b, &a));
    a.scope.subscribers = 3;
    assert_false(model_covers(&a, &b)); /* b is about any class */
    b.scope.subscribers = 2;
    assert_true(model_covers(&a, &b));
    a.time.from_unix = 5;
    assert_false(model_covers(&a, &b));
}

/* Where the stronger one makes an exception, the weaker one may still decide.
 */
static void exceptions_cast_no_shadow(void **state)
{
    const struct fact_list list = {.semantics = LIST_SAYS_ALLOW};
    struct fact_requirement lock = plain();
    struct fact_requirement law = plain();
    const struct fact_head *heads[] = {&lock.head, &law.head};
    struct model model = {.requirements = {heads, 2}};

    (void)state;
    lock.lock = COP_LOCK_NATIONAL;
    assert_int_equal(model_shadowed_by(&model, 0), COP_NONE);
    assert_int_equal(model_shadowed_by(&model, 1), 0);
    lock.target.lists = &list;
    lock.target.lists_n = 1;
    assert_int_equal(model_shadowed_by(&model, 1), COP_NONE);
}

/* ---- entries and objects ---- */

static void entries_are_packed_and_bounded(void **state)
{
    struct arena arena;
    struct entries entries;
    char text[32];
    unsigned n = 0;

    (void)state;
    arena_init(&arena, 200000);
    entries_init(&entries, &arena);
    for (;; n++) {
        struct tables_entry entry = {.line = n, .object = ENTRY_HOST};

        entry.text.n = (size_t)snprintf(text, sizeof(text), "host-%07u", n);
        entry.text.p = text;
        if (!entries_add(&entries, &entry)) {
            break;
        }
    }
    assert_true(n > 10000); /* twelve bytes each, nothing wasted */
    assert_true(entries.is_full);
    assert_int_equal(entries.n, n);
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(text, sizeof(text), "host-%07u", i);
        assert_true(cop_slice_eq(entries.p[i].text, cop_slice_of(text)));
        assert_int_equal(entries.p[i].line, i);
    }
    entries_fini(&entries);
    arena_fini(&arena);
}

static void objects_are_hosts_or_urls(void **state)
{
    static const struct {
        const char *text;
        const char *canonical; /* NULL: refused */
        enum entry_object object;
    } rows[] = {
        {"example.com", "example.com", ENTRY_DOMAIN},
        {"https://Example.com/", "example.com", ENTRY_DOMAIN},
        {"https://example.com", "example.com", ENTRY_DOMAIN},
        {"*.example.com", "example.com", ENTRY_BELOW},
        {"example.com/a", "example.com/a", ENTRY_URL},
        {"https://example.com/a?b", "example.com/a?b", ENTRY_URL},
        {"https://example.com/?b", "example.com/?b", ENTRY_URL},
        {"example.com:8443", "example.com:8443/", ENTRY_URL},
        {"https://example.com:8443/", "example.com:8443/", ENTRY_URL},
        {"192.0.2.1", "192.0.2.1", ENTRY_HOST},
        {"http://192.0.2.1/", "192.0.2.1", ENTRY_HOST},
        {"2001:db8::1", "2001:db8::1", ENTRY_HOST},
        {"https://[2001:db8::1]/", "2001:db8::1", ENTRY_HOST},
        {"not a host", NULL, ENTRY_HOST},
        {"#", NULL, ENTRY_HOST},
        {"ftp://example.com/a", NULL, ENTRY_HOST},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tables_list list = {.name = COP_LIT("l")};
        const struct fact_entry entry = {
            cop_slice_of(rows[i].text), {"p.yaml", 3, 9}};
        struct model_list *added;
        struct bench bench;

        bench_init(&bench);
        assert_int_equal(build(&bench), COP_OK);
        assert_true(model_reserve_lists(&bench.model, 1));
        added = model_add_list(&bench.model, &list, NULL, &entry.place);
        assert_non_null(added);
        assert_null(model_add_list(&bench.model, &list, NULL, &entry.place));
        assert_int_equal(model_add_object(&bench.model, added, &entry,
                             ENTRY_DOMAIN, COP_LIT("p.yaml")),
            COP_OK);
        if (rows[i].canonical == NULL) {
            assert_int_equal(added->n, 0);
            assert_true(
                findings_have(&bench.findings, "error p.yaml:3:9 list"));
        } else {
            const struct tables_entry *got = bench.model.entries.p;

            assert_int_equal(added->n, 1);
            if (!cop_slice_eq(got->text, cop_slice_of(rows[i].canonical))) {
                print_error(
                    "%s: %.*s\n", rows[i].text, (int)got->text.n, got->text.p);
            }
            assert_true(
                cop_slice_eq(got->text, cop_slice_of(rows[i].canonical)));
            assert_int_equal(got->object, rows[i].object);
            assert_int_equal(got->line, 3);
            assert_string_equal(bench.model.files[got->file].p, "p.yaml");
        }
        bench_fini(&bench);
    }
}

/* ---- reading documents ---- */

static void paths_are_beside_their_document(void **state)
{
    static const struct {
        const char *document;
        const char *file;
        const char *name;
    } rows[] = {
        {"a.yaml", "x.txt", "x.txt"},
        {"d/a.yaml", "x.txt", "d/x.txt"},
        {"d/a.yaml", "../x.txt", "x.txt"},
        {"d/e/a.yaml", "../../x/./y.txt", "x/y.txt"},
        {"d/a.yaml", "../../x.txt", "../x.txt"},
        {"a.yaml", "../x/../../y.txt", "../../y.txt"},
        {"d/a.yaml", "e//x.txt", "d/e/x.txt"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;
        struct document document = {.path = COP_LIT("/s/d/a.yaml"),
            .name = cop_slice_of(rows[i].document)};
        struct yaml_node node = {.kind = YAML_TEXT,
            .is_plain = true,
            .text = cop_slice_of(rows[i].file)};
        struct fact_list list = {.object = ENTRY_DOMAIN};
        char path[64];

        bench_init(&bench);
        yaml_init(
            &document.yaml, "a.yaml", &bench.arena, &bench.findings.report);
        assert_true(fact_read_path(&document, &document.yaml, &node, &list));
        assert_string_equal(list.name.p, rows[i].name);
        (void)snprintf(path, sizeof(path), "/s/d/%s", rows[i].file);
        assert_string_equal(list.path.p, path);
        bench_fini(&bench);
    }
}

static void names_have_parts(void **state)
{
    (void)state;
    assert_true(fact_is_name(COP_LIT("cop:list:a-b_c.d9"), 3));
    assert_false(fact_is_name(COP_LIT("cop:list:"), 3));
    assert_false(fact_is_name(COP_LIT("cop::a"), 3));
    assert_false(fact_is_name(COP_LIT("cop:list:a:b"), 3));
    assert_false(fact_is_name(COP_LIT("cop:list:a b"), 3));
    assert_false(fact_is_name(COP_LIT(""), 1));
}

static void languages_are_tags(void **state)
{
    static const char *const good[] = {"en", "fil", "en-GB", "zh-Hant-TW"};
    static const char *const bad[] = {
        "e", "english", "en-", "en_GB", "en-toolongpart", "12"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct bench bench;
        char text[128];

        bench_init(&bench);
        (void)snprintf(text, sizeof(text),
            "id: cop:template:a\ntitle: {%s: \"x\"}\n", good[i]);
        assert_int_equal(learn(&bench, "t.yaml", text), COP_OK);
        bench_fini(&bench);
    }
    for (size_t i = 0; i < 6; i++) {
        struct bench bench;
        char text[128];

        bench_init(&bench);
        (void)snprintf(text, sizeof(text),
            "id: cop:template:a\ntitle: {%s: \"x\"}\n", bad[i]);
        assert_int_equal(learn(&bench, "t.yaml", text), COP_E_SYNTAX);
        bench_fini(&bench);
    }
}

/* ---- finding sources ---- */

static void sources_are_in_order_of_names(void **state)
{
    struct sources_dir dir;
    struct bench bench;
    struct sources sources;
    const char *path = dir.path;

    (void)state;
    bench_init(&bench);
    assert_true(sources_dir_make(&dir));
    assert_true(sources_dir_put(&dir, "b.yaml", "1"));
    assert_true(sources_dir_put(&dir, "a/z.yaml", "22"));
    assert_true(sources_dir_put(&dir, "a/b/c.yaml", "333"));
    assert_true(sources_dir_put(&dir, "a/list.txt", "x"));
    assert_true(sources_dir_put(&dir, ".git/x.yaml", "x"));
    assert_int_equal(
        sources_find(&path, 1, &bench.arena, &bench.findings.report, &sources),
        COP_OK);
    assert_int_equal(sources.n, 3);
    assert_int_equal(sources.bytes, 6);
    assert_string_equal(sources.p[0].name.p, "a/b/c.yaml");
    assert_string_equal(sources.p[1].name.p, "a/z.yaml");
    assert_string_equal(sources.p[2].name.p, "b.yaml");
    sources_dir_remove(&dir);
    bench_fini(&bench);
}

static enum cop_status find(struct bench *bench, const struct sources_dir *dir)
{
    struct sources sources;
    const char *path = dir->path;

    findings_init(&bench->findings);
    return sources_find(
        &path, 1, &bench->arena, &bench->findings.report, &sources);
}

/* A law that is left out closes nothing, so it is not left out in silence. */
static void what_looks_like_a_source_is_told(void **state)
{
    struct sources_dir dir;
    struct bench bench;
    char path[512];

    (void)state;
    bench_init(&bench);
    assert_true(sources_dir_make(&dir));
    assert_true(sources_dir_put(&dir, "l.YAML", "1"));
    (void)snprintf(path, sizeof(path), "%s/linked", dir.path);
    assert_int_equal(symlink("/", path), 0);
    (void)snprintf(path, sizeof(path), "%s/gone.txt", dir.path);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(find(&bench, &dir), COP_OK);
    assert_true(findings_have(&bench.findings, "warning l.YAML:0:0 io"));
    assert_true(findings_have(&bench.findings, "warning linked:0:0 io"));
    assert_int_equal(bench.findings.report.warnings, 2);
    (void)snprintf(path, sizeof(path), "%s/pipe.yaml", dir.path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(find(&bench, &dir), COP_E_IO);
    assert_true(findings_have(&bench.findings, "no regular file"));
    sources_dir_remove(&dir);
    bench_fini(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_ordered_by_id),
        cmocka_unit_test(half_documents_are_dropped),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(requirements_are_found_by_id),
        cmocka_unit_test(effects_follow_strength_and_status),
        cmocka_unit_test(overlap_needs_people_and_time),
        cmocka_unit_test(covering_is_for_all_people_and_all_time),
        cmocka_unit_test(exceptions_cast_no_shadow),
        cmocka_unit_test(entries_are_packed_and_bounded),
        cmocka_unit_test(objects_are_hosts_or_urls),
        cmocka_unit_test(paths_are_beside_their_document),
        cmocka_unit_test(names_have_parts),
        cmocka_unit_test(languages_are_tags),
        cmocka_unit_test(sources_are_in_order_of_names),
        cmocka_unit_test(what_looks_like_a_source_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
