#include "rules/base/punycode.h"

/* RFC 3492, section 5. */
enum {
    BASE = 36,
    THRESHOLD_MIN = 1,
    THRESHOLD_MAX = 26,
    SKEW = 38,
    DAMP = 700,
    BIAS_FIRST = 72,
    POINT_FIRST = 0x80
};

struct writer {
    char *p;
    size_t n;
    size_t cap;
    bool failed;
};

static void writer_add(struct writer *w, char c)
{
    if (w->n == w->cap) {
        w->failed = true;
        return;
    }
    w->p[w->n++] = c;
}

static char digit_of(uint64_t value)
{
    return (char)(value < 26 ? 'a' + (int)value : '0' + (int)value - 26);
}

/* A delta as a number of variable base, least significant digit first. */
static void writer_add_delta(struct writer *w, uint64_t delta, uint64_t bias)
{
    for (uint64_t k = BASE;; k += BASE) {
        uint64_t threshold = k <= bias + THRESHOLD_MIN   ? THRESHOLD_MIN
                             : k >= bias + THRESHOLD_MAX ? THRESHOLD_MAX
                                                         : k - bias;

        if (delta < threshold) {
            writer_add(w, digit_of(delta));
            return;
        }
        uint64_t range = BASE - threshold;

        writer_add(w, digit_of(threshold + (delta - threshold) % range));
        delta = (delta - threshold) / range;
    }
}

/* Section 6.1; `points` is how many have been written, this one included. */
static uint64_t bias_next(uint64_t delta, uint64_t points, bool is_first)
{
    const uint64_t range = BASE - THRESHOLD_MIN;
    uint64_t k = 0;

    delta = is_first ? delta / DAMP : delta / 2;
    delta += delta / points;
    while (delta > range * THRESHOLD_MAX / 2) {
        delta /= range;
        k += BASE;
    }
    return k + (range + 1) * delta / (delta + SKEW);
}

/* The smallest code point that has not been written. */
static uint32_t point_next(const uint32_t *points, size_t n, uint32_t from)
{
    uint32_t next = UINT32_MAX;

    for (size_t i = 0; i < n; i++) {
        if (points[i] >= from && points[i] < next) {
            next = points[i];
        }
    }
    return next;
}

static size_t basic_add(const uint32_t *points, size_t n, struct writer *w)
{
    for (size_t i = 0; i < n; i++) {
        if (points[i] < POINT_FIRST) {
            writer_add(w, (char)points[i]);
        }
    }
    size_t basic = w->n;

    if (basic != 0) {
        writer_add(w, '-');
    }
    return basic;
}

bool punycode_encode(
    const uint32_t *points, size_t n, char *out, size_t cap, size_t *out_n)
{
    struct writer w = {.p = out, .cap = cap};
    size_t basic = basic_add(points, n, &w);
    size_t done = basic;
    uint32_t point = POINT_FIRST;
    uint64_t bias = BIAS_FIRST;
    uint64_t delta = 0; /* 64 bits: 2^21 points x 2^32 places cannot overflow */

    while (done < n && !w.failed) {
        uint32_t next = point_next(points, n, point);

        delta += (uint64_t)(next - point) * (done + 1);
        point = next;
        for (size_t i = 0; i < n; i++) {
            delta += points[i] < point;
            if (points[i] == point) {
                writer_add_delta(&w, delta, bias);
                bias = bias_next(delta, done + 1, done == basic);
                delta = 0;
                done++;
            }
        }
        delta++;
        point++;
    }
    *out_n = w.n;
    return !w.failed;
}
