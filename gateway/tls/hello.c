/* Reading a ClientHello from the records that arrived so far.
 *
 * Two steps. hello_gather() walks the record headers only and says whether the
 * handshake message is whole; it looks at no byte of the message beyond its own
 * header, so that calling it again for every segment stays cheap. Then the
 * message, in place when one record holds it and copied together when not, is
 * read through cursors.
 *
 * Stricter than a server needs to be, because the gateway decides on what it
 * reads here while another library reads the same bytes afterwards:
 *  1. Only handshake records may come before the message is whole, none of
 *     them empty (RFC 8446 5.1), and the message ends where a record ends.
 *  2. No extension twice (RFC 8446 4.2), one name of one kind (RFC 6066 3),
 *     every length exact.
 *  3. The name is letters, digits, hyphens and underscores between single
 *     dots, and no spelling of an address. */
#include "gateway/tls/hello.h"

#include <string.h>

#include "gateway/tls/cursor.h"

enum {
    RECORD_HEADER = 5,
    RECORD_MAX = 16384, /* RFC 8446 5.1 */
    RECORDS_MAX = 4096, /* of one hello: bounds the walk over their headers */
    RECORD_CHANGE_CIPHER = 20,
    RECORD_HANDSHAKE = 22,
    RECORD_APPLICATION = 23,
    MESSAGE_HEADER = 4,
    MESSAGE_CLIENT_HELLO = 1,
    VERSION_SSL3 = 0x0300,
    VERSION_TLS12 = 0x0303,
    VERSION_TLS13 = 0x0304
};

enum {
    EXT_SERVER_NAME = 0,
    EXT_ALPN = 16,
    EXT_PRE_SHARED_KEY = 41,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_ENCRYPTED_CLIENT_HELLO = 0xfe0d
};

struct message {
    uint8_t header[MESSAGE_HEADER];
    size_t have; /* bytes of the message that arrived, header included */
    size_t need; /* its whole size; 0 while the header is not whole */
    const uint8_t *first; /* the first record's part */
    size_t first_n;
};

/* What the first bytes of something that is not a handshake record are. */
static enum cop_status hello_strange(struct cop_slice bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;

    if (p[0] >= RECORD_CHANGE_CIPHER && p[0] <= RECORD_APPLICATION) {
        if (bytes.n < 2) {
            return COP_AGAIN;
        }
        return p[1] == 3 ? COP_E_SYNTAX : COP_E_UNSUPPORTED;
    }
    /* SSLv2's hello: a two-byte length, type 1, version 0.2 or 3.x
     * (RFC 6176 forbids it). */
    if ((p[0] & 0x80) != 0) {
        if (bytes.n < 4) {
            return bytes.n == 3 && p[2] != MESSAGE_CLIENT_HELLO
                       ? COP_E_UNSUPPORTED
                       : COP_AGAIN;
        }
        return p[2] == MESSAGE_CLIENT_HELLO && (p[3] == 0 || p[3] == 3)
                   ? COP_E_SYNTAX
                   : COP_E_UNSUPPORTED;
    }
    return COP_E_UNSUPPORTED;
}

/* The header of the record that starts at p, of which n > 0 bytes are there. */
static enum cop_status hello_record(
    const uint8_t *p, size_t n, bool is_first, size_t *length)
{
    if (p[0] != RECORD_HANDSHAKE) {
        return is_first ? hello_strange((struct cop_slice){(const char *)p, n})
                        : COP_E_SYNTAX;
    }
    if (n > 1 && p[1] != 3) {
        return is_first ? COP_E_UNSUPPORTED : COP_E_SYNTAX;
    }
    if (n < RECORD_HEADER) {
        return COP_AGAIN;
    }
    *length = (size_t)p[3] << 8 | p[4];
    return *length == 0 || *length > RECORD_MAX ? COP_E_SYNTAX : COP_OK;
}

/* Add a record's part to what is known of the message. */
static enum cop_status message_add(
    struct message *message, const uint8_t *part, size_t part_n, bool is_whole)
{
    for (size_t i = 0; i < part_n && message->have + i < MESSAGE_HEADER; i++) {
        message->header[message->have + i] = part[i];
    }
    if (message->have == 0) {
        message->first = part;
        message->first_n = part_n;
    }
    message->have += part_n;
    if (message->have > 0 && message->header[0] != MESSAGE_CLIENT_HELLO) {
        return COP_E_SYNTAX;
    }
    if (message->have < MESSAGE_HEADER) {
        return COP_AGAIN;
    }
    message->need = MESSAGE_HEADER + ((size_t)message->header[1] << 16 |
                                         (size_t)message->header[2] << 8 |
                                         message->header[3]);
    if (message->need > HELLO_MAX) {
        return COP_E_LIMIT;
    }
    if (message->have > message->need) {
        return COP_E_SYNTAX; /* RFC 8446 5.1: ends where its record ends */
    }
    return message->have == message->need && is_whole ? COP_OK : COP_AGAIN;
}

/* Whether the message is whole, from the record headers. */
static enum cop_status hello_gather(
    struct cop_slice bytes, struct message *message)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    size_t at = 0;

    for (unsigned records = 0; at < bytes.n && at < HELLO_MAX; records++) {
        size_t left = bytes.n - at;
        size_t length = 0;
        size_t here;
        enum cop_status status =
            hello_record(p + at, left, records == 0, &length);

        if (status != COP_OK) {
            return status;
        }
        if (records == RECORDS_MAX) {
            return COP_E_LIMIT;
        }
        here = left - RECORD_HEADER < length ? left - RECORD_HEADER : length;
        status =
            message_add(message, p + at + RECORD_HEADER, here, here == length);
        if (status != COP_AGAIN) {
            return status;
        }
        at += RECORD_HEADER + length;
    }
    return at >= HELLO_MAX ? COP_E_LIMIT : COP_AGAIN;
}

/* Copy the parts of a message that spans several records together. */
static void hello_join(
    struct cop_slice bytes, size_t need, uint8_t out[HELLO_MAX])
{
    const uint8_t *p = (const uint8_t *)bytes.p;

    for (size_t done = 0; done < need;) {
        size_t length = (size_t)p[3] << 8 | p[4];

        memcpy(out + done, p + RECORD_HEADER, length);
        done += length;
        p += RECORD_HEADER + length;
    }
}

/* Only what RFC 6066 3 lets a name consist of; cop_host_parse() would also
 * take percent-encoding and Unicode, which no client sends here. */
static bool name_is_plain(struct cop_slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                        c == '.';

        if (!is_plain) {
            return false;
        }
    }
    return name.n > 0 && name.p[name.n - 1] != '.';
}

static bool read_server_name(struct cursor *extension, struct hello *out)
{
    struct cursor list = cursor_vector(extension, 2);
    uint64_t kind = cursor_big(&list, 1);
    struct cursor name = cursor_vector(&list, 2);
    struct cop_slice text = cursor_take(&name, name.n);

    if (!cursor_is_done(&list) || !cursor_is_done(extension) || kind != 0 ||
        name.failed || !name_is_plain(text)) {
        return false;
    }
    out->has_sni = cop_host_parse(text, &out->sni) == COP_OK &&
                   out->sni.kind == COP_HOST_NAME;
    return out->has_sni;
}

static bool read_alpn(struct cursor *extension, struct hello *out)
{
    struct cursor list = cursor_vector(extension, 2);

    if (list.n == 0) {
        return false;
    }
    out->has_alpn = true;
    while (list.n > 0 && !list.failed) {
        struct cursor protocol = cursor_vector(&list, 1);
        struct cop_slice name = cursor_take(&protocol, protocol.n);

        if (name.n == 0) {
            return false;
        }
        out->offers_h1 |= cop_slice_eq(name, COP_LIT("http/1.1"));
        out->offers_h2 |= cop_slice_eq(name, COP_LIT("h2"));
    }
    return cursor_is_done(&list) && cursor_is_done(extension);
}

/* RFC 8446 4.2.1: where this is present it alone says the versions. */
static bool read_versions(struct cursor *extension, struct hello *out)
{
    struct cursor list = cursor_vector(extension, 1);

    if (list.n == 0 || !cursor_is_done(extension)) {
        return false;
    }
    out->offers_tls12 = false;
    while (list.n > 0 && !list.failed) {
        uint64_t version = cursor_big(&list, 2);

        out->offers_tls12 |= version == VERSION_TLS12;
        out->offers_tls13 |= version == VERSION_TLS13;
    }
    return cursor_is_done(&list);
}

static bool read_extension(
    uint64_t kind, struct cursor *extension, struct hello *out)
{
    switch (kind) {
    case EXT_SERVER_NAME:
        return read_server_name(extension, out);
    case EXT_ALPN:
        return read_alpn(extension, out);
    case EXT_SUPPORTED_VERSIONS:
        return read_versions(extension, out);
    case EXT_ENCRYPTED_CLIENT_HELLO:
        out->has_ech = true;
        return true;
    default:
        return true;
    }
}

static bool read_extensions(struct cursor *list, struct hello *out)
{
    uint8_t seen[65536 / 8] = {0};

    while (list->n > 0 && !list->failed) {
        uint64_t kind = cursor_big(list, 2);
        struct cursor extension = cursor_vector(list, 2);
        uint8_t bit = (uint8_t)(1U << (kind & 7));

        if (list->failed || (seen[kind >> 3] & bit) != 0) {
            return false;
        }
        seen[kind >> 3] |= bit;
        if (!read_extension(kind, &extension, out)) {
            return false;
        }
        if (kind == EXT_PRE_SHARED_KEY && list->n > 0) {
            return false; /* RFC 8446 4.2.11: the last one */
        }
    }
    return cursor_is_done(list);
}

/* The message behind its header (RFC 8446 4.1.2, RFC 5246 7.4.1.2). */
static bool read_body(struct cursor *body, struct hello *out)
{
    uint64_t version = cursor_big(body, 2);
    struct cop_slice random = cursor_take(body, 32);
    struct cursor session = cursor_vector(body, 1);
    struct cursor suites = cursor_vector(body, 2);
    struct cursor methods = cursor_vector(body, 1);
    struct cursor extensions;

    if (body->failed || random.n != 32 || version < VERSION_SSL3 ||
        version >> 8 != 3 || session.n > 32 || suites.n == 0 ||
        suites.n % 2 != 0) {
        return false;
    }
    /* "No compression" must be among the methods. */
    if (methods.n == 0 || memchr(methods.p, 0, methods.n) == NULL) {
        return false;
    }
    out->offers_tls12 = version >= VERSION_TLS12;
    if (body->n == 0) {
        return true; /* TLS 1.2 without extensions */
    }
    extensions = cursor_vector(body, 2);
    return cursor_is_done(body) && read_extensions(&extensions, out);
}

/* Read a whole message; `message` begins with its header. */
static enum cop_status hello_read(struct cop_slice message, struct hello *out)
{
    struct cursor body = cursor_over(message);
    struct hello hello = {0};

    (void)cursor_take(&body, MESSAGE_HEADER);
    if (!read_body(&body, &hello)) {
        return COP_E_SYNTAX;
    }
    *out = hello;
    return COP_OK;
}

/* Apart, so that the usual hello does not pay for the stack of the copy. */
static enum cop_status __attribute__((noinline))
hello_read_split(struct cop_slice bytes, size_t need, struct hello *out)
{
    uint8_t whole[HELLO_MAX];

    hello_join(bytes, need, whole);
    return hello_read((struct cop_slice){(const char *)whole, need}, out);
}

enum cop_status hello_parse(struct cop_slice bytes, struct hello *out)
{
    struct message message = {.have = 0};
    enum cop_status status = hello_gather(bytes, &message);

    if (status != COP_OK) {
        return status;
    }
    if (message.first_n == message.need) {
        return hello_read(
            (struct cop_slice){(const char *)message.first, message.need}, out);
    }
    return hello_read_split(bytes, message.need, out);
}
