/* How precisely, where on the way and how well a requirement is enforced. The
 * gateway decides by what it sees; these say what must be checked before that
 * is good enough. */
#include "rules/base/cidr.h"
#include "rules/read/requirement.h"

/* From the coarsest to the finest. */
static const char *const grain_words[] = {
    [GRAIN_IP] = "ip",
    [GRAIN_DOMAIN] = "domain",
    [GRAIN_HOST] = "host",
    [GRAIN_URL] = "url",
    [GRAIN_CONTENT] = "content",
};
enum { GRAINS = sizeof(grain_words) / sizeof(grain_words[0]) };

static struct fact_reach *reach_of(void *into)
{
    return &((struct requirement_reader *)into)->fact->reach;
}

/* ---- granularity ---- */

static void read_grain(
    struct yaml *yaml, const struct yaml_node *value, enum fact_grain *out)
{
    unsigned which = 0;

    if (yaml_word(yaml, value, grain_words, GRAINS, &which)) {
        *out = (enum fact_grain)which;
    }
}

static void read_required(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    reach_of(into)->has_required = true;
    read_grain(yaml, value, &reach_of(into)->required);
}

static void read_minimum(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    reach_of(into)->has_minimum = true;
    read_grain(yaml, value, &reach_of(into)->minimum);
}

static void read_other_grain(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    enum fact_grain unused;

    (void)into;
    read_grain(yaml, value, &unused);
}

static void read_on_unavailable(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {
        [FALLBACK_COARSER] = "coarser",
        [FALLBACK_FINER] = "finer",
        [FALLBACK_FAIL] = "fail",
    };
    struct fact_reach *reach = reach_of(into);
    unsigned which = 0;

    if (yaml_word(
            yaml, value, words, sizeof(words) / sizeof(words[0]), &which)) {
        reach->has_fallback = true;
        reach->fallback = (enum fact_fallback)which;
    }
}

static void settle_granularity(struct yaml *yaml, const struct yaml_node *value,
    const struct fact_reach *reach)
{
    if (reach->has_minimum && reach->minimum > reach->required) {
        yaml_error(yaml, value, "value", "exchange the two",
            "what is acceptable at the least is finer than what is required");
    }
}

void requirement_read_granularity(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"required", read_required, true},
        {"minimum_acceptable", read_minimum, false},
        {"preferred", read_other_grain, false},
        {"on_unavailable", read_on_unavailable, false},
    };

    reach_of(into)->granularity_place = fact_place(yaml, value);
    (void)yaml_map_read(
        yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
    settle_granularity(yaml, value, reach_of(into));
}

/* ---- collateral_guard ---- */

static void read_max_cohosted(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_int(
        yaml, value, 0, INT32_MAX, &reach_of(into)->guard.max_cohosted);
}

static void read_min_prefix_ip4(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_int(
        yaml, value, 0, CIDR_IP4_BITS, &reach_of(into)->guard.min_prefix_ip4);
}

static void read_min_prefix_ip6(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_int(
        yaml, value, 0, CIDR_IP6_BITS, &reach_of(into)->guard.min_prefix_ip6);
}

static void read_whole(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_bool(yaml, value, &reach_of(into)->guard.allows_whole);
}

static void read_require_both(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)yaml_bool(yaml, value, &reach_of(into)->guard.needs_url);
}

static void read_protected_allow(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_categories spared = {.place = {NULL, 0, 0}};

    if (fact_read_categories(yaml, value, &spared)) {
        reach_of(into)->spares = spared.set;
    }
}

static void read_on_trip(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"hold_and_report", "allow"};
    unsigned which = 0;

    if (yaml_word(
            yaml, value, words, sizeof(words) / sizeof(words[0]), &which)) {
        reach_of(into)->has_on_trip = true;
        reach_of(into)->trip_allows = which == 1;
    }
}

void requirement_read_guard(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"max_cohosted", read_max_cohosted, false},
        {"min_prefix_ip4", read_min_prefix_ip4, false},
        {"min_prefix_ip6", read_min_prefix_ip6, false},
        {"whole_networks", read_whole, false},
        {"require_url_and_ip", read_require_both, false},
        {"protected_allow", read_protected_allow, false},
        {"on_trip", read_on_trip, false},
    };

    struct fact_guard *guard = &reach_of(into)->guard;

    *guard = (struct fact_guard){.place = fact_place(yaml, value),
        .max_cohosted = -1,
        .min_prefix_ip4 = -1,
        .min_prefix_ip6 = -1};
    guard->is_there =
        yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
}

/* ---- layers ---- */

static void read_layer(
    struct yaml *yaml, const struct yaml_node *node, struct fact_reach *reach)
{
    static const char *const words[] = {"ip", "dns", "sni", "http", "content"};
    static const enum fact_grain finest[] = {
        GRAIN_IP, GRAIN_HOST, GRAIN_HOST, GRAIN_URL, GRAIN_CONTENT};
    unsigned which = 0;

    if (yaml_word(
            yaml, node, words, sizeof(words) / sizeof(words[0]), &which)) {
        reach->has_layers = true;
        if (finest[which] > reach->finest) {
            reach->finest = finest[which];
        }
    }
}

static void read_layers(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        read_layer(yaml, c, reach_of(into));
    }
}

void requirement_read_layers(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"must", read_layers, false},
        {"may", read_layers, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
    requirement_read_aside(yaml, value, into);
}

/* ---- effectiveness ---- */

static void read_corpus(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct cop_slice unused;

    reach_of(into)->has_corpus = yaml_text(yaml, value, &unused);
}

void requirement_read_effectiveness(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"min_recall", NULL, false},
        {"max_false_positive", NULL, false},
        {"corpus", read_corpus, false},
        {"method", NULL, false},
        {"by", NULL, false},
    };

    reach_of(into)->effectiveness_place = fact_place(yaml, value);
    reach_of(into)->has_effectiveness =
        yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
    requirement_read_aside(yaml, value, into);
}

/* ---- logging.preserve_content ---- */

static void read_basis(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct cop_slice unused;

    reach_of(into)->has_preserve_basis = yaml_text(yaml, value, &unused);
}

static void read_needs_review(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    bool unused;

    (void)into;
    (void)yaml_bool(yaml, value, &unused);
}

void requirement_read_preserve(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"basis", read_basis, false},
        {"needs_review", read_needs_review, false},
    };

    reach_of(into)->preserve_place = fact_place(yaml, value);
    reach_of(into)->preserves_content =
        yaml_map_read(yaml, value, keys, sizeof(keys) / sizeof(keys[0]), into);
    requirement_read_aside(yaml, value, into);
}
