#include "gateway/flow/websocket.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "gateway/http/syntax.h"

enum { KEY_BYTES = 16, KEY_TEXT = 24, ACCEPT_BYTES = 20, ACCEPT_TEXT = 28 };

/* RFC 6455 4.2.2: proof that the other side knows this protocol, no secret. */
static bool accept_of(struct cop_slice key, char out[ACCEPT_TEXT + 1])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[ACCEPT_BYTES];
    char text[KEY_TEXT + sizeof(guid)];

    out[0] = '\0';
    if (key.n != KEY_TEXT) {
        return false;
    }
    memcpy(text, key.p, KEY_TEXT);
    memcpy(text + KEY_TEXT, guid, sizeof(guid));
    if (EVP_Digest(text, KEY_TEXT + sizeof(guid) - 1, digest, NULL, EVP_sha1(),
            NULL) != 1) {
        return false;
    }
    return EVP_EncodeBlock((unsigned char *)out, digest, ACCEPT_BYTES) ==
           ACCEPT_TEXT;
}

static struct http_field *field_named(
    struct http_head *head, struct cop_slice name)
{
    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (http_same(head->fields[i].name, name)) {
            return &head->fields[i];
        }
    }
    return NULL;
}

static bool add_made_key(struct exchange *x)
{
    unsigned char bytes[KEY_BYTES];
    char text[KEY_TEXT + 1];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1 ||
        EVP_EncodeBlock((unsigned char *)text, bytes, KEY_BYTES) != KEY_TEXT ||
        !accept_of((struct cop_slice){text, KEY_TEXT}, x->key)) {
        return false;
    }
    buf_print(&x->extra, "Sec-WebSocket-Key: %s\r\n", text);
    return true;
}

bool websocket_add_key(struct exchange *x, struct http_head *head)
{
    bool is_to_stream = end_is_stream(&x->server);
    struct http_field *field;

    x->key[0] = '\0';
    if (exchange_is_stream(x)) {
        return is_to_stream || add_made_key(x);
    }
    field = field_named(head, COP_LIT("sec-websocket-key"));
    if (field != NULL) {
        field->dropped = is_to_stream;
        /* A key that is none is not answered, and the client will see. */
        (void)accept_of(field->value, x->key);
    }
    return true;
}

bool websocket_is_accepted(struct exchange *x, struct http_head *head)
{
    struct http_field *field;

    if (!exchange_is_stream(x) || end_is_stream(&x->server)) {
        return true;
    }
    field = field_named(head, COP_LIT("sec-websocket-accept"));
    if (field == NULL || !cop_slice_eq(field->value, cop_slice_of(x->key))) {
        return false;
    }
    field->dropped = true;
    return true;
}

void websocket_add_accept(struct exchange *x, const struct http_head *head)
{
    if (head->status == 101 && !exchange_is_stream(x) &&
        end_is_stream(&x->server) && x->key[0] != '\0') {
        buf_print(&x->extra, "Sec-WebSocket-Accept: %s\r\n", x->key);
    }
}
