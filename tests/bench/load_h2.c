#include "load_h2.h"

#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

enum {
    TEXT_MAX = 512,
    OUT_MAX = 1 << 16,
    STREAM_WINDOW = 1 << 22,
    CONNECTION_WINDOW = 1 << 26
};

struct h2_request {
    uint64_t began_us;
    size_t body_n;
    int status;
};

struct h2_client {
    struct h2_asker asker;
    nghttp2_session *session;
    unsigned streams;
    unsigned open;
    size_t out_n;
    size_t out_at;
    char out[OUT_MAX];
};

static nghttp2_nv field(const char *name, const char *value)
{
    return (nghttp2_nv){.name = (uint8_t *)name,
        .value = (uint8_t *)value,
        .namelen = strlen(name),
        .valuelen = strlen(value)};
}

static bool client_open(struct h2_client *client)
{
    char authority[TEXT_MAX];
    char path[TEXT_MAX];
    struct h2_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        return false;
    }
    client->asker.next(client->asker.user, authority, path, TEXT_MAX);
    const nghttp2_nv fields[] = {field(":method", "GET"),
        field(":scheme", "https"), field(":authority", authority),
        field(":path", path), field("user-agent", "load"),
        field("accept", "*/*")};

    request->began_us = client->asker.now_us();
    if (nghttp2_submit_request(client->session, NULL, fields,
            sizeof(fields) / sizeof(fields[0]), NULL, request) < 0) {
        free(request);
        return false;
    }
    client->open++;
    return true;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
    nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct h2_request *request =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    nghttp2_vec n = nghttp2_rcbuf_get_buf(name);
    nghttp2_vec v = nghttp2_rcbuf_get_buf(value);

    (void)flags;
    (void)user;
    if (request != NULL && n.len == 7 && memcmp(n.base, ":status", 7) == 0 &&
        v.len == 3) {
        request->status = atoi((const char *)v.base);
    }
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *bytes, size_t n, void *user)
{
    struct h2_request *request =
        nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    (void)bytes;
    (void)user;
    if (request != NULL) {
        request->body_n += n;
    }
    return 0;
}

static int on_close(
    nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2_client *client = user;
    struct h2_request *request =
        nghttp2_session_get_stream_user_data(session, id);

    if (request != NULL) {
        client->open--;
        client->asker.done(client->asker.user, request->began_us,
            code == NGHTTP2_NO_ERROR ? request->status : 0, request->body_n);
        free(request);
    }
    return 0;
}

static int client_begin(struct h2_client *client)
{
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_session_callbacks *callbacks = NULL;
    int rv = nghttp2_session_callbacks_new(&callbacks);

    if (rv != 0) {
        return rv;
    }
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    rv = nghttp2_session_client_new(&client->session, callbacks, client);
    nghttp2_session_callbacks_del(callbacks);
    if (rv == 0) {
        rv = nghttp2_submit_settings(
            client->session, NGHTTP2_FLAG_NONE, settings, 2);
    }
    return rv != 0 ? rv
                   : nghttp2_session_set_local_window_size(client->session,
                         NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
}

struct h2_client *h2_client_new(const struct h2_asker *asker, unsigned streams)
{
    struct h2_client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        return NULL;
    }
    client->asker = *asker;
    client->streams = streams;
    if (client_begin(client) != 0) {
        h2_client_free(client);
        return NULL;
    }
    return client;
}

void h2_client_free(struct h2_client *client)
{
    if (client != NULL) {
        nghttp2_session_del(client->session);
        free(client);
    }
}

bool h2_client_take(struct h2_client *client, const char *bytes, size_t n)
{
    return nghttp2_session_mem_recv(
               client->session, (const uint8_t *)bytes, n) == (ssize_t)n;
}

const char *h2_client_give(struct h2_client *client, size_t *n)
{
    const uint8_t *bytes;
    ssize_t more = 1;

    while (client->open < client->streams && client_open(client)) {
    }
    while (more > 0 && client->out_n < OUT_MAX / 2) {
        more = nghttp2_session_mem_send(client->session, &bytes);
        if (more > 0 && (size_t)more <= OUT_MAX - client->out_n) {
            memcpy(client->out + client->out_n, bytes, (size_t)more);
            client->out_n += (size_t)more;
        }
    }
    *n = client->out_n - client->out_at;
    return *n > 0 ? client->out + client->out_at : NULL;
}

void h2_client_given(struct h2_client *client, size_t n)
{
    client->out_at += n;
    if (client->out_at == client->out_n) {
        client->out_at = client->out_n = 0;
    }
}
