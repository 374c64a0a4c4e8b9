/* What a requirement demands around the decision: what people are told, where
 * they appeal, what is written down, who reviewed it, how it is verified. */
#include "cop/url.h"
#include "rules/read/date.h"
#include "rules/read/requirement.h"

/* ---- override ---- */

static void read_permitted(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)yaml_bool(yaml, value, &reader->fact->override.is_permitted);
}

static void read_by(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    const struct cop_slice *texts = NULL;
    size_t n = 0;

    if (yaml_texts(yaml, value, &texts, &n)) {
        reader->fact->override.is_authority_only =
            n == 1 && cop_slice_eq(texts[0], COP_LIT("authority"));
    }
}

void requirement_read_override(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"permitted", read_permitted, true},
        {"by", read_by, false},
        {"auth", requirement_read_words, false},
        {"applies_to", NULL, false},
        {"excludes_categories", requirement_read_spared, false},
        {"reason", NULL, false},
        {"evidence", NULL, false},
        {"retain_until", NULL, false},
        {"max_duration", requirement_read_duration, false},
        {"scope", requirement_read_override_scope, false},
        {"dual_control", requirement_read_flag, false},
        {"counts_as", NULL, false},
    };
    struct requirement_reader *reader = into;

    reader->fact->override.place = fact_place(yaml, value);
    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
    requirement_read_aside(yaml, value, into);
}

/* ---- notice ---- */

static void read_text(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)fact_read_texts(yaml, value, &reader->fact->notice.text);
}

static void read_required(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    bool unused;

    (void)into;
    (void)yaml_bool(yaml, value, &unused);
}

static void read_include(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    const struct cop_slice *texts = NULL;
    size_t n = 0;

    if (!yaml_texts(yaml, value, &texts, &n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (cop_slice_eq(texts[i], COP_LIT("url"))) {
            reader->fact->notice.includes_url = true;
        }
    }
}

/* A helpline in one text for everybody, or one a language. */
static bool read_helpline(
    struct yaml *yaml, const struct yaml_node *node, struct fact_texts *out)
{
    struct fact_text *text;

    if (node->kind == YAML_MAP) {
        return fact_read_texts(yaml, node, out);
    }
    text = arena_alloc(yaml->arena, sizeof(*text));
    if (text == NULL || !yaml_text(yaml, node, &text->words)) {
        return false;
    }
    text->language = COP_LIT("");
    *out = (struct fact_texts){text, 1, fact_place(yaml, node)};
    return true;
}

static void read_helplines(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_notice *notice =
        &((struct requirement_reader *)into)->fact->notice;
    struct fact_texts *helplines;
    size_t n = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    helplines = arena_array(yaml->arena, value->count + 1U, sizeof(*helplines));
    if (helplines == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        n += read_helpline(yaml, c, &helplines[n]);
    }
    notice->helplines = helplines;
    notice->helplines_n = n;
}

/* A place that people are led to: http or https, without user or fragment. */
static void read_redirect_url(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_notice *notice =
        &((struct requirement_reader *)into)->fact->notice;
    struct cop_url url;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    if (cop_url_parse(text, &url) != COP_OK || url.scheme > COP_HTTPS) {
        yaml_error(yaml, value, "value",
            "write a whole URL: https://info.example/",
            "\"%s\" is no URL of http or https", text.p);
        return;
    }
    notice->redirect_url =
        arena_print(yaml->arena, "%.*s", (int)url.text.n, url.text.p);
}

static void read_stop_page(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"required", read_required, false},
        {"text", read_text, false},
        {"include", read_include, false},
        {"exclude", requirement_read_words, false},
        {"helplines", read_helplines, false},
        {"redirect_url", read_redirect_url, false},
        {"psa_slot", requirement_read_aside, false},
        {"wcag", NULL, false},
    };
    struct requirement_reader *reader = into;

    reader->fact->notice.place = fact_place(yaml, value);
    reader->fact->notice.has_stop_page =
        yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

void requirement_read_notice(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"stop_page", read_stop_page, false},
        {"dns", requirement_read_dns, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
}

/* ---- appeal ---- */

static void read_contact(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)fact_read_texts(yaml, value, &reader->fact->contact);
}

void requirement_read_appeal(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"contact", read_contact, false},
        {"who", requirement_read_words, false},
        {"channel", requirement_read_words, false},
        {"anonymous", requirement_read_flag, false},
        {"ack_within", requirement_read_duration, false},
        {"decide_within", requirement_read_duration, false},
        {"escalate_to", requirement_read_word, false},
        {"oversight", requirement_read_word, false},
        {"judicial", NULL, false},
    };
    struct requirement_reader *reader = into;

    reader->fact->has_appeal =
        yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* ---- logging ---- */

static void read_duty(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
#define COP_LOGGING_ROW(symbol, word) word,
#include "cop/logging.tbl"
    };
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, words, COP_LOG_REQUIRED + 1, &which)) {
        reader->fact->logging.duty = (enum cop_logging)which;
    }
}

static void read_identity(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
#define COP_IDENTITY_ROW(symbol, word) word,
#include "cop/identity.tbl"
    };
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, words, COP_IDENTITY_PERSON + 1, &which)) {
        reader->fact->logging.identity = (enum cop_identity)which;
    }
}

static void read_purpose(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    const struct cop_slice *texts = NULL;
    size_t n = 0;

    reader->fact->logging.has_purpose =
        yaml_texts(yaml, value, &texts, &n) && n > 0;
}

static void read_retain_max(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    reader->fact->logging.has_retain_max = true;
    if (!date_is_duration(text)) {
        yaml_error(yaml, value, "value", "write P90D for ninety days",
            "retain_max should be a duration, not \"%s\"", text.p);
    }
}

void requirement_read_logging(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"duty", read_duty, true},
        {"identity", read_identity, false},
        {"purpose", read_purpose, false},
        {"retain_max", read_retain_max, false},
        {"retain_min", requirement_read_duration, false},
        {"fields", requirement_read_words, false},
        {"access", requirement_read_words, false},
        {"forbid_purpose", requirement_read_words, false},
        {"preserve_content", requirement_read_preserve, false},
        {"note", NULL, false},
    };
    struct requirement_reader *reader = into;

    reader->fact->logging.place = fact_place(yaml, value);
    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* ---- provenance ---- */

static void read_reviewers(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    const struct cop_slice *texts = NULL;

    (void)yaml_texts(yaml, value, &texts, &reader->fact->provenance.reviewers);
}

static void read_rights_flags(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    const struct cop_slice *texts = NULL;
    size_t n = 0;

    reader->fact->provenance.place = fact_place(yaml, value);
    reader->fact->provenance.has_rights_flags =
        yaml_texts(yaml, value, &texts, &n) && n > 0;
}

static void read_required_reviews(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)yaml_int(
        yaml, value, 0, 16, &reader->fact->provenance.required_reviews);
}

void requirement_read_provenance(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"authored_by", NULL, false},
        {"reviewed_by", read_reviewers, false},
        {"signed_by", NULL, false},
        {"confidence", NULL, false},
        {"sources", NULL, false},
        {"rights_flags", read_rights_flags, false},
        {"required_reviews", read_required_reviews, false},
        {"note", NULL, false},
    };

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* ---- verification ---- */

static void read_vectors(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_requirement *fact = ((struct requirement_reader *)into)->fact;
    struct fact_vector *vectors;
    size_t n = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    vectors = arena_array(yaml->arena, value->count + 1U, sizeof(*vectors));
    if (vectors == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        n += vector_read(yaml, c, &vectors[n]);
    }
    fact->vectors = vectors;
    fact->vectors_n = n;
}

void requirement_read_verification(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"vectors", read_vectors, true},
        {"note", NULL, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
}
