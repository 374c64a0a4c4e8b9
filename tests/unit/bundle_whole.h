/* A bundle with something in every section. Include once per program. */
#ifndef TESTS_UNIT_BUNDLE_WHOLE_H
#define TESTS_UNIT_BUNDLE_WHOLE_H

#include "tests/unit/adblock_fixture.h"

static inline void fill_rules(struct fixture *f)
{
    uint32_t gambling =
        fixture_category(f, "gambling", COP_CAT_GAMBLING_REAL_MONEY);
    uint32_t own = fixture_list(f, "order", LIST_DENY, 0);
    uint32_t local = fixture_list(f, "mia:allow", LIST_PROFILE_ALLOW, 0);
    uint32_t grant = fixture_list(f, "grant", LIST_GRANT, 0);
    uint32_t appeal = fixture_list(f, "appeal", LIST_APPEAL, 0);

    f->lists[gambling].licence = COP_LIT("CC0-1.0");
    cop_catset_add(&f->lists[gambling].categories, COP_CAT_MEDIA_GAMES);
    f->lists[own].limit_matches = true;
    fixture_add(f, gambling, ENTRY_DOMAIN, "casino.example");
    fixture_add(f, gambling, ENTRY_BELOW, "bets.example");
    fixture_add(f, own, ENTRY_HOST, "192.0.2.10");
    fixture_add(f, own, ENTRY_URL, "shared.example/albums/7");
    fixture_add(f, own, ENTRY_URL, "shared.example:8443/x?y=1");
    fixture_add(f, own, ENTRY_PATTERN, "mirror-[0-9]+\\.example");
    fixture_add(f, own, ENTRY_CIDR, "198.51.100.0/24");
    fixture_add(f, own, ENTRY_CIDR, "2001:db8:7::/48");
    fixture_add(f, own, ENTRY_COUNTRY, "XA");
    fixture_add(f, own, ENTRY_AS, "AS64496");
    fixture_add(f, local, ENTRY_HOST, "library.example");
    fixture_add(f, grant, ENTRY_HOST, "film.example");
    fixture_add(f, appeal, ENTRY_URL, "shared.example/albums/7/mine");
}

static inline void fill_adblock(struct fixture *f)
{
    uint32_t ads =
        fixture_category(f, "tracking", COP_CAT_COMMERCE_ADS_TRACKING);

    fixture_adblock(f, ads, "/banner/*$third-party");
    fixture_adblock(
        f, ads, "||ads.example/x$domain=a.example|b.*|~c.a.example");
    fixture_adblock(f, ads, "/track[0-9]+/$image");
    fixture_adblock(f, ads, "@@||ads.example/x/ok$method=get");
}

static inline void fill_people(struct fixture *f)
{
    static const struct cop_slice accepts[] = {
        COP_LIT("cop:req:XX:law:b"), COP_LIT("cop:req:XX:law:a")};
    static const struct tables_window closed[] = {{6000, 480}, {1200, 10080}};
    struct tables_profile *mia = fixture_profile(f, "mia", 9);

    mia->template_name = COP_LIT("cop:template:child");
    mia->block = catset_of(COP_CAT_COMM_CHAT);
    mia->permit = catset_of(COP_CAT_MEDIA_VIDEO);
    mia->accepts = accepts;
    mia->accepts_n = 2;
    mia->closed = closed;
    mia->closed_n = 2;
    mia->subscribers = 1;
    fixture_profile(f, "adam", 40);
    f->templates[f->t.templates_n++] = (struct tables_template){
        .name = COP_LIT("cop:template:child"),
        .title = COP_LIT("A child at home"),
        .block = catset_of(COP_CAT_SEXUAL_PORNOGRAPHY),
    };
    f->templates[f->t.templates_n++].name = COP_LIT("cop:template:adult");
    f->grants[f->t.grants_n++] = (struct tables_grant){.profile = 0,
        .until_unix = 5000,
        .by = COP_LIT("parent"),
        .reason = COP_LIT("homework")};
    f->appeals[f->t.appeals_n++] =
        (struct tables_appeal){.id = COP_LIT("cop:appeal:1"),
            .authority = COP_LIT("Example Authority"),
            .from_unix = 1000,
            .until_unix = INT64_MAX};
}

static inline void add_text(struct fixture *f, uint32_t about, bool of_category,
    enum cop_text kind, const char *language)
{
    struct tables_text *text = &f->texts[f->t.texts_n++];

    text->requirement = about;
    text->of_category = of_category;
    text->text = kind;
    text->language = cop_slice_of(language);
    text->words = cop_slice_of(language); /* says which one was chosen */
}

static inline struct fixture *whole(void)
{
    struct fixture *f = fixture_new("whole");
    struct tables_requirement *q = fixture_requirement(f, "cop:req:XX:law:b");

    f->t.title = COP_LIT("All of it");
    f->t.issuer = COP_LIT("Example Institution");
    f->t.revision = COP_LIT("2026.1");
    f->t.timezone = COP_LIT("Etc/UTC");
    f->t.never_inspect = catset_of(COP_CAT_SAFETY_HELPLINE);
    f->files[f->t.files_n++] = COP_LIT("lists/another.txt");
    q->r.instrument = COP_LIT("Example Act");
    q->r.citation = COP_LIT("s. 1");
    q->r.blocked_by = COP_LIT("https://authority.example/");
    q->r.lock = COP_LOCK_NATIONAL;
    q->r.strength = COP_STRENGTH_MANDATORY;
    q->r.logging = COP_LOG_AGGREGATE;
    q->r.identity = COP_IDENTITY_PSEUDONYM;
    q->r.http_status = 451;
    q->r.age_min = 3;
    q->r.age_max = 18;
    q->r.from_unix = -5;
    q->r.until_unix = 1LL << 40;
    q->r.categories = catset_of(COP_CAT_GAMBLING_REAL_MONEY);
    q->evidence = (struct cop_evidence){.kind = COP_LIT("category"),
        .status = COP_LIT("in_force"),
        .action = COP_LIT("block"),
        .basis = COP_LIT("statute"),
        .jurisdiction = COP_LIT("XX XX-01"),
        .extra = COP_LIT("x-file: 17"),
        .review_unix = 1LL << 41,
        .version = 3,
        .vectors = 2,
        .vectors_not_run = 1};
    q->shadowed_by_plus_one = 2;
    fixture_requirement(f, "cop:req:XX:law:a")->is_offer = true;
    f->origins[f->t.origins_n++] = (struct cop_origin){.name = COP_LIT("order"),
        .ref = COP_LIT("list:order"),
        .source = COP_LIT("Court of Example"),
        .licence = COP_LIT("CC0-1.0"),
        .says = COP_LIT("deny"),
        .secrecy = COP_LIT("public"),
        .cadence = COP_LIT("P1D"),
        .max_age = COP_LIT("P2D"),
        .requirement = 0,
        .entries = 4,
        .retrieved_unix = 7,
        .digest = {0xab, 0xcd}};
    f->origins[f->t.origins_n++] =
        (struct cop_origin){.name = COP_LIT("gambling"),
            .says = COP_LIT("category"),
            .categories = catset_of(COP_CAT_GAMBLING_REAL_MONEY),
            .requirement = COP_NONE,
            .retrieved_unix = INT64_MIN};
    fill_people(f);
    fill_rules(f);
    fill_adblock(f);
    add_text(f, 0, false, COP_TEXT_NOTICE, "fr");
    add_text(f, 0, false, COP_TEXT_NOTICE, "en");
    add_text(f, 0, false, COP_TEXT_NOTICE, "ar");
    add_text(f, 0, false, COP_TEXT_TITLE, "ar");
    add_text(f, 1, false, COP_TEXT_TITLE, "en");
    add_text(f, cop_category_code(COP_CAT_GAMBLING_REAL_MONEY), true,
        COP_TEXT_TITLE, "en");
    return f;
}

#endif
