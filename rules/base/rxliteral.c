/* From a pattern to the literals that no match lacks: the syntax. What the
 * parts come to is rxpart.h's.
 *
 * Not understood, so without literals: verbs and (?x), (?^), callouts,
 * conditions, recursion, back references and octal numbers, \Q \E \K \g \k \c
 * \o \p \N{, comments, {,n}, a repetition repeated, and groups nested deeper
 * than RXPART_FRAMES. Bytes that are not printable ASCII, classes of more than
 * a few characters and complements are ANY. */
#include "rules/base/rxliteral.h"

#include <stdlib.h>

#include "rules/base/rxpart.h"

enum {
    CLASS_MAX = 6,         /* members of a class that are told apart */
    REPEAT_FOREVER = 65536 /* beyond what a pattern can write */
};

struct reader {
    struct cop_slice in;
    size_t at;
    bool is_lost; /* something is not understood */
    struct rxparts parts;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The byte ahead; 0 behind the end, which is_lost or a look at `at` tells from
 * a zero of the pattern. */
static char peek(const struct reader *r, size_t ahead)
{
    return r->at + ahead < r->in.n ? r->in.p[r->at + ahead] : '\0';
}

/* Past the name of a group that ends so. */
static void read_name(struct reader *r, char end)
{
    size_t i = 0;

    while (is_letter(peek(r, i)) || is_digit(peek(r, i)) || peek(r, i) == '_') {
        i++;
    }
    r->is_lost |= i == 0 || peek(r, i) != end;
    r->at += i + 1;
    if (!r->is_lost) {
        rxparts_group_begin(&r->parts, false);
    }
}

/* Options, of the rest of the group or of a group of their own. Those that are
 * known change nothing that matters here. */
static void read_options(struct reader *r)
{
    while (peek(r, 0) != '\0' && strchr("imsJUn-", peek(r, 0)) != NULL) {
        r->at++;
    }
    char end = peek(r, 0);

    r->at++;
    if (end == ':') {
        rxparts_group_begin(&r->parts, false);
    } else if (end == ')') {
        rxparts_settle(
            &r->parts); /* and nothing that a quantifier could follow */
    } else {
        r->is_lost = true;
    }
}

/* Behind "(?<", "(?P<" or "(?'". */
static void read_open_angle(struct reader *r)
{
    char c = peek(r, 0);

    if (c == '=' || c == '!') {
        r->at++;
        rxparts_group_begin(&r->parts, true);
    } else {
        read_name(r, '>');
    }
}

/* Behind "(?". */
static void read_special(struct reader *r)
{
    char c = peek(r, 0);

    switch (c) {
    case ':':
    case '|':
    case '>':
        r->at++;
        rxparts_group_begin(&r->parts, false);
        break;
    case '=':
    case '!':
        r->at++;
        rxparts_group_begin(&r->parts, true);
        break;
    case '<':
        r->at++;
        read_open_angle(r);
        break;
    case '\'':
        r->at++;
        read_name(r, '\'');
        break;
    case 'P':
        r->is_lost |= peek(r, 1) != '<';
        r->at += 2;
        if (!r->is_lost) {
            read_name(r, '>');
        }
        break;
    default:
        read_options(r);
        break;
    }
}

/* Behind "(". */
static void read_open(struct reader *r)
{
    if (peek(r, 0) == '*') {
        r->is_lost = true;
    } else if (peek(r, 0) == '?') {
        r->at++;
        read_special(r);
    } else {
        rxparts_group_begin(&r->parts, false);
    }
}

/* ---- quantifiers ---- */

static void quantify(struct reader *r, unsigned min, unsigned max)
{
    if (peek(r, 0) == '?' || peek(r, 0) == '+') {
        r->at++; /* lazy or possessive: which texts match first, or fewer */
    }
    r->is_lost |= !rxparts_repeat(&r->parts, min, max);
}

static unsigned read_number(struct reader *r)
{
    unsigned n = 0;

    while (is_digit(peek(r, 0)) && n < REPEAT_FOREVER) {
        n = n * 10 + (unsigned)(peek(r, 0) - '0');
        r->at++;
    }
    r->is_lost |= n >= REPEAT_FOREVER;
    return n;
}

/* Behind "{": a count, or a brace that means itself. What versions of PCRE2
 * read differently is neither. */
static void read_brace(struct reader *r)
{
    size_t i = 0;

    while (peek(r, i) != '\0' && strchr("0123456789, \t", peek(r, i)) != NULL) {
        i++;
    }
    if (peek(r, i) != '}') {
        rxparts_char(&r->parts, '{');
        return;
    }
    r->is_lost |= !is_digit(peek(r, 0));
    unsigned min = read_number(r);
    unsigned max = min;

    if (peek(r, 0) == ',') {
        r->at++;
        max = is_digit(peek(r, 0)) ? read_number(r) : (unsigned)REPEAT_FOREVER;
    }
    r->is_lost |= peek(r, 0) != '}' || max < min;
    r->at++;
    if (!r->is_lost) {
        quantify(r, min, max);
    }
}

/* ---- classes and escapes ---- */

struct class
{
    bool is_any;
    bool has[128]; /* in lower case */
    unsigned n;
};

static void class_put(struct class *class, char c)
{
    unsigned char i = (unsigned char)rxpart_lower(c);

    class->n += !class->has[i];
    class->has[i] = true;
}

/* Past "[:name:]". Other uses of such brackets are not known. */
static void class_read_posix(struct reader *r, struct class *class)
{
    size_t i = 2;

    i += peek(r, i) == '^';
    while (peek(r, i) >= 'a' && peek(r, i) <= 'z') {
        i++;
    }
    r->is_lost |=
        peek(r, 1) != ':' || peek(r, i) != ':' || peek(r, i + 1) != ']';
    r->at += i + 2;
    class->is_any = true;
}

/* One member; its character, or 0 when it stands for others too. */
static char class_read_one(struct reader *r, struct class *class)
{
    char c = peek(r, 0);

    if (c == '[' && peek(r, 1) != '\0' && strchr(":.=", peek(r, 1)) != NULL) {
        class_read_posix(r, class);
        return '\0';
    }
    r->at++;
    if (c != '\\') {
        return c;
    }
    c = peek(r, 0);
    r->is_lost |= r->at >= r->in.n || c == 'c' || c == 'Q' || c == 'E';
    r->at++;
    return is_letter(c) || is_digit(c) ? '\0' : c;
}

/* A member or a range, into the class. */
static void class_read_range(struct reader *r, struct class *class)
{
    char from = class_read_one(r, class);
    char to = from;

    if (peek(r, 0) == '-' && peek(r, 1) != ']') {
        r->at++;
        to = class_read_one(r, class);
    }
    if (!rxpart_is_plain(from) || !rxpart_is_plain(to)) {
        class->is_any = true;
        return;
    }
    for (int c = from; c <= to; c++) {
        class_put(class, (char)c);
    }
}

/* Behind "[". */
static void read_class(struct reader *r)
{
    struct class class = {.is_any = peek(r, 0) == '^'};
    struct rxpart part = {RXPART_EXACT, {NULL, 0, 0}};
    size_t first;

    r->at += class.is_any;
    first = r->at;
    while (!r->is_lost && (peek(r, 0) != ']' || r->at == first)) {
        if (r->at >= r->in.n) {
            r->is_lost = true;
        } else {
            class_read_range(r, &class);
        }
    }
    r->at++;
    r->is_lost |= !class.is_any && class.n == 0;
    if (class.is_any || class.n > CLASS_MAX) {
        rxparts_any(&r->parts);
        return;
    }
    for (unsigned c = 0; c < sizeof(class.has); c++) {
        char text = (char)c;

        if (class.has[c]) {
            (void)rxset_add(r->parts.arena, &part.set,
                arena_copy(r->parts.arena, (struct cop_slice){&text, 1}));
        }
    }
    rxparts_add(&r->parts, part);
}

static int hex_value(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c = rxpart_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind "\x": two digits, and nothing else that can be written so. */
static void read_hex(struct reader *r)
{
    int high = hex_value(peek(r, 0));
    int low = hex_value(peek(r, 1));

    if (high < 0 || low < 0) {
        r->is_lost = true;
        return;
    }
    r->at += 2;
    rxparts_char(&r->parts, (char)(unsigned char)(high * 16 + low));
}

static void read_escape(struct reader *r)
{
    static const char controls[] = "a\an\nt\tr\rf\fe\x1b";
    char c = peek(r, 0);

    r->is_lost |= r->at >= r->in.n;
    r->at++;
    if (!is_letter(c) && !is_digit(c)) {
        rxparts_char(&r->parts, c);
        return;
    }
    if (strchr("dDwWsShHvVRX", c) != NULL || (c == 'N' && peek(r, 0) != '{')) {
        rxparts_any(&r->parts);
    } else if (strchr("bBAzZG", c) != NULL) {
        rxparts_nothing(&r->parts);
    } else if (c == 'x') {
        read_hex(r);
    } else {
        for (size_t i = 0; controls[i] != '\0'; i += 2) {
            if (controls[i] == c) {
                rxparts_char(&r->parts, controls[i + 1]);
                return;
            }
        }
        r->is_lost = true;
    }
}

/* ---- the whole ---- */

static void read_part(struct reader *r)
{
    char c = r->in.p[r->at++];

    switch (c) {
    case '(':
        read_open(r);
        break;
    case ')':
        rxparts_group_end(&r->parts);
        break;
    case '|':
        rxparts_alternative(&r->parts);
        break;
    case '[':
        read_class(r);
        break;
    case '.':
        rxparts_any(&r->parts);
        break;
    case '^':
    case '$':
        rxparts_nothing(&r->parts);
        break;
    case '\\':
        read_escape(r);
        break;
    case '*':
        quantify(r, 0, REPEAT_FOREVER);
        break;
    case '+':
        quantify(r, 1, REPEAT_FOREVER);
        break;
    case '?':
        quantify(r, 0, 1);
        break;
    case '{':
        read_brace(r);
        break;
    default:
        rxparts_char(&r->parts, c);
        break;
    }
}

static int text_order(const void *a, const void *b)
{
    return cop_slice_cmp(
        *(const struct cop_slice *)a, *(const struct cop_slice *)b);
}

/* Whether a set tells enough to be worth looking for. */
static bool is_useful(const struct rxset *set)
{
    for (size_t i = 0; i < set->n; i++) {
        if (set->p[i].n < RXLITERAL_BYTES_MIN) {
            return false;
        }
    }
    return rxset_cost(set) < UINT64_C(1) << RXSET_COST_BITS;
}

enum cop_status rxliteral_find(
    struct cop_slice pattern, struct arena *arena, struct rxliteral *out)
{
    struct reader *r = calloc(1, sizeof(*r));

    *out = (struct rxliteral){NULL, 0};
    if (r == NULL) {
        return COP_E_NOMEM;
    }
    r->in = pattern;
    rxparts_begin(&r->parts, arena);
    while (r->at < r->in.n && !r->is_lost && !arena_failed(arena)) {
        read_part(r);
    }
    struct rxpart whole = rxparts_end(&r->parts);

    if (!r->is_lost && !arena_failed(arena) && whole.known != RXPART_ANY) {
        rxset_reduce(&whole.set);
        if (is_useful(&whole.set)) {
            qsort(whole.set.p, whole.set.n, sizeof(whole.set.p[0]), text_order);
            *out = (struct rxliteral){whole.set.p, whole.set.n};
        }
    }
    free(r);
    return arena_failed(arena) ? COP_E_NOMEM : COP_OK;
}
