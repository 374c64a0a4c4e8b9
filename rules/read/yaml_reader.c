/* What the reader does with bytes: where they are, which are refused, what the
 * text of a scalar is. */
#include "rules/read/yaml_reader.h"

#include "rules/read/utf8.h"

/* ---- places ---- */

/* The place of an offset. Events come in order, so counting goes on from where
 * it stopped and the whole costs one pass; an offset behind is rare. */
struct yaml_node yaml_place_of(struct yaml_reader *reader, size_t offset)
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
struct yaml_node yaml_token_place(
    struct yaml_reader *reader, const struct fy_mark *mark)
{
    size_t at = mark != NULL ? mark->input_pos : reader->seen;

    if (mark != NULL && at > 0 && at <= reader->text.n &&
        strchr("\"'*&", reader->text.p[at - 1]) != NULL) {
        at--;
    }
    return yaml_place_of(reader, at);
}

/* Where an event begins; what has no mark of its own (an empty value) is where
 * the last thing was. */
struct yaml_node yaml_event_place(
    struct yaml_reader *reader, struct fy_event *event)
{
    return yaml_token_place(reader, fy_event_start_mark(event));
}

enum cop_status yaml_refuse(struct yaml_reader *reader,
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
enum cop_status yaml_check_bytes(struct yaml_reader *reader)
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
    place = yaml_place_of(reader, at);
    return yaml_refuse(reader, &place, flaw_what[flaw], flaw_todo[flaw]);
}

/* Two escaped quotes in a row within single quotes. libfyaml 0.7.12 reads them
 * wrongly, so they are refused; double quotes can say the same. */
static bool has_quote_run(struct yaml_reader *reader, struct fy_token *token)
{
    const struct fy_mark *start = fy_token_start_mark(token);
    const struct fy_mark *end = fy_token_end_mark(token);

    return fy_token_scalar_style(token) == FYSS_SINGLE_QUOTED &&
           start != NULL && end != NULL && end->input_pos <= reader->text.n &&
           start->input_pos < end->input_pos &&
           memmem(reader->text.p + start->input_pos,
               end->input_pos - start->input_pos, "''''", 4) != NULL;
}

/* Join the pieces of a scalar. fy_token_get_text() would do it, but trusts a
 * length that it computed before. */
static enum cop_status join_pieces(
    struct yaml_reader *reader, struct fy_token *token)
{
    const struct fy_iter_chunk *piece = NULL;
    int error = 0;

    buf_clear(&reader->scalar);
    fy_token_iter_start(token, reader->iterator);
    for (;;) {
        piece = fy_token_iter_chunk_next(reader->iterator, piece, &error);
        if (piece == NULL) {
            break;
        }
        buf_add(&reader->scalar, piece->str, piece->len);
    }
    fy_token_iter_finish(reader->iterator);
    return error != 0 || reader->scalar.failed ? COP_E_NOMEM : COP_OK;
}

/* The text of a scalar in the arena, checked again where escapes may have
 * brought in what yaml_check_bytes() would have refused. */
enum cop_status yaml_scalar_text(
    struct yaml_reader *reader, struct fy_event *event, struct cop_slice *out)
{
    struct fy_token *token = fy_event_get_token(event);
    struct yaml_node place;
    enum cop_status status = COP_OK;
    size_t at = 0;

    buf_clear(&reader->scalar);
    if (token != NULL && has_quote_run(reader, token)) {
        place = yaml_event_place(reader, event);
        return yaml_refuse(reader, &place,
            "there are several quotes in a row within single quotes",
            "put the text into double quotes");
    }
    if (token != NULL) {
        status = join_pieces(reader, token);
    }
    if (status != COP_OK) {
        return status;
    }
    if (utf8_flaw_next(buf_slice(&reader->scalar), &at) != UTF8_FINE) {
        place = yaml_event_place(reader, event);
        return yaml_refuse(reader, &place,
            "an escape in this text stands for a character that is not "
            "allowed",
            "use characters that can be printed");
    }
    *out = arena_copy(reader->yaml->arena, buf_slice(&reader->scalar));
    return out->p != NULL ? COP_OK : COP_E_NOMEM;
}
