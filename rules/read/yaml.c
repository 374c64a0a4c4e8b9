/* libfyaml's events become our own tree, so that limits, places and what is
 * refused are decided here, event by event, and nothing of the library
 * outlives yaml_parse(). There is no recursion: open collections are frames of
 * a fixed stack, which is also what bounds the depth. */
#include "rules/read/yaml.h"

#include <libfyaml.h>

#include "rules/read/utf8.h"

/* A collection that is open, and the key that waits for its value. */
struct frame {
    struct yaml_node *node;
    const struct yaml_node **tail;
    struct yaml_node key; /* key, key_line, key_column; key.p NULL: none */
};

struct reader {
    struct yaml *yaml;
    struct cop_slice text;
    struct frame frames[YAML_DEPTH_MAX];
    size_t depth;
    uint32_t nodes;
    uint32_t documents;
    size_t seen;       /* offset up to which lines are counted */
    size_t line_start; /* offset of the line that `seen` is in */
    uint32_t line;
};

void yaml_init(struct yaml *yaml, const char *file, struct arena *arena,
    struct cop_report *report)
{
    *yaml = (struct yaml){.file = file, .arena = arena, .report = report};
}

/* ---- places ---- */

/* The place of an offset. Events come in order, so counting goes on from where
 * it stopped and the whole costs one pass; an offset behind is rare. */
static struct yaml_node place_of(struct reader *reader, size_t offset)
{
    if (offset > reader->text.n) {
        offset = reader->text.n;
    }
    if (offset < reader->line_start) {
        reader->seen = 0;
        reader->line_start = 0;
        reader->line = 1;
    }
    for (; reader->seen < offset; reader->seen++) {
        if (reader->text.p[reader->seen] == '\n') {
            reader->line_start = reader->seen + 1;
            reader->line++;
        }
    }
    return (struct yaml_node){.line = reader->line,
        .column = (uint32_t)(offset - reader->line_start) + 1};
}

/* Where a token begins. The library's marks stand behind a quote, a star or an
 * ampersand; people look for the sign itself. */
static struct yaml_node token_place(
    struct reader *reader, const struct fy_mark *mark)
{
    size_t at = mark != NULL ? mark->input_pos : reader->seen;

    if (mark != NULL && at > 0 && at <= reader->text.n &&
        strchr("\"'*&", reader->text.p[at - 1]) != NULL) {
        at--;
    }
    return place_of(reader, at);
}

/* Where an event begins; what has no mark of its own (an empty value) is where
 * the last thing was. */
static struct yaml_node event_place(
    struct reader *reader, struct fy_event *event)
{
    return token_place(reader, fy_event_start_mark(event));
}

static enum cop_status refuse(struct reader *reader,
    const struct yaml_node *place, const char *what, const char *todo)
{
    yaml_error(reader->yaml, place, "yaml", todo, "%s", what);
    return COP_E_SYNTAX;
}

/* ---- before the library sees a byte ---- */

static const char *const flaw_what[] = {
    [UTF8_INVALID] = "this byte is not UTF-8 text",
    [UTF8_TAB] = "there is a tab character here",
    [UTF8_CONTROL] = "there is a control character here",
};
static const char *const flaw_todo[] = {
    [UTF8_INVALID] = "save the file as UTF-8",
    [UTF8_TAB] = "use spaces; only they are the same in every editor",
    [UTF8_CONTROL] = "delete it",
};

/* Limits and characters. A byte order mark is skipped, not refused: editors
 * add it unseen. */
static enum cop_status check_bytes(struct reader *reader)
{
    enum utf8_flaw flaw;
    struct yaml_node place;
    size_t at = 0;

    if (reader->text.n > YAML_BYTES_MAX) {
        yaml_error(reader->yaml, NULL, "limit",
            "split it; put long lists into list files",
            "the file has %zu bytes, more than %d", reader->text.n,
            (int)YAML_BYTES_MAX);
        return COP_E_LIMIT;
    }
    if (reader->text.n >= 3 && memcmp(reader->text.p, "\xEF\xBB\xBF", 3) == 0) {
        reader->text.p += 3;
        reader->text.n -= 3;
    }
    flaw = utf8_flaw_next(reader->text, &at);
    if (flaw == UTF8_FINE) {
        return COP_OK;
    }
    place = place_of(reader, at);
    return refuse(reader, &place, flaw_what[flaw], flaw_todo[flaw]);
}

/* ---- building the tree ---- */

static bool is_null_word(struct cop_slice text)
{
    return text.n == 0 || cop_slice_eq(text, COP_LIT("~")) ||
           cop_slice_eq(text, COP_LIT("null")) ||
           cop_slice_eq(text, COP_LIT("Null")) ||
           cop_slice_eq(text, COP_LIT("NULL"));
}

/* Anchors and tags, on whatever node. */
static enum cop_status check_plain_node(
    struct reader *reader, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);
    struct yaml_node place;

    if (anchor != NULL) {
        place = token_place(reader, fy_token_start_mark(anchor));
        return refuse(reader, &place, "anchors (&name) are not allowed",
            "write the value out where it is used");
    }
    if (tag != NULL) {
        place = token_place(reader, fy_token_start_mark(tag));
        return refuse(reader, &place, "tags (!name) are not allowed",
            "delete the tag; the key says what type its value has");
    }
    return COP_OK;
}

static struct frame *top(struct reader *reader)
{
    return reader->depth > 0 ? &reader->frames[reader->depth - 1] : NULL;
}

static bool wants_key(struct reader *reader)
{
    const struct frame *frame = top(reader);

    return frame != NULL && frame->node->kind == YAML_MAP &&
           frame->key.key.p == NULL;
}

/* Add a node for an event to the collection that is open. */
static enum cop_status add_node(struct reader *reader, struct fy_event *event,
    enum yaml_kind kind, struct yaml_node **out)
{
    struct yaml_node place = event_place(reader, event);
    struct frame *frame = top(reader);
    struct yaml_node *node;

    if (++reader->nodes > YAML_NODES_MAX) {
        yaml_error(reader->yaml, &place, "limit",
            "split the file; put long lists into list files",
            "there are more than %d values in this file", (int)YAML_NODES_MAX);
        return COP_E_LIMIT;
    }
    node = arena_alloc(reader->yaml->arena, sizeof(*node));
    if (node == NULL) {
        return COP_E_NOMEM;
    }
    *node = place;
    node->kind = kind;
    if (frame == NULL) {
        reader->yaml->root = node;
    } else {
        node->key = frame->key.key;
        node->key_line = frame->key.key_line;
        node->key_column = frame->key.key_column;
        frame->key = (struct yaml_node){.kind = YAML_NULL};
        *frame->tail = node;
        frame->tail = &node->next;
        frame->node->count++;
    }
    *out = node;
    return COP_OK;
}

static enum cop_status open_collection(
    struct reader *reader, struct fy_event *event, enum yaml_kind kind)
{
    struct yaml_node place = event_place(reader, event);
    struct yaml_node *node = NULL;
    enum cop_status status = check_plain_node(reader, event);

    if (status != COP_OK) {
        return status;
    }
    if (wants_key(reader)) {
        return refuse(reader, &place, "a key must be a word, not a collection",
            "put quotes around the key if it begins with [ or {");
    }
    if (reader->depth == YAML_DEPTH_MAX) {
        yaml_error(reader->yaml, &place, "limit", "flatten the document",
            "collections are nested more than %d deep", (int)YAML_DEPTH_MAX);
        return COP_E_LIMIT;
    }
    status = add_node(reader, event, kind, &node);
    if (status == COP_OK) {
        reader->frames[reader->depth++] =
            (struct frame){.node = node, .tail = &node->first};
    }
    return status;
}

/* The text of a scalar in the arena, checked again where escapes may have
 * brought in what check_bytes() would have refused. */
static enum cop_status scalar_text(
    struct reader *reader, struct fy_event *event, struct cop_slice *out)
{
    struct fy_token *token = fy_event_get_token(event);
    struct cop_slice raw = COP_LIT("");
    struct yaml_node place;
    size_t at = 0;

    if (token != NULL) {
        raw.p = fy_token_get_text(token, &raw.n);
        if (raw.p == NULL) {
            return COP_E_NOMEM;
        }
    }
    if (utf8_flaw_next(raw, &at) != UTF8_FINE) {
        place = event_place(reader, event);
        return refuse(reader, &place,
            "an escape in this text stands for a character that is not "
            "allowed",
            "use characters that can be printed");
    }
    *out = arena_copy(reader->yaml->arena, raw);
    return out->p != NULL ? COP_OK : COP_E_NOMEM;
}

static enum cop_status take_key(struct reader *reader, struct cop_slice text,
    const struct yaml_node *place, bool is_plain)
{
    struct frame *frame = top(reader);

    if (text.n == 0) {
        return refuse(
            reader, place, "a key is missing here", "write `key: value`");
    }
    if (is_plain && cop_slice_eq(text, COP_LIT("<<"))) {
        return refuse(reader, place, "merge keys (<<) are not allowed",
            "write the members out");
    }
    if (frame->node->count >= YAML_KEYS_MAX) {
        yaml_error(reader->yaml, place, "limit", "split the mapping",
            "a mapping has more than %d keys", (int)YAML_KEYS_MAX);
        return COP_E_LIMIT;
    }
    for (const struct yaml_node *c = frame->node->first; c != NULL;
         c = c->next) {
        if (cop_slice_eq(c->key, text)) {
            yaml_error(reader->yaml, place, "yaml", "delete one of the two",
                "the key %s is here a second time; the first is on line %u",
                text.p, c->key_line);
        }
    }
    frame->key = (struct yaml_node){
        .key = text, .key_line = place->line, .key_column = place->column};
    return COP_OK;
}

static enum cop_status take_scalar(
    struct reader *reader, struct fy_event *event)
{
    struct fy_token *token = fy_event_get_token(event);
    bool is_plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    struct yaml_node place = event_place(reader, event);
    struct yaml_node *node = NULL;
    struct cop_slice text;
    enum cop_status status = check_plain_node(reader, event);

    if (status == COP_OK) {
        status = scalar_text(reader, event, &text);
    }
    if (status != COP_OK) {
        return status;
    }
    if (wants_key(reader)) {
        return take_key(reader, text, &place, is_plain);
    }
    status = add_node(reader, event,
        is_plain && is_null_word(text) ? YAML_NULL : YAML_TEXT, &node);
    if (status == COP_OK) {
        node->is_plain = is_plain;
        node->text = text;
    }
    return status;
}

static enum cop_status start_document(
    struct reader *reader, struct fy_event *event)
{
    struct fy_document_state *state = event->document_start.document_state;
    struct yaml_node place = event_place(reader, event);

    if (reader->documents++ > 0) {
        return refuse(reader, &place, "a second document begins here",
            "put each document into a file of its own");
    }
    if (fy_document_state_version_explicit(state) ||
        fy_document_state_tags_explicit(state)) {
        return refuse(reader, &place, "directives (%) are not allowed",
            "delete the lines that begin with %");
    }
    return COP_OK;
}

static enum cop_status take_event(struct reader *reader, struct fy_event *event)
{
    struct yaml_node place;

    switch (event->type) {
    case FYET_DOCUMENT_START:
        return start_document(reader, event);
    case FYET_SCALAR:
        return take_scalar(reader, event);
    case FYET_SEQUENCE_START:
        return open_collection(reader, event, YAML_LIST);
    case FYET_MAPPING_START:
        return open_collection(reader, event, YAML_MAP);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        reader->depth--;
        return COP_OK;
    case FYET_ALIAS:
        place = event_place(reader, event);
        return refuse(reader, &place, "aliases (*name) are not allowed",
            "write the value out, or put quotes around a text with a star");
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        break;
    }
    return COP_OK;
}

/* ---- the library ---- */

/* What libfyaml found wrong, in its own words. */
static enum cop_status report_syntax(
    struct reader *reader, struct fy_diag *diag)
{
    void *iterator = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
    struct yaml_node place = {.line = reader->line};
    const char *words = "the file cannot be read as YAML";

    if (error != NULL) {
        place.line = error->line > 0 ? (uint32_t)error->line : 1;
        place.column = error->column > 0 ? (uint32_t)error->column : 1;
        words = error->msg;
    }
    yaml_error(reader->yaml, &place, "yaml",
        "look at the indentation, quotes and colons on this line and above",
        "this is not YAML: %s", words);
    return COP_E_SYNTAX;
}

static enum cop_status read_events(
    struct reader *reader, struct fy_parser *parser, struct fy_diag *diag)
{
    enum cop_status status = COP_OK;
    bool ended = false;

    while (status == COP_OK && !ended) {
        struct fy_event *event = fy_parser_parse(parser);

        if (event == NULL) {
            return report_syntax(reader, diag);
        }
        ended = event->type == FYET_STREAM_END;
        status = take_event(reader, event);
        fy_parser_event_free(parser, event);
    }
    return status;
}

static enum cop_status run_library(struct reader *reader)
{
    const struct fy_diag_cfg diag_cfg = {
        .level = FYET_ERROR, .module_mask = ~0U};
    struct fy_parse_cfg cfg = {
        .flags = (enum fy_parse_cfg_flags)(
            FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2)};
    struct fy_parser *parser = NULL;
    enum cop_status status = COP_E_NOMEM;

    cfg.diag = fy_diag_create(&diag_cfg);
    if (cfg.diag == NULL) {
        return COP_E_NOMEM;
    }
    fy_diag_set_collect_errors(cfg.diag, true);
    parser = fy_parser_create(&cfg);
    if (parser != NULL &&
        fy_parser_set_string(parser, reader->text.p, reader->text.n) == 0) {
        status = read_events(reader, parser, cfg.diag);
    }
    if (parser != NULL) {
        fy_parser_destroy(parser);
    }
    fy_diag_destroy(cfg.diag);
    return status;
}

static const struct yaml_node empty_root = {
    .kind = YAML_NULL, .is_plain = true, .line = 1, .column = 1};

enum cop_status yaml_parse(struct yaml *yaml, struct cop_slice text)
{
    struct reader reader = {.yaml = yaml, .text = text, .line = 1};
    uint32_t errors = yaml->errors;
    enum cop_status status;

    yaml->root = &empty_root;
    status = check_bytes(&reader);
    if (status == COP_OK && reader.text.n > 0) {
        status = run_library(&reader);
    }
    if (status == COP_E_NOMEM) {
        yaml_error(yaml, NULL, "limit", NULL, "out of memory while reading");
    }
    if (status == COP_OK && yaml->errors != errors) {
        status = COP_E_SYNTAX; /* duplicate keys, told one by one */
    }
    return status;
}
