/* A requirement's legal basis and its times. */
#include "rules/read/date.h"
#include "rules/read/requirement.h"

static const char *const instrument_words[] = {
    [INSTRUMENT_STATUTE] = "statute",
    [INSTRUMENT_REGULATION] = "regulation",
    [INSTRUMENT_REGULATOR_DECISION] = "regulator_decision",
    [INSTRUMENT_LICENCE_CONDITION] = "licence_condition",
    [INSTRUMENT_COURT_ORDER] = "court_order",
    [INSTRUMENT_ADMINISTRATIVE_ORDER] = "administrative_order",
    [INSTRUMENT_CODE] = "code",
    [INSTRUMENT_FUNDING_CONDITION] = "funding_condition",
    [INSTRUMENT_STANDARD] = "standard",
    [INSTRUMENT_VOLUNTARY_SCHEME] = "voluntary_scheme",
    [INSTRUMENT_INSTITUTION_POLICY] = "institution_policy",
};

static const char *const obliged_words[] = {"isp_fixed", "isp_mobile", "iig",
    "school", "library", "hotspot", "household", "platform", "device_maker",
    "vendor"};

enum { OBLIGED_LAST_ISP = 1 }; /* the first of them provide lines */

/* "XX", "GB-ENG", "JP-14" (ISO 3166), or INT. */
static bool is_jurisdiction(struct cop_slice text)
{
    if (cop_slice_eq(text, COP_LIT("INT"))) {
        return true;
    }
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_upper = c >= 'A' && c <= 'Z';
        bool is_number = c >= '0' && c <= '9';

        if (i < 2 ? !is_upper : i == 2 ? c != '-' : !is_upper && !is_number) {
            return false;
        }
    }
    return text.n == 2 || (text.n >= 4 && text.n <= 6);
}

static void read_jurisdiction(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_words *words =
        &((struct requirement_reader *)into)->fact->words;
    const struct cop_slice *texts = NULL;
    size_t n = 0;

    if (!yaml_texts(yaml, value, &texts, &n)) {
        return;
    }
    words->jurisdiction = texts;
    words->jurisdiction_n = n;
    for (size_t i = 0; i < n; i++) {
        if (!is_jurisdiction(texts[i])) {
            yaml_error(yaml, value, "value",
                "write ISO 3166 codes such as XX or XX-01, or INT",
                "%s is no code of a country or a part of one", texts[i].p);
        }
    }
}

static void read_name(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->legal.instrument);
}

static void read_type(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, instrument_words,
            INSTRUMENT_INSTITUTION_POLICY + 1, &which)) {
        reader->fact->legal.type = (enum fact_instrument)which;
        reader->fact->words.basis = value->text;
    }
}

static void read_citation(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->legal.citation);
}

static void read_instrument(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"name", read_name, true},
        {"type", read_type, true},
        {"citation", read_citation, false},
        {"url", NULL, false},
        {"lang", NULL, false},
        {"retrieved", NULL, false},
        {"text_sha256", NULL, false},
    };

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

static void read_authority(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->legal.authority);
}

static void read_authority_url(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    if (!fact_starts_with(text, COP_LIT("https://")) &&
        !fact_starts_with(text, COP_LIT("http://"))) {
        yaml_error(yaml, value, "value", "write https://...",
            "authority_url is no web address: %s", text.p);
        return;
    }
    reader->fact->legal.authority_url = text;
}

static void read_obliged(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_legal *legal =
        &((struct requirement_reader *)into)->fact->legal;
    unsigned which = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        if (yaml_word(yaml, c, obliged_words,
                sizeof(obliged_words) / sizeof(obliged_words[0]), &which) &&
            which <= OBLIGED_LAST_ISP) {
            legal->obliges_isp = true;
        }
    }
}

void requirement_read_legal(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"jurisdiction", read_jurisdiction, true},
        {"instrument", read_instrument, true},
        {"authority", read_authority, false},
        {"authority_url", read_authority_url, false},
        {"obliged", read_obliged, false},
        {"basis_note", NULL, false},
        {"necessity", NULL, false},
    };
    struct requirement_reader *reader = into;

    reader->fact->legal.place = fact_place(yaml, value);
    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* ---- time ---- */

static void read_from(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_time *time = &((struct requirement_reader *)into)->fact->time;

    time->from_place = fact_place(yaml, value);
    (void)fact_read_start(yaml, value, &time->from_unix);
}

static void read_to(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_time *time = &((struct requirement_reader *)into)->fact->time;

    time->to_place = fact_place(yaml, value);
    (void)fact_read_until(yaml, value, &time->until_unix);
}

/* A date, or a period; a period says how often, so it never runs out. */
static void read_review(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_time *time = &((struct requirement_reader *)into)->fact->time;

    time->review_place = fact_place(yaml, value);
    if (value->kind == YAML_TEXT && date_is_duration(value->text)) {
        return;
    }
    (void)fact_read_until(yaml, value, &time->review_unix);
}

void requirement_read_time(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"effective_from", read_from, false},
        {"effective_to", read_to, false},
        {"review_by", read_review, false},
        {"apply_within", requirement_read_within, false},
        {"unblock_within", requirement_read_within, false},
    };
    struct fact_time *time = &((struct requirement_reader *)into)->fact->time;

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
    if (time->until_unix <= time->from_unix) {
        yaml_error(yaml, value, "value", "exchange the two, or correct one",
            "effective_to is before effective_from");
    }
}
