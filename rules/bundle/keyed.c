/* American flag sort (McIlroy, Bostic, McIlroy, "Engineering radix sort",
 * 1993): count the values of a byte, which tells where each bucket begins, and
 * swap records until each is in its bucket; then the same within each bucket
 * by the next byte. A bucket of few is sorted by insertion. */
#include "rules/bundle/keyed.h"

enum { FEW = 32, BYTE_VALUES = 256, BYTE_BITS = 8, SHIFT_FIRST = 56 };

static void sort_few(struct keyed *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct keyed item = items[i];
        size_t at = i;

        for (; at > 0 && items[at - 1].key > item.key; at--) {
            items[at] = items[at - 1];
        }
        items[at] = item;
    }
}

static unsigned byte_of(const struct keyed *item, unsigned shift)
{
    return (unsigned)(item->key >> shift) & (BYTE_VALUES - 1);
}

/* Bring every record into the bucket of its byte; `end` gets their ends. */
static void sort_into_buckets(
    struct keyed *items, size_t n, unsigned shift, size_t end[BYTE_VALUES])
{
    size_t next[BYTE_VALUES];
    size_t count[BYTE_VALUES] = {0};
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        count[byte_of(&items[i], shift)]++;
    }
    for (unsigned b = 0; b < BYTE_VALUES; b++) {
        next[b] = at;
        at += count[b];
        end[b] = at;
    }
    for (unsigned b = 0; b < BYTE_VALUES; b++) {
        while (next[b] < end[b]) {
            struct keyed item = items[next[b]];
            unsigned home = byte_of(&item, shift);

            while (home != b) {
                struct keyed moved = items[next[home]];

                items[next[home]++] = item;
                item = moved;
                home = byte_of(&item, shift);
            }
            items[next[b]++] = item;
        }
    }
}

/* Eight levels deep at most, one for each byte of the key. */
static void sort_from(struct keyed *items, size_t n, unsigned shift)
{
    size_t end[BYTE_VALUES];
    size_t start = 0;

    if (n <= FEW) {
        sort_few(items, n);
        return;
    }
    sort_into_buckets(items, n, shift, end);
    if (shift == 0) {
        return;
    }
    for (unsigned b = 0; b < BYTE_VALUES; b++) {
        if (end[b] - start > 1) {
            sort_from(items + start, end[b] - start, shift - BYTE_BITS);
        }
        start = end[b];
    }
}

void keyed_sort(struct keyed *items, size_t n)
{
    sort_from(items, n, SHIFT_FIRST);
}
