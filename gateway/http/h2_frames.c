#include "gateway/http/h2_frames.h"

#include <string.h>

enum {
    DATA = 0,
    HEADERS = 1,
    PRIORITY = 2,
    RST_STREAM = 3,
    SETTINGS = 4,
    PING = 6,
    WINDOW_UPDATE = 8,
    CONTINUATION = 9,
    PRIORITY_UPDATE = 16
};

enum {
    END_STREAM = 0x1, /* ACK of SETTINGS and PING */
    END_HEADERS = 0x4,
    PADDED = 0x8
};

enum {
    PREFACE_BYTES = 24,
    PRIORITY_BYTES = 5,
    SETTINGS_MAX = 32, /* entries of a frame; six are defined */
    SETTING_BYTES = 6,
    FRAME_BYTES = 16384, /* the most that a frame may have, by default */
    SPARE_FRAMES = 4
};

struct frame {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    uint32_t stream;
};

void h2_frames_init(
    struct h2_frames *frames, enum h2_role role, uint32_t head_bytes)
{
    *frames = (struct h2_frames){
        .is_server = role == H2_SERVER,
        .preface_left = role == H2_SERVER ? PREFACE_BYTES : 0,
        .want = H2_FRAME_HEADER,
        .block_bytes_max = head_bytes * 2,
    };
}

static struct frame read_header(const unsigned char *p)
{
    return (struct frame){
        .length = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2],
        .type = p[3],
        .flags = p[4],
        .stream = ((uint32_t)p[5] & 0x7f) << 24 | (uint32_t)p[6] << 16 |
                  (uint32_t)p[7] << 8 | p[8],
    };
}

static bool is_last(const struct frame *frame)
{
    return (frame->flags & END_STREAM) != 0;
}

/* How many bytes of the payload decide. */
static uint8_t peeked(const struct frame *frame)
{
    if (frame->type == DATA && (frame->flags & PADDED) != 0) {
        return frame->length != 0;
    }
    return frame->type == PRIORITY && frame->length == PRIORITY_BYTES
               ? H2_FRAME_PEEK
               : 0;
}

static struct h2_verdict good(void)
{
    return (struct h2_verdict){H2_NO_ERROR, NULL};
}

static struct h2_verdict bad(enum h2_code code, const char *text)
{
    return (struct h2_verdict){code, text};
}

/* One from each of the two: what it is, and that it brings nothing on. */
static struct h2_verdict spend(struct h2_budget *budget, enum h2_budget_id id)
{
    if (!h2_budget_spend(budget, id)) {
        return bad(H2_ENHANCE_YOUR_CALM, h2_budget_text(id));
    }
    if (id != H2_BUDGET_IDLE && !h2_budget_spend(budget, H2_BUDGET_IDLE)) {
        return bad(H2_ENHANCE_YOUR_CALM, h2_budget_text(H2_BUDGET_IDLE));
    }
    return good();
}

/* --- which streams the client has ended ---
 *
 * libnghttp2 forgets a stream once both sides are done with it, and then
 * ignores what comes on it. */

static uint32_t place_of(uint32_t stream)
{
    return stream / 2 % H2_RECENT;
}

static uint8_t bit_of(uint32_t stream)
{
    return (uint8_t)(1U << place_of(stream) % 8);
}

static bool is_recent(const struct h2_frames *frames, uint32_t stream)
{
    return frames->is_server && stream % 2 == 1 && stream <= frames->highest &&
           frames->highest - stream < 2 * H2_RECENT;
}

static void note_end(struct h2_frames *frames, uint32_t stream)
{
    if (is_recent(frames, stream)) {
        frames->ended[place_of(stream) / 8] |= bit_of(stream);
    }
}

/* A new highest one takes the places of those that are no longer recent. */
static void note_opening(struct h2_frames *frames, uint32_t stream)
{
    uint32_t from = frames->highest + 1;
    if (stream - from >= 2 * H2_RECENT) {
        memset(frames->ended, 0, sizeof(frames->ended));
    } else {
        for (uint32_t it = from | 1; it <= stream; it += 2) {
            frames->ended[place_of(it) / 8] &= (uint8_t)~bit_of(it);
        }
    }
    frames->highest = stream;
}

/* RFC 9113 5.1: nothing of a message comes after its end, nor after a reset by
 * who sends it. */
static struct h2_verdict judge_end(
    struct h2_frames *frames, const struct frame *frame)
{
    if (is_recent(frames, frame->stream) &&
        (frames->ended[place_of(frame->stream) / 8] & bit_of(frame->stream)) !=
            0) {
        return bad(H2_STREAM_CLOSED, "a message goes on after its end");
    }
    if (is_last(frame)) {
        note_end(frames, frame->stream);
    }
    return good();
}

static struct h2_verdict judge_data(struct h2_frames *frames,
    const struct frame *frame, struct h2_budget *budget)
{
    const unsigned char *peek = frames->bytes + H2_FRAME_HEADER;
    struct h2_verdict verdict = judge_end(frames, frame);
    uint32_t around = 0;

    if (verdict.text != NULL) {
        return verdict;
    }

    if ((frame->flags & PADDED) != 0 && frame->length != 0) {
        around = 1 + (uint32_t)peek[0];
    }
    if (frame->length <= around && !is_last(frame)) {
        return spend(budget, H2_BUDGET_EMPTY);
    }
    return good();
}

/* The client passed over some numbers: they are closed, and what opens one of
 * them later is an error (RFC 9113 5.1.1). When there are more runs than we
 * keep, libnghttp2 ignores frames on the oldest, which is harmless. */
static void pass_over(struct h2_frames *frames, uint32_t from, uint32_t to)
{
    if (frames->gaps_n == H2_GAPS) {
        memmove(&frames->gaps[0], &frames->gaps[1],
            sizeof(frames->gaps[0]) * (H2_GAPS - 1));
        frames->gaps_n--;
    }
    frames->gaps[frames->gaps_n++] = (struct h2_gap){from, to};
}

static bool was_passed_over(const struct h2_frames *frames, uint32_t stream)
{
    for (uint32_t i = 0; i < frames->gaps_n; i++) {
        if (stream >= frames->gaps[i].from && stream <= frames->gaps[i].to) {
            return true;
        }
    }
    return false;
}

static struct h2_verdict judge_number(
    struct h2_frames *frames, uint32_t stream, struct h2_budget *budget)
{
    if (!frames->is_server || stream % 2 == 0) {
        return good();
    }
    if (stream > frames->highest) {
        uint32_t next = frames->highest == 0 ? 1 : frames->highest + 2;

        if (stream > next) {
            pass_over(frames, next, stream - 2);
        }
        note_opening(frames, stream);
        return good();
    }
    return was_passed_over(frames, stream)
               ? bad(H2_PROTOCOL_ERROR,
                     "HEADERS open a stream below one that was opened before")
               : spend(budget, H2_BUDGET_IDLE);
}

/* A piece of a header block, the first or a later one. */
static struct h2_verdict judge_block(struct h2_frames *frames,
    const struct frame *frame, struct h2_budget *budget)
{
    bool is_whole = (frame->flags & END_HEADERS) != 0;
    uint32_t frames_max = SPARE_FRAMES + frames->block_bytes_max / FRAME_BYTES;

    frames->block_bytes += frame->length;
    frames->block_frames++;
    if (frames->block_bytes > frames->block_bytes_max) {
        return bad(H2_ENHANCE_YOUR_CALM, "a head is far larger than allowed");
    }
    if (frames->block_frames > frames_max) {
        return bad(H2_ENHANCE_YOUR_CALM, "a head comes in too many frames");
    }
    return frame->length == 0 && !is_whole ? spend(budget, H2_BUDGET_EMPTY)
                                           : good();
}

static struct h2_verdict judge_headers(struct h2_frames *frames,
    const struct frame *frame, struct h2_budget *budget)
{
    struct h2_verdict verdict = judge_number(frames, frame->stream, budget);

    if (verdict.text == NULL) {
        verdict = judge_end(frames, frame);
    }
    if (verdict.text != NULL) {
        return verdict;
    }
    frames->block_bytes = 0;
    frames->block_frames = 0;
    return judge_block(frames, frame, budget);
}

/* We told the client that these do not count here (RFC 9218 2.1), whereupon
 * libnghttp2 does not look at them; what they must be holds on. */
static struct h2_verdict judge_priority(const struct frame *frame,
    const unsigned char *peek, struct h2_budget *budget)
{
    uint32_t parent;

    if (frame->stream == 0) {
        return bad(H2_PROTOCOL_ERROR, "PRIORITY stands outside of a stream");
    }
    if (frame->length != PRIORITY_BYTES) {
        return bad(H2_FRAME_SIZE_ERROR, "PRIORITY has a wrong size");
    }
    parent = ((uint32_t)peek[0] & 0x7f) << 24 | (uint32_t)peek[1] << 16 |
             (uint32_t)peek[2] << 8 | peek[3];
    if (parent == frame->stream) {
        return bad(H2_PROTOCOL_ERROR, "a stream depends on itself");
    }
    return spend(budget, H2_BUDGET_PRIORITIES);
}

static struct h2_verdict judge_settings(
    const struct frame *frame, struct h2_budget *budget)
{
    if (is_last(frame)) {
        return spend(budget, H2_BUDGET_IDLE);
    }
    if (frame->length > SETTINGS_MAX * SETTING_BYTES) {
        return bad(H2_ENHANCE_YOUR_CALM, "SETTINGS has too many entries");
    }
    return spend(budget, H2_BUDGET_SETTINGS);
}

static struct h2_verdict judge(struct h2_frames *frames,
    const struct frame *frame, struct h2_budget *budget)
{
    const unsigned char *peek = frames->bytes + H2_FRAME_HEADER;

    switch (frame->type) {
    case DATA:
        return judge_data(frames, frame, budget);
    case HEADERS:
        return judge_headers(frames, frame, budget);
    case CONTINUATION:
        return judge_block(frames, frame, budget);
    case PRIORITY:
        return frames->is_server ? judge_priority(frame, peek, budget)
                                 : spend(budget, H2_BUDGET_PRIORITIES);
    case PRIORITY_UPDATE:
        return spend(budget, H2_BUDGET_PRIORITIES);
    case RST_STREAM:
        note_end(frames, frame->stream);
        return spend(budget, H2_BUDGET_RESETS);
    case SETTINGS:
        return judge_settings(frame, budget);
    case PING:
        return spend(budget, is_last(frame) ? H2_BUDGET_IDLE : H2_BUDGET_PINGS);
    case WINDOW_UPDATE:
        return spend(budget, H2_BUDGET_WINDOWS);
    default:
        return spend(budget, H2_BUDGET_UNKNOWN);
    }
}

/* Gather what decides about a frame: true when it is there. *used of `bytes`
 * were taken. */
static bool gather(
    struct h2_frames *frames, struct cop_slice bytes, size_t *used)
{
    size_t n = (size_t)(frames->want - frames->have);

    n = n < bytes.n ? n : bytes.n;
    memcpy(frames->bytes + frames->have, bytes.p, n);
    frames->have = (uint8_t)(frames->have + n);
    *used = n;
    if (frames->have == H2_FRAME_HEADER && frames->want == H2_FRAME_HEADER) {
        struct frame frame = read_header(frames->bytes);

        frames->want = (uint8_t)(H2_FRAME_HEADER + peeked(&frame));
    }
    return frames->have == frames->want;
}

/* Skip what says nothing; how much. */
static size_t skip(struct h2_frames *frames, size_t n)
{
    size_t preface = n < frames->preface_left ? n : frames->preface_left;
    size_t payload;

    frames->preface_left = (uint8_t)(frames->preface_left - preface);
    n -= preface;
    payload = n < frames->payload_left ? n : frames->payload_left;
    frames->payload_left -= (uint32_t)payload;
    return preface + payload;
}

size_t h2_frames_look(struct h2_frames *frames, struct cop_slice bytes,
    struct h2_budget *budget, struct h2_verdict *verdict)
{
    size_t at = 0;

    *verdict = good();
    while (at < bytes.n) {
        size_t used;

        at += skip(frames, bytes.n - at);
        if (at == bytes.n) {
            break;
        }
        bool is_there = gather(
            frames, (struct cop_slice){bytes.p + at, bytes.n - at}, &used);

        at += used;
        if (!is_there) {
            continue;
        }
        struct frame frame = read_header(frames->bytes);

        *verdict = judge(frames, &frame, budget);
        if (verdict->text != NULL) {
            return at;
        }
        frames->payload_left =
            frame.length - (uint32_t)(frames->want - H2_FRAME_HEADER);
        frames->have = 0;
        frames->want = H2_FRAME_HEADER;
    }
    return bytes.n;
}
