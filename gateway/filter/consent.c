#include "gateway/filter/consent.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "gateway/http/syntax.h"

#define CONSENT_PATH "/.well-known/copgate/continue"
#define COOKIE_NAME "copgate-continue"

enum {
    SUM_BYTES = 16, /* of the HMAC: 128 bits */
    SUM_DIGITS = 2 * SUM_BYTES,
    TIME_DIGITS = 16,
    TOKEN_BYTES = TIME_DIGITS + SUM_DIGITS,
    MESSAGE_MAX = 8192,
    COOKIES_TRIED_MAX = 4
};

/* What a token is for: the first byte under its sum. */
enum purpose { PURPOSE_TICKET = 't', PURPOSE_PASS = 'p' };

/* ---- tokens ---- */

/* A text under the sum, its length before it, so that no two parts can be
 * taken for others. */
static void put_part(struct buf *message, struct cop_slice part)
{
    uint32_t n = (uint32_t)part.n;

    buf_add(message, &n, sizeof(n));
    buf_add_slice(message, part);
}

static void put_message(struct buf *message, const struct consent *consent,
    enum purpose purpose, int64_t until_unix)
{
    buf_add_char(message, (char)purpose);
    buf_add(message, &until_unix, sizeof(until_unix));
    buf_add(message, consent->client, sizeof(consent->client));
    put_part(message, consent->profile);
    put_part(message, consent->requirement);
    put_part(message, cop_host_slice(&consent->url->host));
    if (purpose == PURPOSE_TICKET) {
        put_part(message, consent->url->text);
    }
}

/* The token for a time. False when it cannot be made. */
static bool token_make(const struct consent *consent, enum purpose purpose,
    int64_t until_unix, char out[TOKEN_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned sum_n = 0;
    struct buf message;
    bool is_made;

    buf_init(&message, MESSAGE_MAX + COP_URL_MAX);
    put_message(&message, consent, purpose, until_unix);
    is_made =
        !message.failed &&
        HMAC(EVP_sha256(), consent->key, CONSENT_KEY_BYTES,
            (const unsigned char *)message.p, message.n, sum, &sum_n) != NULL &&
        sum_n >= SUM_BYTES;
    buf_fini(&message);
    if (!is_made) {
        return false;
    }
    for (int i = 0; i < TIME_DIGITS; i++) {
        out[i] =
            digits[(uint64_t)until_unix >> (4 * (TIME_DIGITS - 1 - i)) & 15];
    }
    for (int i = 0; i < SUM_BYTES; i++) {
        out[TIME_DIGITS + 2 * i] = digits[sum[i] >> 4];
        out[TIME_DIGITS + 2 * i + 1] = digits[sum[i] & 15];
    }
    out[TOKEN_BYTES] = '\0';
    return true;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A token's time. False when it is none of ours by its form. */
static bool token_time(struct cop_slice token, int64_t *out)
{
    uint64_t time = 0;

    if (token.n != TOKEN_BYTES) {
        return false;
    }
    for (int i = 0; i < TIME_DIGITS; i++) {
        int digit = digit_of(token.p[i]);

        if (digit < 0) {
            return false;
        }
        time = time << 4 | (uint64_t)digit;
    }
    *out = (int64_t)time;
    return time <= INT64_MAX;
}

static bool token_holds(const struct consent *consent, enum purpose purpose,
    struct cop_slice token, int64_t now_unix)
{
    char wanted[TOKEN_BYTES + 1];
    int64_t until_unix;

    return token_time(token, &until_unix) && now_unix < until_unix &&
           token_make(consent, purpose, until_unix, wanted) &&
           CRYPTO_memcmp(wanted, token.p, TOKEN_BYTES) == 0;
}

/* ---- the form ---- */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

static void put_encoded(struct buf *out, struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (is_unreserved(text.p[i])) {
            buf_add_char(out, text.p[i]);
        } else {
            buf_print(out, "%%%02X", (unsigned)(unsigned char)text.p[i]);
        }
    }
}

/* The same place without what is too long to be carried. */
static void shorten(const struct cop_url *from, struct cop_url *to)
{
    if (cop_url_target(from).n <= CONSENT_PATH_MAX ||
        cop_url_compose(from->scheme, &from->host, from->port, COP_LIT("/"),
            to) != COP_OK) {
        cop_url_copy(to, from);
    }
}

void consent_form(
    const struct consent *consent, int64_t now_unix, struct buf *out)
{
    struct consent about = *consent;
    struct cop_url url;
    char token[TOKEN_BYTES + 1];

    shorten(consent->url, &url);
    about.url = &url;
    if (!token_make(
            &about, PURPOSE_TICKET, now_unix + CONSENT_TICKET_S, token)) {
        out->failed = true;
        return;
    }
    buf_print(out, CONSENT_PATH "?ticket=%s&to=", token);
    put_encoded(out, cop_url_target(&url));
}

bool consent_is_form(const struct cop_url *url)
{
    struct cop_slice path = {
        url->text.p + url->path, (size_t)(url->query - url->path)};

    return cop_slice_eq(path, COP_LIT(CONSENT_PATH));
}

/* The value of one parameter, as it was sent. */
static struct cop_slice parameter(
    const struct cop_url *url, struct cop_slice name)
{
    struct cop_slice rest = {
        url->text.p + url->query, url->text.n - url->query};

    if (rest.n > 0) {
        rest.p++; /* the question mark */
        rest.n--;
    }
    while (rest.n > 0) {
        struct cop_slice value;
        struct cop_slice pair = http_cut(rest, '&', &rest);

        if (cop_slice_eq(http_cut(pair, '=', &value), name)) {
            return value;
        }
    }
    return COP_LIT("");
}

static int hex_of(char c)
{
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : digit_of(c);
}

/* Undo put_encoded(). */
static void put_decoded(struct buf *out, struct cop_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '%') {
            buf_add_char(out, text.p[i]);
            continue;
        }
        if (text.n - i < 3 || hex_of(text.p[i + 1]) < 0 ||
            hex_of(text.p[i + 2]) < 0) {
            out->failed = true;
            return;
        }
        buf_add_char(
            out, (char)(hex_of(text.p[i + 1]) << 4 | hex_of(text.p[i + 2])));
        i += 2;
    }
}

void consent_read(
    struct cop_url *url, struct arena *arena, struct cop_slice *ticket)
{
    struct buf target;
    struct cop_slice to;
    enum cop_status status = COP_E_SYNTAX;

    *ticket = arena_copy(arena, parameter(url, COP_LIT("ticket")));
    if (ticket->p == NULL) {
        *ticket = COP_LIT("");
    }
    buf_init(&target, CONSENT_PATH_MAX);
    put_decoded(&target, parameter(url, COP_LIT("to")));
    to = buf_slice(&target);
    if (!target.failed && to.n > 0 && to.p[0] == '/') {
        status = cop_url_compose(url->scheme, &url->host, url->port, to, url);
    }
    buf_fini(&target);
    /* A form that leads to the form would never end. */
    if ((status != COP_OK || consent_is_form(url)) &&
        cop_url_compose(
            url->scheme, &url->host, url->port, COP_LIT("/"), url) != COP_OK) {
        *ticket = COP_LIT(""); /* cannot be: the host alone always fits */
    }
}

/* The value of a field that has no id; empty when there is none. */
static struct cop_slice field_value(
    const struct http_head *head, const char *name)
{
    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (http_same(head->fields[i].name, cop_slice_of(name))) {
            return head->fields[i].value;
        }
    }
    return COP_LIT("");
}

/* Whether nothing in the head says that another site sent the form: the page
 * has the browser name its own origin (Referrer-Policy: same-origin). */
static bool is_own_form(
    const struct http_head *head, const struct cop_url *url)
{
    struct cop_slice site = field_value(head, "sec-fetch-site");
    struct cop_slice origin = field_value(head, "origin");
    struct cop_slice own = {url->text.p, url->path};

    return (site.n == 0 || cop_slice_eq(site, COP_LIT("same-origin"))) &&
           (origin.n == 0 || cop_slice_eq(origin, own));
}

bool consent_ticket_holds(const struct consent *consent,
    const struct http_head *head, struct cop_slice ticket, int64_t now_unix)
{
    return cop_slice_eq(head->method, COP_LIT("POST")) &&
           is_own_form(head, consent->url) &&
           token_holds(consent, PURPOSE_TICKET, ticket, now_unix);
}

/* ---- the pass ---- */

void consent_cookie(
    const struct consent *consent, int64_t now_unix, struct buf *out)
{
    char token[TOKEN_BYTES + 1];

    if (!token_make(consent, PURPOSE_PASS, now_unix + CONSENT_PASS_S, token)) {
        out->failed = true;
        return;
    }
    buf_print(out,
        COOKIE_NAME "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", token,
        CONSENT_PASS_S, consent->url->scheme == COP_HTTPS ? "; Secure" : "");
}

static bool is_cookie_field(const struct http_field *field)
{
    return field->id == FIELD_OTHER &&
           http_same(field->name, COP_LIT("cookie"));
}

/* Whether a cookie is ours; its value in *value. */
static bool is_pass(struct cop_slice pair, struct cop_slice *value)
{
    struct cop_slice name = http_trim(http_cut(http_trim(pair), '=', value));

    *value = http_trim(*value);
    return cop_slice_eq(name, COP_LIT(COOKIE_NAME));
}

bool consent_pass_holds(const struct consent *consent,
    const struct http_head *head, int64_t now_unix)
{
    unsigned tried = 0;

    for (uint32_t i = 0; i < head->fields_n; i++) {
        struct cop_slice rest = head->fields[i].value;

        while (is_cookie_field(&head->fields[i]) && rest.n > 0) {
            struct cop_slice value;

            if (!is_pass(http_cut(rest, ';', &rest), &value)) {
                continue;
            }
            if (token_holds(consent, PURPOSE_PASS, value, now_unix)) {
                return true;
            }
            if (++tried == COOKIES_TRIED_MAX) {
                return false;
            }
        }
    }
    return false;
}

static bool has_pass(struct cop_slice cookies)
{
    return memmem(cookies.p, cookies.n, COOKIE_NAME, sizeof(COOKIE_NAME) - 1) !=
           NULL;
}

/* The other cookies of a field. Without memory the field goes as a whole. */
static struct cop_slice without_passes(
    struct cop_slice cookies, struct arena *arena)
{
    char *kept = arena_alloc(arena, cookies.n + 1);
    size_t n = 0;

    while (kept != NULL && cookies.n > 0) {
        struct cop_slice value;
        struct cop_slice pair = http_cut(cookies, ';', &cookies);

        if (is_pass(pair, &value)) {
            continue;
        }
        if (n > 0) {
            kept[n++] = ';';
        }
        memcpy(kept + n, pair.p, pair.n);
        n += pair.n;
    }
    return http_trim((struct cop_slice){kept, n});
}

void consent_strip(struct http_head *head, struct arena *arena)
{
    for (uint32_t i = 0; i < head->fields_n; i++) {
        struct http_field *field = &head->fields[i];

        if (is_cookie_field(field) && has_pass(field->value)) {
            field->value = without_passes(field->value, arena);
            field->dropped |= field->value.n == 0;
        }
    }
}
