/* A test vector: for whom (given), asking for what (when), what must come out
 * (then). What this version cannot evaluate makes the vector skipped, which is
 * told, or, in `then`, not compared, which is told too. */
#include "cop/decide.h"
#include "cop/url.h"
#include "rules/base/origin.h"
#include "rules/read/documents.h"

/* ---- given ---- */

static void read_age(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    int64_t age;

    if (yaml_int(yaml, value, 0, 120, &age)) {
        vector->age = (uint8_t)age;
    }
}

static void read_subscriber(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    uint32_t unused = 0;

    if (yaml_is(yaml, value, YAML_TEXT) &&
        fact_read_subscribers(yaml, value, &unused)) {
        vector->subscriber = value->text;
    }
}

static void read_at(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    vector->has_at =
        yaml_moment(yaml, value, &vector->at_unix, &vector->week_minute);
}

static void read_template(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    (void)fact_read_template(yaml, value, &vector->template_name);
}

static void read_accepts(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    (void)yaml_bool(yaml, value, &vector->accepts_offers);
}

static void skip_override(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    (void)yaml;
    (void)value;
    vector->skipped = "it needs an override by a person";
}

static void skip_profile(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    (void)yaml;
    (void)value;
    vector->skipped = "it needs a profile inside the requirement";
}

static void read_given(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"age", read_age, false},
        {"subscriber", read_subscriber, false},
        {"at", read_at, false},
        {"template", read_template, false},
        {"accepts_offers", read_accepts, false},
        {"jurisdiction", NULL, false},
        {"override", skip_override, false},
        {"evidence", skip_override, false},
        {"profile", skip_profile, false},
    };

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* ---- when ---- */

static void read_url(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    struct cop_url url;

    if (!yaml_text(yaml, value, &vector->subject)) {
        return;
    }
    vector->object = VECTOR_URL;
    if (fact_starts_with(vector->subject, COP_LIT("canary:"))) {
        vector->skipped = "its URL is known to the owner of the list only";
    } else if (cop_url_parse(vector->subject, &url) != COP_OK) {
        yaml_error(yaml, value, "value", "write https://example.test/path",
            "\"%s\" is no URL", vector->subject.p);
    }
}

static void read_host(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    struct cop_host host;

    if (!yaml_text(yaml, value, &vector->subject)) {
        return;
    }
    vector->object = VECTOR_HOST;
    if (cop_host_parse(vector->subject, &host) != COP_OK) {
        yaml_error(yaml, value, "value", "write a name: blocked.example",
            "\"%s\" is no host", vector->subject.p);
    }
}

static void read_http(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"url", read_url, true},
        {"headers", NULL, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
}

static void read_dns(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"qname", read_host, true},
        {"qtype", NULL, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
}

static void read_ip(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    struct cop_address address;
    struct cop_slice text;
    struct cop_host host;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    if (cop_host_parse(text, &host) != COP_OK ||
        !cop_address_of_host(&host, &address)) {
        yaml_error(yaml, value, "value", "write 192.0.2.10 or 2001:db8::10",
            "\"%s\" is no address", text.p);
        return;
    }
    memcpy(vector->address.bytes, address.bytes, sizeof(address.bytes));
    vector->has_address = true;
    if (vector->subject.p == NULL) { /* a URL or a name may follow */
        vector->object = VECTOR_HOST;
        vector->subject = text;
    }
}

static void read_country(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    vector->has_address = true;
    if (!origin_read_country(text, vector->address.country)) {
        yaml_error(yaml, value, "value", "write two letters of ISO 3166-1",
            "\"%s\" is no country's code", text.p);
    }
}

static void read_as(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    struct cop_slice text;

    if (!yaml_text(yaml, value, &text)) {
        return;
    }
    vector->has_address = true;
    if (!origin_read_as(text, &vector->address.as_number)) {
        yaml_error(yaml, value, "value", "write AS64496",
            "\"%s\" is no network's number", text.p);
    }
}

/* What a vector asks for: the server's address goes with any of it, or alone
 * with none. */
static bool asks_for_one(const struct yaml_node *when)
{
    unsigned asked = 0;
    bool has_ip = false;

    for (const struct yaml_node *c = when->first; c != NULL; c = c->next) {
        bool is_ip = cop_slice_eq(c->key, COP_LIT("ip"));

        has_ip |= is_ip;
        asked += !is_ip && !cop_slice_eq(c->key, COP_LIT("country")) &&
                 !cop_slice_eq(c->key, COP_LIT("as"));
    }
    return asked == 1 || (asked == 0 && has_ip);
}

static void skip_label(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    (void)yaml;
    (void)value;
    vector->skipped = "it depends on a page's age label";
}

static void read_when(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"url", read_url, false},
        {"http", read_http, false},
        {"dns", read_dns, false},
        {"sni", read_host, false},
        {"ip", read_ip, false},
        {"country", read_country, false},
        {"as", read_as, false},
        {"label", skip_label, false},
    };
    struct fact_vector *vector = into;
    uint32_t errors = yaml->errors;

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
    if (yaml->errors == errors && vector->skipped == NULL &&
        !asks_for_one(value)) {
        yaml_error(yaml, value, "value",
            "write one of url, http, dns or sni in each vector; ip, country "
            "and as, of the server, may stand beside it",
            "a vector asks for exactly one thing");
    }
}

/* ---- then ---- */

static void read_decision(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"allow", "block"};
    struct fact_vector *vector = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, words, 2, &which)) {
        vector->wants_block = which == 1;
    }
}

static void read_rule_from(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    (void)yaml_text(yaml, value, &vector->rule_from);
}

static void read_level(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
#define COP_LEVEL(symbol, word, text) word,
#include "cop/level.tbl"
    };
    struct fact_vector *vector = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, words, COP_LEVEL_NONE + 1, &which)) {
        vector->level = value->text;
    }
}

static void read_page_status(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    int64_t status;

    if (yaml_int(yaml, value, 200, 599, &status)) {
        vector->page_status = (int)status;
    }
}

static void not_compared(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;
    struct cop_slice joined;

    if (vector->unread.n == 0) {
        vector->unread = value->key;
        return;
    }
    joined = arena_print(yaml->arena, "%s, %s", vector->unread.p, value->key.p);
    if (joined.p != NULL) {
        vector->unread = joined;
    }
}

static void read_page(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"status", read_page_status, false},
        {"must_contain", not_compared, false},
        {"must_not_contain", not_compared, false},
        {"lang", not_compared, false},
    };

    (void)yaml_map_read(yaml, value, keys, 4, into);
}

static void read_then(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"decision", read_decision, true},
        {"rule_from", read_rule_from, false},
        {"level", read_level, false},
        {"page", read_page, false},
        {"reason", not_compared, false},
        {"ede", not_compared, false},
        {"dns_rcode", not_compared, false},
        {"log", not_compared, false},
    };

    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* ---- the whole ---- */

static void read_id(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_vector *vector = into;

    (void)yaml_text(yaml, value, &vector->id);
}

bool vector_read(
    struct yaml *yaml, const struct yaml_node *node, struct fact_vector *out)
{
    static const struct yaml_key keys[] = {
        {"id", read_id, true},
        {"given", read_given, false},
        {"when", read_when, true},
        {"then", read_then, true},
        {"note", NULL, false},
    };
    uint32_t errors = yaml->errors;

    out->place = fact_place(yaml, node);
    out->age = 120;
    (void)yaml_map_read(yaml, node, keys, sizeof(keys) / sizeof(keys[0]), out);
    return yaml->errors == errors;
}
