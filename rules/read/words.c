#include "rules/read/words.h"

#include <stdint.h>

enum { WORD_MAX = 63 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, three rows of the table at a time. */
size_t words_distance(struct cop_slice a, struct cop_slice b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];

    if (a.n > WORD_MAX || b.n > WORD_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= b.n; j++) {
        above[j] = j;
    }
    for (size_t i = 1; i <= a.n; i++) {
        size_t *spare = before;

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t cost = lower(a.p[i - 1]) != lower(b.p[j - 1]);

            row[j] =
                least(least(above[j], row[j - 1]) + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && lower(a.p[i - 1]) == lower(b.p[j - 2]) &&
                lower(a.p[i - 2]) == lower(b.p[j - 1])) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[b.n];
}

void words_nearest_init(struct words_nearest *nearest, struct cop_slice given)
{
    size_t limit = given.n / 3 + 1;

    *nearest = (struct words_nearest){
        .given = given, .distance = limit < 3 ? limit : 3};
    nearest->distance++; /* offers must be below */
}

void words_nearest_offer(
    struct words_nearest *nearest, struct cop_slice candidate)
{
    size_t distance = words_distance(nearest->given, candidate);

    if (distance < nearest->distance && distance < candidate.n) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
