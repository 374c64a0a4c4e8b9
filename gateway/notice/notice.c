#include "gateway/notice/notice.h"

#include <sys/random.h>
#include <time.h>

#include "gateway/notice/body.h"
#include "gateway/notice/markup.h"
#include "gateway/notice/style.h"
#include "gateway/notice/told.h"

enum { BODY_BYTES_MAX = 64 * 1024, REFERENCE_LETTERS = 10 };

typedef void body_fn(struct buf *out, const struct told *told);

static const struct {
    const char *type; /* NULL: no content */
    body_fn *write;
    bool has_language;
} forms[] = {
    [NOTICE_HTML] = {"text/html; charset=utf-8", body_html, true},
    [NOTICE_TEXT] = {"text/plain; charset=utf-8", body_text, true},
    [NOTICE_JSON] = {"application/problem+json", body_json, true},
    [NOTICE_IMAGE] = {"image/svg+xml", body_image, false},
    [NOTICE_SCRIPT] = {"text/javascript; charset=utf-8", body_comment, false},
    [NOTICE_STYLE] = {"text/css; charset=utf-8", body_comment, false},
    [NOTICE_EMPTY] = {NULL, NULL, false},
};

static const char *phrase_of(uint16_t status)
{
    static const struct {
        uint16_t status;
        const char *phrase;
    } rows[] = {
        {302, "Found"},
        {303, "See Other"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {405, "Method Not Allowed"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {508, "Loop Detected"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (rows[i].status == status) {
            return rows[i].phrase;
        }
    }
    return "Not Open";
}

/* IMF-fixdate (RFC 9110 5.6.7), whatever the locale. */
static void put_date(struct buf *out)
{
    static const char days[][4] = {
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm tm;

    if (gmtime_r(&now, &tm) == NULL) {
        return;
    }
    buf_print(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
        days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
        tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void put_policy(struct buf *out, const struct told *told)
{
    buf_add_slice(out, COP_LIT("Content-Security-Policy: "));
    if (told->form == NOTICE_HTML) {
        style_policy(out, told->block.go_on.n != 0);
        buf_add_slice(out, COP_LIT("\r\nX-Frame-Options: DENY\r\n"));
    } else {
        buf_add_slice(out, COP_LIT("default-src 'none'; sandbox\r\n"));
    }
}

static void put_connection(
    struct buf *out, const struct http_head *request, bool keep_alive)
{
    if (!keep_alive) {
        buf_add_slice(out, COP_LIT("Connection: close\r\n"));
    } else if (request != NULL && request->minor == 0) {
        buf_add_slice(out, COP_LIT("Connection: keep-alive\r\n"));
    }
}

static void put_head(struct buf *out, const struct told *told, size_t length)
{
    buf_print(out, "HTTP/1.1 %u %s\r\n", (unsigned)told->status,
        phrase_of(told->status));
    put_date(out);
    if (forms[told->form].type != NULL) {
        buf_print(out, "Content-Type: %s\r\n", forms[told->form].type);
    }
    if (forms[told->form].has_language) {
        buf_print(out, "Content-Language: %s\r\n", phrases_tag(told->phrases));
    }
    buf_print(out, "Content-Length: %zu\r\n", length);
    buf_add_slice(out, COP_LIT("Cache-Control: no-store\r\n"
                               "Vary: Accept, Accept-Language, Sec-Fetch-Dest, "
                               "X-Requested-With\r\n"
                               "X-Content-Type-Options: nosniff\r\n"
                               "X-Robots-Tag: noindex\r\n"));
    /* A form says where it comes from, so that another site's is told apart. */
    buf_print(out, "Referrer-Policy: %s\r\n",
        told->block.go_on.n != 0 ? "same-origin" : "no-referrer");
    put_policy(out, told);
    /* RFC 7725 4: who implements the block, told in a link. */
    if (markup_is_url(told->block.blocked_by)) {
        buf_print(out, "Link: <%.*s>; rel=\"blocked-by\"\r\n",
            (int)told->block.blocked_by.n, told->block.blocked_by.p);
    }
}

static void put_notice(
    struct buf *out, const struct notice_facts *facts, struct told *told)
{
    struct buf body;

    buf_init(&body, BODY_BYTES_MAX);
    if (forms[told->form].write != NULL) {
        forms[told->form].write(&body, told);
    }
    /* Whatever fails, the answer does not: without words it still blocks. */
    if (body.failed) {
        told->form = NOTICE_EMPTY;
        buf_clear(&body);
    }
    put_head(out, told, body.n);
    put_connection(out, facts->request, facts->keep_alive);
    buf_add(out, "\r\n", 2);
    if (!told->is_head) {
        buf_add_slice(out, buf_slice(&body));
    }
    buf_fini(&body);
}

void notice_block(struct buf *out, const struct notice_facts *facts)
{
    struct told told;

    told_block(facts, &told);
    put_notice(out, facts, &told);
}

void notice_lead(struct buf *out, const struct notice_facts *facts,
    uint16_t status, struct cop_slice location, struct cop_slice cookie)
{
    buf_print(out, "HTTP/1.1 %u %s\r\n", (unsigned)status, phrase_of(status));
    put_date(out);
    buf_print(out, "Location: %.*s\r\n", (int)location.n, location.p);
    if (cookie.n != 0) {
        buf_print(out, "Set-Cookie: %.*s\r\n", (int)cookie.n, cookie.p);
    }
    buf_add_slice(out, COP_LIT("Content-Length: 0\r\n"
                               "Cache-Control: no-store\r\n"
                               "Referrer-Policy: no-referrer\r\n"));
    put_connection(out, facts->request, facts->keep_alive);
    buf_add(out, "\r\n", 2);
}

void notice_error(
    struct buf *out, const struct notice_facts *facts, uint16_t status)
{
    struct told told;

    told_error(facts, status, &told);
    put_notice(out, facts, &told);
}

void notice_reference(char out[17])
{
    /* No vowels, so that no word comes out; none of the pairs that look alike
     * (0 O, 1 I L, 5 S, 8 B, 2 Z, 6 G, V U). */
    static const char letters[] = "23456789CDFHJKMNPQRTVWXY";
    enum { LETTERS = sizeof(letters) - 1, FAIR = 256 - 256 % LETTERS };
    size_t n = 0;

    while (n < REFERENCE_LETTERS) {
        unsigned char byte;

        /* Bytes above a multiple of LETTERS would make some likelier. */
        if (getrandom(&byte, 1, 0) == 1 && byte < FAIR) {
            out[n++] = letters[byte % LETTERS];
        }
    }
    out[n] = '\0';
}
