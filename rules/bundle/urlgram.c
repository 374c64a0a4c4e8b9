#include "rules/bundle/urlrules.h"

static const char common[] =
#define URLGRAMS(text) text
#include "rules/bundle/urlgram.tbl"
    ;

unsigned urlgram_commons(void)
{
    return (sizeof(common) - 1) / URLRULE_GRAM_BYTES;
}

uint32_t urlgram_common(unsigned i)
{
    return urlgram_at(common + (size_t)i * URLRULE_GRAM_BYTES);
}

/* Whether the literal text of a pattern ends before a byte of it. */
static bool is_break(char c)
{
    return c == '*' || c == '^';
}

static void run_tell(struct cop_slice run, urlgram_fn *take, void *context)
{
    char text[URLRULE_GRAM_BYTES];

    for (size_t i = 0; i + URLRULE_GRAM_BYTES <= run.n; i++) {
        for (size_t j = 0; j < URLRULE_GRAM_BYTES; j++) {
            char c = run.p[i + j];

            text[j] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
        take(context, urlgram_at(text));
    }
}

void urlgram_of_pattern(struct cop_slice body, urlgram_fn *take, void *context)
{
    size_t from = 0;

    for (size_t i = 0; i <= body.n; i++) {
        if (i == body.n || is_break(body.p[i])) {
            run_tell(
                (struct cop_slice){body.p + from, i - from}, take, context);
            from = i + 1;
        }
    }
}
