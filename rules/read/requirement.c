/* cop:req:<country>:<instrument>:<name>, the unit of national policy: its own
 * keys. The blocks below it are in requirement_*.c. */
#include "rules/read/requirement.h"

#include <stdint.h>

#include "rules/read/extra.h"

static const char *const status_words[] = {
    [STATUS_DRAFT] = "draft",
    [STATUS_CONSULTATION] = "consultation",
    [STATUS_IN_FORCE] = "in_force",
    [STATUS_SUSPENDED] = "suspended",
    [STATUS_REPEALED] = "repealed",
    [STATUS_ADVISORY] = "advisory",
};
static const char *const kind_words[] = {
    [KIND_LIST] = "list",
    [KIND_CATEGORY] = "category",
    [KIND_OFFER] = "offer",
    [KIND_LABEL] = "label",
    [KIND_FEATURE] = "feature",
    [KIND_PROCESS] = "process",
};
static const char *const action_words[] = {
    [DO_BLOCK] = "block",
    [DO_ALLOW] = "allow",
    [DO_ALLOW_ONLY] = "allow_only",
    [DO_WARN] = "warn",
    [DO_MODIFY] = "modify",
    [DO_REDIRECT] = "redirect",
    [DO_LOG_ONLY] = "log_only",
    [DO_ALERT] = "alert",
    [DO_OFFER] = "offer",
    [DO_INFORM] = "inform",
    [DO_CERTIFY] = "certify",
    [DO_LIMIT] = "limit",
};
static const char *const strength_words[] = {
#define COP_STRENGTH_ROW(symbol, word) word,
#include "cop/strength.tbl"
};
static const char *const lock_words[] = {
#define COP_LOCK_ROW(symbol, word) word,
#include "cop/lock.tbl"
};

enum { STRENGTHS = sizeof(strength_words) / sizeof(strength_words[0]) };

void requirement_read_aside(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    yaml_skip(yaml, value);
    if (reader->aside_n < REQUIREMENT_ASIDE_MAX) {
        reader->aside[reader->aside_n++] = value->key;
    }
}

void requirement_read_aside_map(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    if (yaml_is(yaml, value, YAML_MAP)) {
        requirement_read_aside(yaml, value, into);
    }
}

void requirement_read_aside_list(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    if (yaml_is(yaml, value, YAML_LIST)) {
        requirement_read_aside(yaml, value, into);
    }
}

/* Duties of people: a list that is kept in silence. */
static void read_process(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    (void)into;
    if (yaml_is(yaml, value, YAML_LIST)) {
        yaml_skip(yaml, value);
    }
}

void requirement_unsupported(struct yaml *yaml, const struct yaml_node *node,
    const struct requirement_reader *reader, const char *what)
{
    if (reader->is_lenient) {
        yaml_note(yaml, node, "unsupported",
            "before it comes into force, see whether a later version can",
            "this version cannot do this: %s", what);
        return;
    }
    yaml_error(yaml, node, "unsupported",
        "leave it out, or keep the status below in_force until a version can "
        "do it",
        "this version cannot do this: %s", what);
}

static void read_id(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->head.id);
}

static void read_version(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)yaml_int(yaml, value, 1, INT32_MAX, &reader->fact->version);
}

static void read_status(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, status_words, STATUS_ADVISORY + 1, &which)) {
        reader->fact->status = (enum fact_status)which;
        reader->fact->words.status = value->text;
    }
}

static void read_title(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;

    (void)fact_read_texts(yaml, value, &reader->fact->title);
}

static void read_kind(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (!yaml_word(yaml, value, kind_words, KIND_PROCESS + 1, &which)) {
        return;
    }
    reader->fact->kind = (enum fact_kind)which;
    reader->fact->words.kind = value->text;
    if (which == KIND_LABEL) {
        requirement_unsupported(
            yaml, value, reader, "honour age labels of pages (kind: label)");
    }
}

static void read_action(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (!yaml_word(yaml, value, action_words, DO_LIMIT + 1, &which)) {
        return;
    }
    reader->fact->action = (enum fact_action)which;
    reader->fact->words.action = value->text;
    reader->has_action = true;
    if (which == DO_LIMIT) {
        requirement_unsupported(yaml, value, reader,
            "hold down the speed or count the time of what is open (action: "
            "limit); write hours in a household's policy under closed");
    }
}

static void read_strength(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, strength_words, STRENGTHS, &which)) {
        reader->fact->strength = (enum cop_strength)which;
        reader->has_strength = true;
    }
}

enum { EFFECT_OF_OFFER = 2 };

/* What a strength comes to for the engine: always, unless somebody decides
 * otherwise, or only where accepted. */
static int effect_of(enum cop_strength strength)
{
    switch (strength) {
    case COP_STRENGTH_MANDATORY:
        return 0;
    case COP_STRENGTH_DEFAULT_ON:
    case COP_STRENGTH_DEFAULT_ON_CLASS:
        return 1;
    case COP_STRENGTH_REQUIRED_DECISION:
    case COP_STRENGTH_MUST_OFFER:
    case COP_STRENGTH_RECOMMENDED:
    case COP_STRENGTH_LOCAL_DISCRETION:
        break;
    }
    return EFFECT_OF_OFFER;
}

/* Some classes may have it by default and others as an offer: one requirement,
 * decided at one level. Mandatory is another level. */
static void read_class_strength(struct yaml *yaml,
    const struct yaml_node *member, struct requirement_reader *reader)
{
    struct yaml_node key = {.kind = YAML_TEXT,
        .is_plain = true,
        .line = member->key_line,
        .column = member->key_column,
        .text = member->key};
    uint32_t bit = 0;
    unsigned which = 0;
    int effect;

    if (!fact_read_subscribers(yaml, &key, &bit) ||
        !yaml_word(yaml, member, strength_words, STRENGTHS, &which)) {
        return;
    }
    effect = effect_of((enum cop_strength)which);
    if (reader->has_by_class &&
        (effect == 0) != (effect_of(reader->by_class) == 0)) {
        requirement_unsupported(yaml, member, reader,
            "be mandatory for one class and weaker for another; write one "
            "document for each (strength_by_class)");
        return;
    }
    reader->class_bits |= bit;
    reader->offered_bits |= effect == EFFECT_OF_OFFER ? bit : 0;
    if (!reader->has_by_class || effect < effect_of(reader->by_class)) {
        reader->by_class = (enum cop_strength)which;
        reader->has_by_class = true;
    }
}

static void read_strength_by_class(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    if (!yaml_is(yaml, value, YAML_MAP)) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        read_class_strength(yaml, c, into);
    }
}

static void read_lock(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, lock_words, COP_LOCK_NATIONAL + 1, &which)) {
        reader->fact->lock = (enum cop_lock)which;
    }
}

static void read_decision(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    ((struct requirement_reader *)into)->fact->has_decision = true;
    requirement_read_aside_map(yaml, value, into);
}

static void read_profiles(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    requirement_unsupported(yaml, value, into,
        "keep several profiles in one requirement; write one requirement, or "
        "a template, for each");
}

/* ---- what only shows when all keys are read ---- */

static void settle_strength(
    struct yaml *yaml, struct requirement_reader *reader)
{
    struct fact_requirement *fact = reader->fact;

    if (!reader->has_strength && !reader->has_by_class) {
        yaml_error(yaml, yaml->root, "key", "add it",
            "the key strength is missing here");
        return;
    }
    if (!reader->has_by_class) {
        return;
    }
    if (reader->has_strength &&
        (effect_of(fact->strength) != effect_of(reader->by_class) ||
            (reader->offered_bits != 0 &&
                reader->offered_bits != reader->class_bits))) {
        requirement_unsupported(yaml, yaml_get(yaml->root, "strength_by_class"),
            reader,
            "give one requirement strengths of different effect; write one "
            "document for each (strength_by_class)");
        return;
    }
    if (!reader->has_strength) {
        uint32_t scope = fact->scope.subscribers;

        fact->strength = reader->by_class;
        fact->scope.subscribers =
            scope == 0 ? reader->class_bits : scope & reader->class_bits;
        if (reader->offered_bits != reader->class_bits) {
            fact->offered_to = reader->offered_bits & fact->scope.subscribers;
        }
    }
}

static void settle_action(struct yaml *yaml, struct requirement_reader *reader)
{
    struct fact_requirement *fact = reader->fact;

    if (reader->has_action) {
        return;
    }
    fact->action = DO_CERTIFY;
    if (fact->kind != KIND_PROCESS) {
        yaml_error(yaml, yaml->root, "key", "add it",
            "the key action is missing here");
    }
}

/* What an amendment ends does not end later than that. */
static void settle_end(
    struct yaml *yaml, const struct requirement_reader *reader)
{
    struct fact_time *time = &reader->fact->time;

    if (reader->ends_unix >= time->until_unix) {
        return;
    }
    time->until_unix = reader->ends_unix;
    time->to_place = reader->ends_place;
    if (time->until_unix <= time->from_unix) {
        yaml_error(yaml, yaml_get(yaml->root, "amendments"), "value",
            "correct one of the dates",
            "an amendment ends it before effective_from");
    }
}

/* A list that does not say what it means, means what the action does. */
static void settle_semantics(
    struct yaml *yaml, const struct requirement_reader *reader)
{
    struct fact_requirement *fact = reader->fact;
    struct fact_list *lists;

    if (fact->target.lists_n == 0) {
        return;
    }
    lists = arena_array(yaml->arena, fact->target.lists_n, sizeof(*lists));
    if (lists == NULL) {
        return;
    }
    for (size_t i = 0; i < fact->target.lists_n; i++) {
        lists[i] = fact->target.lists[i];
        if (!lists[i].has_semantics) {
            lists[i].semantics = fact->action == DO_ALLOW ? LIST_SAYS_ALLOW
                                 : fact->action == DO_ALLOW_ONLY
                                     ? LIST_SAYS_ALLOW_ONLY
                                     : LIST_SAYS_DENY;
        }
    }
    fact->target.lists = lists;
}

/* Where a stop page could lead is for people, unless the action is to lead
 * there. */
static void settle_redirect(
    struct yaml *yaml, struct requirement_reader *reader)
{
    const struct yaml_node *url = yaml_get(
        yaml_get(yaml_get(yaml->root, "notice"), "stop_page"), "redirect_url");

    if (url != NULL && reader->fact->action != DO_REDIRECT) {
        requirement_read_aside(yaml, url, reader);
    }
}

static void note_aside(
    struct yaml *yaml, const struct requirement_reader *reader)
{
    char words[512];
    size_t used = 0;

    for (size_t i = 0; i < reader->aside_n; i++) {
        struct cop_slice key = reader->aside[i];

        if (used + key.n + 3 > sizeof(words)) {
            break;
        }
        memcpy(words + used, i == 0 ? "" : ", ", i == 0 ? 0 : 2);
        used += i == 0 ? 0 : 2;
        memcpy(words + used, key.p, key.n);
        used += key.n;
    }
    words[used] = '\0';
    if (used > 0) {
        yaml_note(yaml, yaml->root, "aside", NULL,
            "kept for people, without effect in this version: %s", words);
    }
}

/* Whether what is unsupported may be passed over. Asked before anything else
 * is read, so that the order of keys does not matter. */
static bool is_lenient(const struct yaml_node *root)
{
    const struct yaml_node *status = yaml_get(root, "status");

    return status != NULL && status->kind == YAML_TEXT &&
           !cop_slice_eq(status->text, COP_LIT("in_force")) &&
           !cop_slice_eq(status->text, COP_LIT("advisory"));
}

static const struct yaml_key requirement_keys[] = {
    {"id", read_id, true},
    {"version", read_version, true},
    {"status", read_status, true},
    {"kind", read_kind, true},
    {"title", read_title, true},
    {"legal", requirement_read_legal, true},
    {"time", requirement_read_time, false},
    {"scope", requirement_read_scope, false},
    {"target", requirement_read_target, false},
    {"action", read_action, false},
    {"strength", read_strength, false},
    {"strength_by_class", read_strength_by_class, false},
    {"lock", read_lock, false},
    {"override", requirement_read_override, false},
    {"notice", requirement_read_notice, false},
    {"appeal", requirement_read_appeal, false},
    {"logging", requirement_read_logging, false},
    {"provenance", requirement_read_provenance, false},
    {"verification", requirement_read_verification, false},
    {"amendments", requirement_read_amendments, false},
    {"profiles", read_profiles, false},
    {"default_profile", read_profiles, false},
    {"process", read_process, false},
    {"note", NULL, false},
    {"granularity", requirement_read_granularity, false},
    {"collateral_guard", requirement_read_guard, false},
    {"layers", requirement_read_layers, false},
    {"decision", read_decision, false},
    {"transparency", requirement_read_aside_map, false},
    {"report", requirement_read_aside, false},
    {"effectiveness", requirement_read_effectiveness, false},
    {"capacity", requirement_read_aside_map, false},
    {"cost", requirement_read_aside, false},
    {"interfaces", requirement_read_aside_list, false},
    {"local_determination", requirement_read_aside_map, false},
};

void requirement_read(struct document *document, struct facts *facts)
{
    struct yaml *yaml = &document->yaml;
    struct fact_requirement *fact = arena_alloc(yaml->arena, sizeof(*fact));
    struct requirement_reader reader = {.document = document,
        .fact = fact,
        .is_lenient = is_lenient(yaml->root),
        .ends_unix = INT64_MAX};

    if (fact == NULL) {
        return;
    }
    fact->head.place = fact_place(yaml, yaml->root);
    fact->scope.age_max = 120;
    fact->time.from_unix = INT64_MIN;
    fact->time.until_unix = INT64_MAX;
    fact->time.review_unix = INT64_MAX;
    fact->logging.duty = COP_LOG_PERMITTED;
    (void)yaml_map_read(yaml, yaml->root, requirement_keys,
        sizeof(requirement_keys) / sizeof(requirement_keys[0]), &reader);
    fact->words.extra = extra_read(yaml->arena, yaml->root);
    settle_end(yaml, &reader);
    settle_strength(yaml, &reader);
    settle_action(yaml, &reader);
    settle_semantics(yaml, &reader);
    settle_redirect(yaml, &reader);
    note_aside(yaml, &reader);
    fact->head.next = facts->requirements;
    facts->requirements = &fact->head;
}
