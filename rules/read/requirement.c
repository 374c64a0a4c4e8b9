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
    if (which == KIND_LABEL || which == KIND_FEATURE) {
        requirement_unsupported(yaml, value, reader,
            which == KIND_LABEL ? "honour age labels of pages (kind: label)"
                                : "switch features of sites (kind: feature)");
    }
}

static void read_action(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (!yaml_word(yaml, value, action_words, DO_CERTIFY + 1, &which)) {
        return;
    }
    reader->fact->action = (enum fact_action)which;
    reader->fact->words.action = value->text;
    reader->has_action = true;
    if (which >= DO_WARN && which <= DO_ALERT) {
        requirement_unsupported(yaml, value, reader,
            "act otherwise than by allowing or blocking (action)");
    }
}

static void read_strength(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct requirement_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, strength_words, STRENGTHS, &which)) {
        reader->strength = (enum cop_strength)which;
        reader->fact->strength = reader->strength;
        reader->has_strength = true;
    }
}

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

    if (fact_read_subscribers(yaml, &key, &bit) &&
        yaml_word(yaml, member, strength_words, STRENGTHS, &which)) {
        reader->by_class[which] |= bit;
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
    if (!reader->has_strength && !reader->has_by_class) {
        yaml_error(yaml, yaml->root, "key", "add it",
            "the key strength is missing here");
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

/* The document as it stands in one phase. */
static void read_phase(struct yaml *yaml, const struct requirement_phase *phase,
    struct requirement_reader *reader)
{
    struct fact_requirement *fact = reader->fact;

    reader->is_lenient = is_lenient(phase->tree);
    fact->head.place = fact_place(yaml, yaml->root);
    fact->scope.age_max = 120;
    fact->time.from_unix = INT64_MIN;
    fact->time.until_unix = INT64_MAX;
    fact->time.review_unix = INT64_MAX;
    fact->logging.duty = COP_LOG_PERMITTED;
    (void)yaml_map_read(yaml, phase->tree, requirement_keys,
        sizeof(requirement_keys) / sizeof(requirement_keys[0]), reader);
    fact->words.extra = extra_read(yaml->arena, phase->tree);
    settle_strength(yaml, reader);
    settle_action(yaml, reader);
    settle_semantics(yaml, reader);
    if (phase->place == NULL) {
        note_aside(yaml, reader);
    }
}

/* A phase lasts from its date to that of the next. */
static void settle_time(struct yaml *yaml,
    const struct requirement_phase *phase, int64_t next_unix,
    struct fact_requirement *fact)
{
    struct fact_time *time = &fact->time;

    if (phase->place != NULL) {
        if (phase->from_unix <= time->from_unix ||
            phase->from_unix >= time->until_unix) {
            yaml_error(yaml, phase->place, "value", "correct one of the dates",
                "an amendment is of a time at which the requirement is not in "
                "effect");
        }
        time->from_unix = phase->from_unix;
        time->from_place = fact_place(yaml, phase->place);
        fact->is_amended = true;
        fact->vectors_n = 0; /* those of the document are those of part 0 */
    }
    if (next_unix < time->until_unix) {
        time->until_unix = next_unix;
    }
}

/* Whether an amended phase is one that decides: one that ends the requirement,
 * or lets it rest, is none. */
static bool is_in_force(const struct fact_requirement *fact)
{
    return fact->status == STATUS_IN_FORCE || fact->status == STATUS_ADVISORY;
}

/* Hand the parts on. What is amended later does not run out. */
static void parts_link(struct requirement_parts *parts, struct facts *facts)
{
    for (size_t i = 0; i < parts->n; i++) {
        struct fact_requirement *fact = parts->p[i];

        fact->has_later =
            fact->time.from_unix < parts->p[parts->n - 1]->time.from_unix;
        fact->head.next = facts->requirements;
        facts->requirements = &fact->head;
    }
}

void requirement_read(struct document *document, struct facts *facts)
{
    struct requirement_phase phases[REQUIREMENT_PHASES_MAX];
    struct requirement_parts parts = {.n = 0};
    struct yaml *yaml = &document->yaml;
    const struct fact_requirement *lists_of = NULL;
    size_t n = requirement_phases(yaml, phases);

    for (size_t i = 0; i < n && yaml->errors == 0; i++) {
        struct fact_requirement *fact = arena_alloc(yaml->arena, sizeof(*fact));
        struct requirement_reader reader = {.document = document, .fact = fact};

        if (fact == NULL) {
            return;
        }
        read_phase(yaml, &phases[i], &reader);
        settle_time(yaml, &phases[i],
            i + 1 < n ? phases[i + 1].from_unix : INT64_MAX, fact);
        fact->lists_of = phases[i].keeps_lists ? lists_of : NULL;
        if (i == 0 || is_in_force(fact)) {
            requirement_classes(yaml, &reader, &parts);
            lists_of = fact->lists_of != NULL ? lists_of : fact;
        } else {
            lists_of = fact->lists_of;
        }
    }
    parts_link(&parts, facts);
}
