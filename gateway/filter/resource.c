#include "gateway/filter/resource.h"

#include "gateway/http/syntax.h"

struct word {
    const char *text;
    enum cop_resource resource;
};

/* Destinations of the Fetch standard. "empty" is fetch() and its kin. */
static const struct word destinations[] = {
    {"document", COP_RESOURCE_DOCUMENT},
    {"iframe", COP_RESOURCE_SUBDOCUMENT},
    {"frame", COP_RESOURCE_SUBDOCUMENT},
    {"fencedframe", COP_RESOURCE_SUBDOCUMENT},
    {"script", COP_RESOURCE_SCRIPT},
    {"worker", COP_RESOURCE_SCRIPT},
    {"sharedworker", COP_RESOURCE_SCRIPT},
    {"serviceworker", COP_RESOURCE_SCRIPT},
    {"audioworklet", COP_RESOURCE_SCRIPT},
    {"paintworklet", COP_RESOURCE_SCRIPT},
    {"style", COP_RESOURCE_STYLESHEET},
    {"image", COP_RESOURCE_IMAGE},
    {"font", COP_RESOURCE_FONT},
    {"audio", COP_RESOURCE_MEDIA},
    {"video", COP_RESOURCE_MEDIA},
    {"track", COP_RESOURCE_MEDIA},
    {"object", COP_RESOURCE_OBJECT},
    {"embed", COP_RESOURCE_OBJECT},
    {"empty", COP_RESOURCE_XMLHTTPREQUEST},
    {"report", COP_RESOURCE_PING},
    {"websocket", COP_RESOURCE_WEBSOCKET},
};

/* What Accept begins with; a slash at the end: any type of that kind. */
static const struct word accepts[] = {
    {"text/html", COP_RESOURCE_DOCUMENT},
    {"application/xhtml+xml", COP_RESOURCE_DOCUMENT},
    {"text/css", COP_RESOURCE_STYLESHEET},
    {"image/", COP_RESOURCE_IMAGE},
    {"audio/", COP_RESOURCE_MEDIA},
    {"video/", COP_RESOURCE_MEDIA},
    {"font/", COP_RESOURCE_FONT},
    {"application/font", COP_RESOURCE_FONT},
    {"application/javascript", COP_RESOURCE_SCRIPT},
    {"text/javascript", COP_RESOURCE_SCRIPT},
    {"application/json", COP_RESOURCE_XMLHTTPREQUEST},
    {"text/event-stream", COP_RESOURCE_XMLHTTPREQUEST},
};

static const struct word extensions[] = {
    {"js", COP_RESOURCE_SCRIPT},
    {"mjs", COP_RESOURCE_SCRIPT},
    {"css", COP_RESOURCE_STYLESHEET},
    {"gif", COP_RESOURCE_IMAGE},
    {"png", COP_RESOURCE_IMAGE},
    {"jpg", COP_RESOURCE_IMAGE},
    {"jpeg", COP_RESOURCE_IMAGE},
    {"webp", COP_RESOURCE_IMAGE},
    {"avif", COP_RESOURCE_IMAGE},
    {"svg", COP_RESOURCE_IMAGE},
    {"ico", COP_RESOURCE_IMAGE},
    {"woff", COP_RESOURCE_FONT},
    {"woff2", COP_RESOURCE_FONT},
    {"ttf", COP_RESOURCE_FONT},
    {"otf", COP_RESOURCE_FONT},
    {"mp4", COP_RESOURCE_MEDIA},
    {"webm", COP_RESOURCE_MEDIA},
    {"mp3", COP_RESOURCE_MEDIA},
    {"m3u8", COP_RESOURCE_MEDIA},
    {"ts", COP_RESOURCE_MEDIA},
    {"m4s", COP_RESOURCE_MEDIA},
    {"json", COP_RESOURCE_XMLHTTPREQUEST},
    {"html", COP_RESOURCE_DOCUMENT},
    {"htm", COP_RESOURCE_DOCUMENT},
};

enum {
    DESTINATIONS = sizeof(destinations) / sizeof(destinations[0]),
    ACCEPTS = sizeof(accepts) / sizeof(accepts[0]),
    EXTENSIONS = sizeof(extensions) / sizeof(extensions[0])
};

static const struct word *word_same(
    const struct word *words, size_t n, struct cop_slice text)
{
    for (size_t i = 0; i < n; i++) {
        if (http_same(text, cop_slice_of(words[i].text))) {
            return &words[i];
        }
    }
    return NULL;
}

static const struct word *word_begins(
    const struct word *words, size_t n, struct cop_slice text)
{
    for (size_t i = 0; i < n; i++) {
        struct cop_slice word = cop_slice_of(words[i].text);

        if (text.n >= word.n &&
            http_same((struct cop_slice){text.p, word.n}, word)) {
            return &words[i];
        }
    }
    return NULL;
}

static struct cop_slice field_value(
    const struct http_head *head, enum field_id id)
{
    const struct http_field *field = http_field_find(head, id);

    return field != NULL ? field->value : (struct cop_slice){"", 0};
}

/* What follows the last dot of the path's last part. */
static struct cop_slice path_extension(const struct cop_url *url)
{
    const char *from = url->text.p + url->path;
    const char *end = url->text.p + url->query;
    const char *at = end;

    while (at > from && at[-1] != '.' && at[-1] != '/') {
        at--;
    }
    if (at == from || at[-1] != '.') {
        return (struct cop_slice){end, 0};
    }
    return (struct cop_slice){at, (size_t)(end - at)};
}

static enum cop_resource resource_of(
    const struct http_head *head, const struct cop_url *url)
{
    const struct word *word;

    if (head->wants_upgrade) { /* only WebSocket is ever let through */
        return COP_RESOURCE_WEBSOCKET;
    }
    word = word_same(
        destinations, DESTINATIONS, field_value(head, FIELD_SEC_FETCH_DEST));
    if (word != NULL) {
        return word->resource;
    }
    if (http_field_find(head, FIELD_SEC_FETCH_DEST) != NULL) {
        return COP_RESOURCE_OTHER;
    }
    if (http_field_find(head, FIELD_X_REQUESTED_WITH) != NULL) {
        return COP_RESOURCE_XMLHTTPREQUEST;
    }
    word = word_begins(accepts, ACCEPTS, field_value(head, FIELD_ACCEPT));
    if (word == NULL) {
        word = word_same(extensions, EXTENSIONS, path_extension(url));
    }
    return word != NULL ? word->resource : COP_RESOURCE_OTHER;
}

/* The host of an absolute URL or an origin; false for "null" and the like. */
static bool host_of(struct cop_slice text, struct cop_host *out)
{
    struct http_authority authority;
    size_t from = 0;
    size_t n = 0;

    while (from + 3 <= text.n && memcmp(text.p + from, "://", 3) != 0) {
        from++;
    }
    if (from + 3 > text.n) {
        return false;
    }
    from += 3;
    while (from + n < text.n && memchr("/?#", text.p[from + n], 3) == NULL) {
        n++;
    }
    if (!http_authority_parse(
            (struct cop_slice){text.p + from, n}, &authority)) {
        return false;
    }
    *out = authority.host;
    return true;
}

void resource_read(const struct http_head *head, const struct cop_url *url,
    struct cop_host *room, struct cop_facts *out)
{
    *out = (struct cop_facts){
        .resource = resource_of(head, url), .method = head->method};
    if (out->resource == COP_RESOURCE_DOCUMENT) {
        return;
    }
    if (host_of(field_value(head, FIELD_REFERER), room) ||
        host_of(field_value(head, FIELD_ORIGIN), room)) {
        out->source = room;
    }
}
