/* What the parts of the HTTP/2 session share. Nobody else includes this. */
#ifndef GATEWAY_HTTP_H2_INTERNAL_H
#define GATEWAY_HTTP_H2_INTERNAL_H

#include <nghttp2/nghttp2.h>

#include "gateway/http/h2.h"
#include "gateway/http/h2_budget.h"
#include "gateway/http/h2_frames.h"
#include "gateway/http/h2_memory.h"
#include "gateway/http/h2_message.h"
#include "rules/base/buf.h"

enum { H2_REFUSALS = 8, H2_INTERIM_MAX = 8, H2_SPARES = 8 };

/* Field lines to be sent after a body, in one piece of memory. */
struct h2_trail {
    nghttp2_nv *fields;
    size_t n;
};

/* What comes in on a stream. */
struct h2_in {
    struct h2_message *first; /* heads not yet read; interim ones before */
    struct h2_message *last;
    uint32_t queued;
    struct h2_message *current; /* what h2_head() shows */
    struct h2_message *trailer;
    struct buf body; /* bytes [at, n) are not consumed */
    size_t at;
    uint64_t left;      /* of a request whose head says its length */
    bool has_length;    /* it does */
    uint32_t interim;   /* heads so far */
    bool has_final;     /* the final head came */
    bool is_ended;      /* END_STREAM came */
    bool told_trailers; /* H2_TRAILERS was said */
};

/* What goes out on it. */
struct h2_out {
    struct buf body; /* accepted, bytes [at, n) not yet framed */
    size_t at;
    struct cop_slice borrowed; /* the rest of the piece that is being written */
    uint64_t left;             /* of a body with a length */
    bool has_length;
    bool has_head;    /* the final head is on its way */
    bool is_last;     /* what is accepted is all */
    bool is_deferred; /* libnghttp2 waits for h2_resume() */
    bool is_short;    /* took less than offered: H2_WRITABLE is due */
    bool is_sent;     /* END_STREAM went out */
    struct h2_trail trail;
};

struct h2_stream {
    struct h2 *h2;
    void *user;
    int32_t id;
    struct h2_stream *next; /* of all */
    struct h2_stream *before;
    struct h2_stream *next_due; /* of those with something to do */
    struct h2_stream *before_due;
    unsigned events; /* to be told; 0: not among the due */
    enum h2_code code;
    bool is_ours;      /* we opened it */
    bool is_told;      /* the conductor knows it */
    bool is_released;  /* the conductor is done with it */
    bool is_closed;    /* libnghttp2 is done with it */
    bool is_gone;      /* reset, or its connection ended */
    bool by_peer;      /* the other side reset it */
    bool is_cancelled; /* we reset it, of our own accord */
    bool is_refused;   /* malformed: never told */
    bool stops;        /* once our answer is out, the request is not wanted */
    bool to_head;
    bool to_connect;
    bool to_websocket;
    struct h2_in in;
    struct h2_out out;
};

struct h2_refusal {
    const char *text;
    uint16_t status;
};

struct h2 {
    nghttp2_session *session;
    struct h2_memory memory; /* libnghttp2's */
    struct h2_options options;
    struct h2_frames frames;
    struct h2_budget budget;
    struct buf out; /* bytes [out_at, n) wait to be written */
    size_t out_at;
    struct h2_stream *streams;
    uint32_t streams_n;
    struct h2_stream *due; /* first and last with something to do */
    struct h2_stream *last_due;
    struct h2_stream *reading;  /* whose header block is coming */
    struct h2_message *message; /* the block */
    struct h2_message *spare;   /* messages to be used again */
    uint32_t spares_n;          /* at most H2_SPARES */
    size_t held;                /* bytes of body accepted and not framed */
    struct h2_verdict fault;    /* text is NULL while nothing is wrong */
    bool fault_by_us;
    bool is_deaf; /* reads nothing more */
    bool is_dead; /* libnghttp2 failed: neither reads nor writes */
    bool is_leaving;
    bool is_pinging;
    bool is_crowded;   /* a stream was short because others hold much */
    bool has_settings; /* the other side's came */
    uint32_t refusals_n;
    struct h2_refusal refusals[H2_REFUSALS];
};

/* h2_new() with memory for libnghttp2 from elsewhere, NULL for malloc. */
/* End the connection for a reason; the first one counts. */
void h2_end(struct h2 *h2, enum h2_code code, const char *text);
/* Take one from a budget, or end the connection. */
void h2_spend(struct h2 *h2, enum h2_budget_id id);
/* The library cannot go on: out of memory, or a bug. */
void h2_die(struct h2 *h2, const char *text);
/* A message was refused. */
void h2_note_refusal(struct h2 *h2, const char *text, uint16_t status);
/* Have libnghttp2 frame what may go out, while there is room. */
void h2_pump(struct h2 *h2);

/* --- streams: h2_stream.c --- */

/* Known to the session; NULL when out of memory. */
struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id);
/* Free it, with what it holds; its unread bytes open the window. */
void h2_stream_free(struct h2_stream *stream);
/* Say that it has something to do. */
void h2_mark(struct h2_stream *stream, unsigned events);
/* It is reset or its connection ended: nothing more comes. */
void h2_stream_gone(struct h2_stream *stream, enum h2_code code, bool by_peer);
/* libnghttp2 is done with it; frees it where nobody else is interested. */
void h2_stream_closed(struct h2_stream *stream);
/* Ask libnghttp2 to reset it. */
void h2_stream_cancel(struct h2_stream *stream, enum h2_code code);
/* Unread bytes are thrown away, and open the window. */
void h2_drop_body(struct h2_stream *stream);
struct h2_message *h2_message_take(struct h2 *h2);
void h2_message_put(struct h2 *h2, struct h2_message **message);
void h2_free_spares(struct h2 *h2);
/* h2_next(), in h2_stream.c. */
void h2_unmark(struct h2_stream *stream);

/* --- what comes in: h2_read.c --- */

void h2_read_callbacks(nghttp2_session_callbacks *callbacks);

/* --- what goes out: h2_write.c --- */

void h2_write_callbacks(nghttp2_session_callbacks *callbacks);
/* An answer of the codec itself: a status and nothing more. */
void h2_write_status(struct h2_stream *stream, uint16_t status);
/* Bytes were framed or dropped: streams that waited for room hear of it. */
void h2_uncrowd(struct h2 *h2);
static inline size_t h2_out_waiting(const struct h2_out *out)
{
    return out->body.n - out->at + out->borrowed.n;
}

#endif
