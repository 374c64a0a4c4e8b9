/* The bundles that the fuzzer starts from are also the proof that the writer
 * gives the same bytes on every machine: each is written anew and compared.
 *
 * Where the format was changed on purpose, write them again and commit them:
 *   COP_SEEDS=write test_bundle_seeds */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/bundle/format.h"
#include "tests/unit/adblock_fixture.h"
#include "tests/unit/bundle_crowd.h"
#include "tests/unit/bundle_whole.h"

static struct fixture *seed_empty(void)
{
    struct fixture *f = fixture_new("");

    f->t.files_n = 0;
    return f;
}

/* Hosts, URLs and a pattern that the fuzzer's URL meets. */
static struct fixture *seed_rules(void)
{
    struct fixture *f = fixture_new("rules");
    uint32_t games = fixture_category(f, "games", COP_CAT_MEDIA_GAMES);
    uint32_t help = fixture_category(f, "help", COP_CAT_SAFETY_HELPLINE);

    fixture_add(f, games, ENTRY_DOMAIN, "shared.example");
    fixture_add(f, games, ENTRY_BELOW, "example");
    fixture_add(f, games, ENTRY_PATTERN, "albums/(\\d+)+/m");
    fixture_add(f, help, ENTRY_HOST, "www.shared.example");
    fixture_add(f, help, ENTRY_URL, "shared.example/albums");
    fixture_add(f, help, ENTRY_URL, "www.shared.example/");
    fixture_profile(f, "mia", 9)->is_allow_only = true;
    return f;
}

/* Rules in Adblock syntax that the fuzzer's URL meets, by each kind of key. */
static struct fixture *seed_adblock(void)
{
    static const char *const rules[] = {
        "||shared.example^",
        "||shared.example/albums$document,domain=example|~other.example",
        "/albums/*/mine^$document,to=example,denyallow=other.example",
        "||example^$document,method=get,first-party,important",
        "$document,domain=shared.example",
        "/alb[u-v]ms/\\d+/$document",
        "|http://a*^$document,third-party",
        "@@||shared.example^$document,method=post",
        "@@albums/7$document,from=other.example",
        "@@y=1|$document,match-case",
        "@@/(albums)+/8/$document",
    };
    struct fixture *f = fixture_new("adblock");
    uint32_t ads = fixture_category(f, "ads", COP_CAT_COMMERCE_ADS_TRACKING);

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        fixture_adblock(f, ads, rules[i]);
    }
    return f;
}

/* Large lists, and the fuzzer's URL inside one of their domains. */
static struct fixture *seed_dense(void)
{
    struct fixture *f = crowd();

    fixture_add(f, 0, ENTRY_DOMAIN, "shared.example");
    fixture_add(f, 1, ENTRY_DOMAIN, "shared.example");
    fixture_add(f, 1, ENTRY_DOMAIN, "www.shared.example");
    return f;
}

/* A lock, an appeal, a grant and closed hours about the fuzzer's URL. */
static struct fixture *seed_locks(void)
{
    static const struct tables_window always[] = {{0, 10080}};
    struct fixture *f = fixture_new("locks");
    struct tables_profile *mia = fixture_profile(f, "mia", 9);
    struct tables_requirement *q = fixture_requirement(f, "lock");

    q->r.lock = COP_LOCK_NATIONAL;
    fixture_add(f, fixture_own_list(f, "lock", LIST_DENY), ENTRY_DOMAIN,
        "shared.example");
    fixture_requirement(f, "only");
    fixture_own_list(f, "only", LIST_ALLOW_ONLY);
    f->appeals[f->t.appeals_n++] = (struct tables_appeal){
        .id = COP_LIT("appeal"),
        .authority = q->r.authority,
        .until_unix = INT64_MAX,
    };
    fixture_add(f, fixture_list(f, "appeal", LIST_APPEAL, 0), ENTRY_URL,
        "shared.example/albums/7");
    f->grants[f->t.grants_n++] =
        (struct tables_grant){.profile = COP_NONE, .until_unix = INT64_MAX};
    fixture_add(f, fixture_list(f, "grant", LIST_GRANT, 0), ENTRY_DOMAIN,
        "shared.example");
    fixture_add(f, fixture_list(f, "mia:deny", LIST_PROFILE_DENY, 0),
        ENTRY_DOMAIN, "shared.example");
    fixture_add(f, fixture_list(f, "never", LIST_NEVER_INSPECT, COP_NONE),
        ENTRY_DOMAIN, "shared.example");
    mia->permit = catset_of(COP_CAT_MEDIA_GAMES);
    mia->closed = always;
    mia->closed_n = 1;
    return f;
}

/* A URL rule without text, which no writer makes but an audit lets through:
 * found by the fuzzer, which signs it. */
static void spoil_url(struct cop_image *image)
{
    struct format_section *table =
        (void *)((char *)image->bytes + sizeof(struct format_header));
    struct format_url *url =
        (void *)((char *)image->bytes + table[SECTION_URLS - 1].offset);

    url->text.n = 0;
    url->path = 0;
}

static const struct {
    const char *name;
    struct fixture *(*make)(void);
    void (*spoil)(struct cop_image *image); /* or NULL */
} seeds[] = {
    {"empty", seed_empty, NULL},
    {"whole", whole, NULL},
    {"rules", seed_rules, NULL},
    {"locks", seed_locks, NULL},
    {"adblock", seed_adblock, NULL},
    {"dense", seed_dense, NULL},
    {"url-without-text", seed_locks, spoil_url},
};

static void seed_path(const char *name, char path[1024])
{
    snprintf(path, 1024, "%s/fuzz/seeds/bundle/%s", TESTS_DIR, name);
}

static void seed_write(const char *name, const struct cop_image *image)
{
    char path[1024];

    seed_path(name, path);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(image->bytes, 1, image->n, file), image->n);
    assert_int_equal(fclose(file), 0);
}

static bool seed_is(const char *name, const struct cop_image *image)
{
    static char bytes[1 << 16];
    char path[1024];

    seed_path(name, path);
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    size_t n = fread(bytes, 1, sizeof(bytes), file);

    assert_int_equal(fclose(file), 0);
    return n == image->n && memcmp(bytes, image->bytes, n) == 0;
}

static void test_seeds(void **state)
{
    const char *mode = getenv("COP_SEEDS");

    (void)state;
    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        struct fixture *f = seeds[i].make();
        struct cop_bundle *bundle = fixture_open(f);

        cop_bundle_drop(&bundle);
        if (seeds[i].spoil != NULL) {
            seeds[i].spoil(&f->image);
        }
        if (mode != NULL && strcmp(mode, "write") == 0) {
            seed_write(seeds[i].name, &f->image);
        }
        if (!seed_is(seeds[i].name, &f->image)) {
            fail_msg("%s is not what is written today: if the format was "
                     "changed on purpose, run this test with COP_SEEDS=write",
                seeds[i].name);
        }
        fixture_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
