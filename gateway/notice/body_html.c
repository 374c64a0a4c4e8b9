/* The page. One look for whatever is blocked: from across a classroom it says
 * nothing about what was looked for. One h1, landmarks, headings in order, a
 * language and direction on every text that has another than the page. */
#include "gateway/notice/body.h"
#include "gateway/notice/markup.h"
#include "gateway/notice/style.h"

#include "gateway/http/syntax.h"

static void put(struct buf *out, const char *markup)
{
    buf_add_slice(out, cop_slice_of(markup));
}

static void put_phrase(
    struct buf *out, const struct told *told, enum phrase phrase)
{
    markup_text(out, cop_slice_of(phrases_say(told->phrases, phrase)));
}

/* An element's start tag, with the language of what it holds. */
static void open_said(struct buf *out, const struct told *told,
    const char *element, const struct said *said)
{
    const struct cop_slice *language = &said->language;

    buf_print(out, "<%s", element);
    if (language->n != 0 && choose_is_tag(*language) &&
        !http_same(*language, cop_slice_of(phrases_tag(told->phrases)))) {
        buf_print(out, " lang=\"%.*s\" dir=\"%s\"", (int)language->n,
            language->p, choose_is_rtl(*language) ? "rtl" : "ltr");
    }
    buf_add_char(out, '>');
}

static void put_said(struct buf *out, const struct told *told,
    const char *element, const struct said *said)
{
    open_said(out, told, element, said);
    markup_links(out, said->text);
    buf_print(out, "</%s>\n", element);
}

static void put_phrase_in(struct buf *out, const struct told *told,
    const char *element, enum phrase phrase)
{
    buf_print(out, "<%s>", element);
    put_phrase(out, told, phrase);
    buf_print(out, "</%s>\n", element);
}

static void open_section(
    struct buf *out, const struct told *told, const char *id, enum phrase title)
{
    buf_print(out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">", id, id);
    put_phrase(out, told, title);
    put(out, "</h2>\n");
}

/* A name and what it stands for; nothing when there is nothing. */
static void put_pair(struct buf *out, const struct told *told, enum phrase name,
    const struct said *said)
{
    if (said->text.n == 0) {
        return;
    }
    put_phrase_in(out, told, "dt", name);
    put_said(out, told, "dd", said);
}

/* Names and codes have no language: their direction is taken from their
 * letters. */
static void put_name(struct buf *out, struct cop_slice text)
{
    if (text.n == 0) {
        return;
    }
    put(out, "<dd><bdi>");
    markup_text(out, text);
    put(out, "</bdi></dd>\n");
}

static void put_named(struct buf *out, const struct told *told,
    enum phrase name, struct cop_slice text)
{
    if (text.n != 0) {
        put_phrase_in(out, told, "dt", name);
        put_name(out, text);
    }
}

static void put_help(struct buf *out, const struct told *told)
{
    const struct said *helpline = &told->block.helpline;

    if (!told->is_block || helpline->text.n == 0) {
        return;
    }
    put(out, "<li>");
    put_phrase(out, told, PHRASE_HELP);
    put(out, " ");
    put_said(out, told, "span", helpline);
    put(out, "</li>\n");
}

/* Going back comes first; going on is one button, that says what it does. */
static void put_go_on(struct buf *out, const struct told *told)
{
    if (told->block.go_on.n == 0) {
        return;
    }
    put(out, "<li>");
    put_phrase(out, told, PHRASE_GO_ON_NOTE);
    put(out, "\n<form method=\"post\" action=\"");
    markup_text(out, told->block.go_on);
    put(out, "\"><button type=\"submit\">");
    put_phrase(out, told, PHRASE_GO_ON);
    put(out, "</button></form></li>\n");
}

static void put_actions(struct buf *out, const struct told *told)
{
    open_section(out, told, "actions", PHRASE_ACTIONS);
    put(out, "<ul>\n");
    if (told->block.helps_first) {
        put_help(out, told);
    }
    put_phrase_in(out, told, "li", PHRASE_GO_BACK);
    put_phrase_in(out, told, "li", PHRASE_ASK);
    if (told->contact.n != 0) {
        put(out, "<li>");
        put_phrase(out, told, PHRASE_ASK_HERE);
        put(out, " <bdi>");
        markup_links(out, told->contact);
        put(out, "</bdi></li>\n");
    }
    if (!told->block.helps_first) {
        put_help(out, told);
    }
    put_go_on(out, told);
    put(out, "</ul>\n</section>\n");
}

static void put_block(struct buf *out, const struct told *told)
{
    const struct told_block *block = &told->block;

    open_section(out, told, "why", PHRASE_WHY);
    put_said(out, told, "p", &block->why);
    put(out, "</section>\n");
    put_actions(out, told);
    open_section(out, told, "who", PHRASE_WHO);
    put(out, "<dl>\n");
    if (block->is_local) {
        put_phrase_in(out, told, "dt", PHRASE_DECIDED_BY);
        put_phrase_in(out, told, "dd", PHRASE_DECIDED_LOCAL);
    }
    put_named(out, told, PHRASE_DECIDED_BY, block->authority);
    put_named(out, told, PHRASE_LAW, block->law);
    if (!cop_slice_eq(block->citation, block->law)) {
        put_name(out, block->citation);
    }
    put_pair(out, told, PHRASE_KIND, &block->category);
    put_named(out, told, PHRASE_RULE, block->requirement);
    put_pair(out, told, PHRASE_MISTAKE, &block->appeal);
    put(out, "</dl>\n</section>\n");
}

static void put_error(struct buf *out, const struct told *told)
{
    const struct told_error *error = &told->error;

    open_section(out, told, "what", PHRASE_HAPPENED);
    put(out, "<p>");
    if (error->is_card) {
        put_phrase(out, told, PHRASE_WHAT_CARD);
        put(out, " ");
    }
    put_phrase(out, told, error->what);
    put(out, "</p>\n</section>\n");
    open_section(out, told, "fix", PHRASE_FIX);
    put_phrase_in(out, told, "p", error->fix);
    put(out, "</section>\n");
    put_actions(out, told);
    open_section(out, told, "technical", PHRASE_TECHNICAL);
    put(out, "<p lang=\"en\" dir=\"ltr\"><code>");
    markup_text(out, cop_slice_of(told->problem));
    put(out, "</code>: ");
    markup_text(out, cop_slice_of(error->reason));
    if (error->detail.n != 0) {
        put(out, " (<bdi>");
        markup_text(out, error->detail);
        put(out, "</bdi>)");
    }
    put(out, "</p>\n</section>\n");
}

static void put_start(struct buf *out, const struct told *told)
{
    buf_print(out,
        "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n"
        "<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<title>",
        phrases_tag(told->phrases), phrases_direction(told->phrases));
    put_phrase(out, told, told->title);
    put(out, "</title>\n<style>");
    buf_add_slice(out, style_text());
    put(out, "</style>\n</head>\n<body>\n<header>");
    put_phrase_in(out, told, "p", PHRASE_BRAND);
    put(out,
        "</header>\n<main>\n"
        /* A closed book: no lock, no cross, no hand. */
        "<svg viewBox=\"6 3 36 44\" aria-hidden=\"true\" focusable=\"false\">"
        "<path d=\"M12 6h26v30H14a4 4 0 0 0 0 8h24M12 6a4 4 0 0 0-4 4v30"
        "M18 16h14\"/></svg>\n<h1>");
    put_phrase(out, told, told->title);
    put(out, "</h1>\n");
}

void body_html(struct buf *out, const struct told *told)
{
    put_start(out, told);
    put(out, "<p class=\"calm\">");
    put_phrase(out, told, PHRASE_NO_BLAME);
    put(out, "</p>\n");
    if (told->host.n != 0) {
        put(out, "<p>");
        put_phrase(out, told, PHRASE_ADDRESS);
        put(out, ": <bdi dir=\"ltr\">");
        markup_text(out, told->host);
        put(out, "</bdi></p>\n");
    }
    if (told->is_block) {
        put_block(out, told);
    } else {
        put_error(out, told);
    }
    put(out, "</main>\n<footer><p>");
    put_phrase(out, told, PHRASE_REFERENCE);
    put(out, ": <bdi><code>");
    markup_text(out, told->reference);
    put(out, "</code></bdi></p></footer>\n</body>\n</html>\n");
}
