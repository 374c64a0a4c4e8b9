/* libfyaml's events become our own tree, so that limits, places and what is
 * refused are decided here, event by event, and nothing of the library
 * outlives yaml_parse(). There is no recursion: open collections are frames of
 * a fixed stack, which is also what bounds the depth. */
#include "rules/read/yaml.h"

#include "rules/read/yaml_reader.h"

void yaml_init(struct yaml *yaml, const char *file, struct arena *arena,
    struct cop_report *report)
{
    *yaml = (struct yaml){.file = file, .arena = arena, .report = report};
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
    struct yaml_reader *reader, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);
    struct yaml_node place;

    if (anchor != NULL) {
        place = yaml_token_place(reader, fy_token_start_mark(anchor));
        return yaml_refuse(reader, &place, "anchors (&name) are not allowed",
            "write the value out where it is used");
    }
    if (tag != NULL) {
        place = yaml_token_place(reader, fy_token_start_mark(tag));
        return yaml_refuse(reader, &place, "tags (!name) are not allowed",
            "delete the tag; the key says what type its value has");
    }
    return COP_OK;
}

static struct yaml_frame *top(struct yaml_reader *reader)
{
    return reader->depth > 0 ? &reader->frames[reader->depth - 1] : NULL;
}

static bool wants_key(struct yaml_reader *reader)
{
    const struct yaml_frame *frame = top(reader);

    return frame != NULL && frame->node->kind == YAML_MAP &&
           frame->key.key.p == NULL;
}

/* Add a node for an event to the collection that is open. */
static enum cop_status add_node(struct yaml_reader *reader,
    struct fy_event *event, enum yaml_kind kind, struct yaml_node **out)
{
    struct yaml_node place = yaml_event_place(reader, event);
    struct yaml_frame *frame = top(reader);
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
    struct yaml_reader *reader, struct fy_event *event, enum yaml_kind kind)
{
    struct yaml_node place = yaml_event_place(reader, event);
    struct yaml_node *node = NULL;
    enum cop_status status = check_plain_node(reader, event);

    if (status != COP_OK) {
        return status;
    }
    if (wants_key(reader)) {
        return yaml_refuse(reader, &place,
            "a key must be a word, not a collection",
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
            (struct yaml_frame){.node = node, .tail = &node->first};
    }
    return status;
}

static enum cop_status take_key(struct yaml_reader *reader,
    struct cop_slice text, const struct yaml_node *place, bool is_plain)
{
    struct yaml_frame *frame = top(reader);

    if (text.n == 0) {
        return yaml_refuse(
            reader, place, "a key is missing here", "write `key: value`");
    }
    if (is_plain && cop_slice_eq(text, COP_LIT("<<"))) {
        return yaml_refuse(reader, place, "merge keys (<<) are not allowed",
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
    struct yaml_reader *reader, struct fy_event *event)
{
    struct fy_token *token = fy_event_get_token(event);
    bool is_plain = token == NULL || fy_token_scalar_style(token) == FYSS_PLAIN;
    struct yaml_node place = yaml_event_place(reader, event);
    struct yaml_node *node = NULL;
    struct cop_slice text;
    enum cop_status status = check_plain_node(reader, event);

    if (status == COP_OK) {
        status = yaml_scalar_text(reader, event, &text);
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
    struct yaml_reader *reader, struct fy_event *event)
{
    struct fy_document_state *state = event->document_start.document_state;
    struct yaml_node place = yaml_event_place(reader, event);

    if (reader->documents++ > 0) {
        return yaml_refuse(reader, &place, "a second document begins here",
            "put each document into a file of its own");
    }
    if (fy_document_state_version_explicit(state) ||
        fy_document_state_tags_explicit(state)) {
        return yaml_refuse(reader, &place, "directives (%) are not allowed",
            "delete the lines that begin with %");
    }
    return COP_OK;
}

static enum cop_status take_event(
    struct yaml_reader *reader, struct fy_event *event)
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
        place = yaml_event_place(reader, event);
        return yaml_refuse(reader, &place, "aliases (*name) are not allowed",
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
    struct yaml_reader *reader, struct fy_diag *diag)
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
    struct yaml_reader *reader, struct fy_parser *parser, struct fy_diag *diag)
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

static enum cop_status run_library(struct yaml_reader *reader)
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
    reader->iterator = fy_token_iter_create(NULL);
    if (parser != NULL && reader->iterator != NULL &&
        fy_parser_set_string(parser, reader->text.p, reader->text.n) == 0) {
        status = read_events(reader, parser, cfg.diag);
    }
    fy_token_iter_destroy(reader->iterator);
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
    struct yaml_reader reader = {.yaml = yaml, .text = text, .line = 1};
    uint32_t errors = yaml->errors;
    enum cop_status status;

    yaml->root = &empty_root;
    status = yaml_check_bytes(&reader);
    buf_init(&reader.scalar, YAML_BYTES_MAX);
    if (status == COP_OK && reader.text.n > 0) {
        status = run_library(&reader);
    }
    buf_fini(&reader.scalar);
    if (status == COP_E_NOMEM) {
        yaml_error(yaml, NULL, "limit", NULL, "out of memory while reading");
    }
    if (status == COP_OK && yaml->errors != errors) {
        status = COP_E_SYNTAX; /* duplicate keys, told one by one */
    }
    return status;
}
