/* A repeated group runs away when what is in it can be matched in several ways:
 * (a+)+ on "aaaa!". So a text is made from the pattern itself, a byte for each
 * part, in order; where a group ends that is repeated, what the group gave is
 * repeated too, and something follows that nothing here matches. Then the
 * pattern is run on it, with the limits of every other run. */
#include "rules/check/runaway.h"

#include <string.h>

enum {
    GROUPS_MAX = 32, /* open at once; what is deeper is not looked at */
    TRIES_MAX = 16,
    TEXT_MAX = 128, /* of what the parts give */
    REPEATS = 48
};

#define NOTHING_MATCHES "\x01"

struct making {
    struct cop_slice text; /* of the pattern */
    size_t at;
    char made[TEXT_MAX];
    size_t n;
    size_t groups[GROUPS_MAX]; /* where each open one began in `made` */
    size_t groups_n;
};

static void give(struct making *m, char c)
{
    if (m->n < TEXT_MAX) {
        m->made[m->n++] = c;
    }
}

static char peek(const struct making *m, size_t ahead)
{
    return m->at + ahead < m->text.n ? m->text.p[m->at + ahead] : '\0';
}

/* What an escape stands for, if it stands for a byte. */
static void give_escape(struct making *m)
{
    char c = peek(m, 1);

    m->at += 2;
    if (c == 'd') {
        give(m, '1');
    } else if (c == 'w' || c == 'S' || c == 'D') {
        give(m, 'a');
    } else if (c == 'W') {
        give(m, '-');
    } else if (strchr("bBAzZGQEsKR", c) == NULL) {
        give(m, c);
    }
}

/* The first member of a class; of what a class is not, a letter. */
static void give_class(struct making *m)
{
    bool is_not = peek(m, 1) == '^';

    m->at += is_not ? 2 : 1;
    if (is_not || peek(m, 0) == '[') {
        give(m, 'a');
    } else if (peek(m, 0) == '\\') {
        give_escape(m);
    } else {
        give(m, peek(m, 0));
        m->at++;
    }
    while (m->at < m->text.n && peek(m, 0) != ']') {
        m->at += peek(m, 0) == '\\' ? 2 : 1;
    }
    m->at++;
}

/* What stands between "(?" and the group's content gives nothing. */
static void open_group(struct making *m)
{
    if (m->groups_n < GROUPS_MAX) {
        m->groups[m->groups_n] = m->n;
    }
    m->groups_n++;
    m->at++;
    if (peek(m, 0) == '?') {
        m->at++;
        while (strchr(":=!<>)", peek(m, 0)) == NULL) {
            m->at++;
        }
        m->at += peek(m, 0) == ')' || peek(m, 0) == '\0' ? 0 : 1;
    }
}

/* Step over a quantifier. True when it repeats without a small bound. */
static bool step_repeat(struct making *m)
{
    char c = peek(m, 0);
    bool repeats = c == '+' || c == '*' || c == '{';

    if (c == '{') {
        while (m->at < m->text.n && peek(m, 0) != '}') {
            m->at++;
        }
    }
    m->at += repeats || c == '?' ? 1 : 0;
    return repeats;
}

/* A text to run a pattern on, in pieces. */
struct attack {
    const char *front;
    struct cop_slice made; /* by the parts up to the end of a group */
    struct cop_slice pump; /* by the group alone */
    struct cop_slice end;  /* by all parts: what must be there somewhere */
};

static size_t add(char out[RUNAWAY_MAX], size_t n, struct cop_slice text)
{
    if (text.n == 0 || text.n >= RUNAWAY_MAX - n) {
        return n;
    }
    memcpy(out + n, text.p, text.n);
    return n + text.n;
}

static bool run(struct pattern_room *room, const pcre2_code *code,
    const struct attack *attack, char out[RUNAWAY_MAX])
{
    size_t n = add(out, 0, cop_slice_of(attack->front));
    size_t shown;

    n = add(out, n, attack->made);
    for (int i = 0; i < REPEATS; i++) {
        n = add(out, n, attack->pump);
    }
    shown = n < RUNAWAY_MAX ? n : RUNAWAY_MAX - 1;
    n = add(out, n, COP_LIT(NOTHING_MATCHES));
    n = add(out, n, attack->end);
    if (pattern_run(room, code, (struct cop_slice){out, n}) !=
        PATTERN_LIMITED) {
        return false;
    }
    out[shown] = '\0';
    return true;
}

static bool try(struct pattern_room *room, const pcre2_code *code,
    struct attack *attack, char out[RUNAWAY_MAX])
{
    static const char *const fronts[] = {"", "https://x.example/"};
    struct cop_slice end = attack->end;

    for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++) {
        attack->front = fronts[i];
        attack->end = (struct cop_slice){NULL, 0};
        if (run(room, code, attack, out)) {
            return true;
        }
        attack->end = end;
        if (run(room, code, attack, out)) {
            return true;
        }
    }
    return false;
}

/* Go to behind the next group that is repeated. False at the end. */
static bool next_repeat(struct making *m, size_t *begin)
{
    while (m->at < m->text.n) {
        char c = peek(m, 0);

        if (c == '\\') {
            give_escape(m);
        } else if (c == '[') {
            give_class(m);
        } else if (c == '(') {
            open_group(m);
        } else if (c == ')') {
            m->at++;
            m->groups_n -= m->groups_n > 0 ? 1 : 0;
            *begin = m->groups_n < GROUPS_MAX ? m->groups[m->groups_n] : m->n;
            if (step_repeat(m) && *begin < m->n) {
                return true;
            }
        } else if (strchr("^$|*+?{", c) != NULL) {
            m->at += step_repeat(m) || c == '?' ? 0 : 1;
        } else {
            give(m, c == '.' ? 'a' : c);
            m->at++;
        }
    }
    return false;
}

/* What all parts give, one after the other. */
static void make_whole(struct making *m)
{
    size_t begin;

    while (next_repeat(m, &begin)) {
    }
}

bool runaway_find(
    struct pattern_room *room, struct cop_slice text, char out[RUNAWAY_MAX])
{
    struct making whole = {.text = text};
    struct making m = {.text = text};
    pcre2_code *code = NULL;
    size_t begin = 0;
    bool is_found = false;

    make_whole(&whole);
    for (int i = 0; i < TRIES_MAX && !is_found && next_repeat(&m, &begin);
         i++) {
        struct attack attack = {
            .made = {m.made, m.n},
            .pump = {m.made + begin, m.n - begin},
            .end = {whole.made, whole.n},
        };

        if (code == NULL && pattern_compile(text, NULL, &code) != COP_OK) {
            return false;
        }
        is_found = try(room, code, &attack, out);
    }
    pcre2_code_free(code);
    return is_found;
}
