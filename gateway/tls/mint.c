/* The messages between a worker and keyd. Layout, all little-endian:
 *
 *   request: version u8 = 1, kind u8 = 1, number u64, host_n u8, host,
 *            spki_n u16, spki
 *   reply:   version u8 = 1, kind u8 = 2, number u64, failed u8, der_n u16, der
 *
 * The host travels as its canonical text; the reader brings it into canonical
 * form again and takes it only if nothing changes, so neither side trusts the
 * other's struct. */
#include "gateway/tls/mint.h"

#include "gateway/tls/cursor.h"

enum { MINT_VERSION = 1, MINT_REQUEST = 1, MINT_REPLY = 2 };

struct writer {
    uint8_t *out;
    size_t n;
};

static void put_number(struct writer *writer, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        writer->out[writer->n++] = (uint8_t)(value >> (8 * i));
    }
}

static void put_bytes(struct writer *writer, const void *bytes, size_t n)
{
    memcpy(writer->out + writer->n, bytes, n);
    writer->n += n;
}

static bool read_start(struct cursor *cursor, uint64_t kind, uint64_t *number)
{
    bool is_ours =
        cursor_big(cursor, 1) == MINT_VERSION && cursor_big(cursor, 1) == kind;

    *number = cursor_little(cursor, 8);
    return is_ours && !cursor->failed;
}

size_t mint_write_request(
    const struct mint_request *request, uint8_t out[MINT_MESSAGE_MAX])
{
    struct writer writer = {out, 0};

    put_number(&writer, MINT_VERSION, 1);
    put_number(&writer, MINT_REQUEST, 1);
    put_number(&writer, request->number, 8);
    put_number(&writer, request->host.n, 1);
    put_bytes(&writer, request->host.text, request->host.n);
    put_number(&writer, request->spki_n, 2);
    put_bytes(&writer, request->spki, request->spki_n);
    return writer.n;
}

enum cop_status mint_read_request(
    struct cop_slice bytes, struct mint_request *out)
{
    struct cursor cursor = cursor_over(bytes);
    struct mint_request request = {0};
    struct cop_slice host;
    struct cop_slice spki;

    if (!read_start(&cursor, MINT_REQUEST, &request.number)) {
        return COP_E_SYNTAX;
    }
    host = cursor_take(&cursor, (size_t)cursor_little(&cursor, 1));
    spki = cursor_take(&cursor, (size_t)cursor_little(&cursor, 2));
    if (!cursor_is_done(&cursor) || spki.n == 0 || spki.n > CA_SPKI_MAX ||
        cop_host_parse(host, &request.host) != COP_OK ||
        !cop_slice_eq(cop_host_slice(&request.host), host)) {
        return COP_E_SYNTAX;
    }
    memcpy(request.spki, spki.p, spki.n);
    request.spki_n = (uint16_t)spki.n;
    *out = request;
    return COP_OK;
}

size_t mint_write_reply(
    const struct mint_reply *reply, uint8_t out[MINT_MESSAGE_MAX])
{
    struct writer writer = {out, 0};

    put_number(&writer, MINT_VERSION, 1);
    put_number(&writer, MINT_REPLY, 1);
    put_number(&writer, reply->number, 8);
    put_number(&writer, reply->failed, 1);
    put_number(&writer, reply->der_n, 2);
    put_bytes(&writer, reply->der, reply->der_n);
    return writer.n;
}

enum cop_status mint_read_reply(struct cop_slice bytes, struct mint_reply *out)
{
    struct cursor cursor = cursor_over(bytes);
    uint64_t number;
    uint8_t failed;
    struct cop_slice der;

    if (!read_start(&cursor, MINT_REPLY, &number)) {
        return COP_E_SYNTAX;
    }
    failed = (uint8_t)cursor_little(&cursor, 1);
    der = cursor_take(&cursor, (size_t)cursor_little(&cursor, 2));
    if (!cursor_is_done(&cursor) || der.n > CA_DER_MAX ||
        (failed == 0) != (der.n > 0)) {
        return COP_E_SYNTAX;
    }
    out->number = number;
    out->failed = failed;
    out->der_n = (uint16_t)der.n;
    memcpy(out->der, der.p, der.n);
    return COP_OK;
}
