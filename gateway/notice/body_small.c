/* Answers for what is not a person in front of a window. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "gateway/notice/body.h"
#include "gateway/notice/markup.h"

static void put_line(struct buf *out, struct cop_slice text)
{
    if (text.n != 0) {
        markup_plain(out, text);
        buf_add_char(out, '\n');
    }
}

static void put_phrase(
    struct buf *out, const struct told *told, enum phrase phrase)
{
    put_line(out, cop_slice_of(phrases_say(told->phrases, phrase)));
}

static void put_pair(struct buf *out, const struct told *told, enum phrase name,
    struct cop_slice text)
{
    if (text.n != 0) {
        markup_plain(out, cop_slice_of(phrases_say(told->phrases, name)));
        buf_add(out, ": ", 2);
        put_line(out, text);
    }
}

void body_text(struct buf *out, const struct told *told)
{
    put_phrase(out, told, told->title);
    put_phrase(out, told, PHRASE_NO_BLAME);
    put_pair(out, told, PHRASE_ADDRESS, told->host);
    if (told->is_block) {
        put_line(out, told->block.why.text);
        put_line(out, told->block.helpline.text);
        put_pair(out, told, PHRASE_DECIDED_BY, told->block.authority);
        put_pair(out, told, PHRASE_RULE, told->block.requirement);
        put_pair(out, told, PHRASE_MISTAKE, told->block.appeal.text);
    } else {
        put_phrase(out, told, told->error.what);
        put_phrase(out, told, told->error.fix);
        put_line(out, cop_slice_of(told->error.reason));
        put_line(out, told->error.detail);
    }
    put_pair(out, told, PHRASE_REFERENCE, told->reference);
}

/* Left out when empty, made well-formed first. Failure is seen when the object
 * is written. */
static void add_member(json_t *object, const char *name, struct cop_slice text)
{
    struct buf clean;

    if (text.n == 0) {
        return;
    }
    buf_init(&clean, 3 * text.n + 1);
    markup_plain(&clean, text);
    (void)json_object_set_new(object, name, json_stringn(clean.p, clean.n));
    buf_fini(&clean);
}

static void add_block(json_t *object, const struct told_block *block)
{
    add_member(object, "detail", block->why.text);
    add_member(object, "requirement", block->requirement);
    add_member(object, "authority", block->authority);
    add_member(object, "appeal", block->appeal.text);
}

/* application/problem+json (RFC 9457). */
void body_json(struct buf *out, const struct told *told)
{
    json_t *object = json_object();
    char type[64];
    char *text;

    snprintf(type, sizeof(type), "cop:problem:%s", told->problem);
    add_member(object, "type", cop_slice_of(type));
    add_member(
        object, "title", cop_slice_of(phrases_say(told->phrases, told->title)));
    (void)json_object_set_new(object, "status", json_integer(told->status));
    if (told->is_block) {
        add_block(object, &told->block);
    } else {
        add_member(object, "detail", cop_slice_of(told->error.reason));
    }
    add_member(object, "reference", told->reference);
    text = json_dumps(object, JSON_COMPACT);
    if (text != NULL) {
        buf_add_slice(out, cop_slice_of(text));
        buf_add_char(out, '\n');
    } else {
        out->failed = true;
    }
    free(text);
    json_decref(object);
}

/* A calm grey: it says nothing, and scales to any place a picture has. */
void body_image(struct buf *out, const struct told *told)
{
    (void)told;
    buf_add_slice(
        out, COP_LIT("<svg xmlns=\"http://www.w3.org/2000/svg\" "
                     "viewBox=\"0 0 8 8\"><path fill=\"#8a8d93\" "
                     "fill-opacity=\".25\" d=\"M0 0h8v8H0z\"/></svg>\n"));
}

/* The reference is made of letters and digits, so it cannot end a comment. */
void body_comment(struct buf *out, const struct told *told)
{
    buf_add_slice(out, COP_LIT("/* Not open here. "));
    markup_plain(out, told->reference);
    buf_add_slice(out, COP_LIT(" */\n"));
}
