#include "rules/read/adblock.h"

#include <stdlib.h>
#include <strings.h>

#include "cop/decide.h"

enum option_kind {
    OPTION_PARTY,
    OPTION_STRICT,
    OPTION_FLAG,
    OPTION_IGNORED,
    OPTION_FROM,
    OPTION_TO,
    OPTION_NOT_TO,
    OPTION_METHOD,
    OPTION_TYPE,
    OPTION_ALL,
    OPTION_NEVER,
    OPTION_STAND_IN,
    OPTION_NO
};

static const struct option {
    const char *word;
    enum option_kind kind;
    unsigned value;
} options[] = {
#define ADBLOCK_OPTION(word, kind, value) {word, OPTION_##kind, value},
#include "rules/read/adblock_option.tbl"
};

/* One option as it is written. */
struct written {
    struct cop_slice word;
    struct cop_slice value;
    bool has_value;
    bool is_not; /* ~ before it */
};

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Cut the next option off the front. False when it has not the form of one. */
static bool option_next(struct cop_slice *rest, struct written *out)
{
    const char *comma = memchr(rest->p, ',', rest->n);
    size_t n = comma != NULL ? (size_t)(comma - rest->p) : rest->n;
    size_t at = 0;

    *out = (struct written){.is_not = n != 0 && rest->p[0] == '~'};
    at = out->is_not;
    out->word.p = rest->p + at;
    while (at < n && is_word_byte(rest->p[at])) {
        at++;
        out->word.n++;
    }
    out->has_value = at < n && rest->p[at] == '=';
    if (out->word.n == 0 || (at < n && !out->has_value)) {
        return false;
    }
    at += out->has_value;
    out->value = (struct cop_slice){rest->p + at, n - at};
    rest->p += comma != NULL ? n + 1 : n;
    rest->n -= comma != NULL ? n + 1 : n;
    return comma == NULL || rest->n != 0;
}

size_t adblock_options_at(struct cop_slice text)
{
    for (size_t i = text.n; i-- > 0;) {
        struct cop_slice rest = {text.p + i + 1, text.n - i - 1};
        struct written written;
        bool holds = text.p[i] == '$' && rest.n != 0;

        while (holds && rest.n != 0) {
            holds = option_next(&rest, &written);
        }
        if (holds) {
            return i + 1;
        }
    }
    return text.n;
}

/* ---- names ---- */

static int name_order(const void *a, const void *b)
{
    return cop_slice_cmp(
        *(const struct cop_slice *)a, *(const struct cop_slice *)b);
}

static enum cop_status leave_out(
    struct adblock *line, enum adblock_reason reason)
{
    line->reason = reason;
    return COP_E_UNSUPPORTED;
}

/* Append a name, or name.*, in canonical form, with a | behind it. */
static enum cop_status name_add(
    struct adblock *line, struct cop_slice name, bool is_not, struct buf *into)
{
    struct cop_host host;
    enum cop_status status;
    bool is_entity = urlrule_is_entity(name);

    if (name.n != 0 && name.p[0] == '/') { /* an expression */
        return leave_out(line, ADBLOCK_NAMES);
    }
    name.n -= is_entity ? 2 : 0;
    status = cop_host_parse(name, &host);
    if (status == COP_OK && is_entity && host.kind != COP_HOST_NAME) {
        status = COP_E_SYNTAX;
    }
    if (status != COP_OK) {
        return status == COP_E_NOMEM ? status : leave_out(line, ADBLOCK_NAMES);
    }
    if (is_not) {
        buf_add_char(into, '~');
    }
    buf_add_slice(into, cop_host_slice(&host));
    buf_add_slice(into, is_entity ? COP_LIT(".*|") : COP_LIT("|"));
    return into->failed ? leave_out(line, ADBLOCK_LONG) : COP_OK;
}

/* Read "a.example|~b.example" behind what is in `into`.
 * is_not  what a name without ~ means */
static enum cop_status names_read(
    struct adblock *line, struct cop_slice names, bool is_not, struct buf *into)
{
    enum cop_status status = COP_OK;
    struct cop_slice name;
    bool has_tilde = false;

    if (names.n == 0) {
        return leave_out(line, ADBLOCK_NAMES);
    }
    while (status == COP_OK && urlrule_name_next(&names, &name, &has_tilde)) {
        status = name_add(line, name, has_tilde != is_not, into);
    }
    return status;
}

/* Put the names of a list in order, each once, with | between them.
 * flags  gets URLRULE_ENTITIES when one is name.* */
static enum cop_status names_settle(
    struct adblock *line, struct buf *names, uint16_t *flags)
{
    struct cop_slice rest = buf_slice(names);
    size_t n = 0;

    while (rest.n != 0) {
        const char *bar = memchr(rest.p, '|', rest.n);
        size_t length = (size_t)(bar - rest.p);

        if (n == ADBLOCK_NAMES_MAX) {
            return leave_out(line, ADBLOCK_LONG);
        }
        line->names[n++] = (struct cop_slice){rest.p, length};
        if (urlrule_is_entity(line->names[n - 1])) {
            *flags |= URLRULE_ENTITIES;
        }
        rest.p += length + 1;
        rest.n -= length + 1;
    }
    if (n == 0) {
        return COP_OK;
    }
    qsort(line->names, n, sizeof(line->names[0]), name_order);
    buf_clear(&line->text);
    for (size_t i = 0; i < n; i++) {
        if (i != 0 && cop_slice_eq(line->names[i], line->names[i - 1])) {
            continue;
        }
        if (i != 0) {
            buf_add_char(&line->text, '|');
        }
        buf_add_slice(&line->text, line->names[i]);
    }
    if (line->text.failed) {
        return COP_E_NOMEM;
    }
    buf_clear(names);
    buf_add_slice(names, buf_slice(&line->text));
    return COP_OK;
}

/* ---- options ---- */

static enum cop_status methods_read(struct adblock *line,
    struct cop_slice names, bool is_not, struct adblock_options *out)
{
    struct cop_slice name;
    bool has_tilde = false;

    if (names.n == 0) {
        return leave_out(line, ADBLOCK_OPTION);
    }
    while (urlrule_name_next(&names, &name, &has_tilde)) {
        uint16_t bit = urlrule_method(name);

        if (bit >> URLRULE_METHOD_OTHER != 0) {
            return leave_out(line, ADBLOCK_OPTION);
        }
        if (has_tilde != is_not) {
            out->not_methods |= bit;
        } else {
            out->methods |= bit;
        }
    }
    return COP_OK;
}

static enum cop_status option_apply(struct adblock *line,
    const struct option *option, const struct written *written,
    struct adblock_options *out)
{
    const unsigned parties = URLRULE_FIRST_PARTY | URLRULE_THIRD_PARTY;
    const unsigned strict = URLRULE_SAME_HOST | URLRULE_OTHER_HOST;
    uint16_t *types = written->is_not ? &out->not_types : &out->types;
    unsigned value = option->value;

    switch (option->kind) {
    case OPTION_PARTY:
        out->flags |= (uint16_t)(written->is_not ? value ^ parties : value);
        return COP_OK;
    case OPTION_STRICT:
        out->flags |= (uint16_t)(written->is_not ? value ^ strict : value);
        return COP_OK;
    case OPTION_IGNORED:
        return COP_OK;
    case OPTION_FLAG:
        out->flags |= (uint16_t)value;
        return written->is_not ? leave_out(line, ADBLOCK_OPTION) : COP_OK;
    case OPTION_FROM:
        return names_read(line, written->value, written->is_not, &line->from);
    case OPTION_TO:
        return names_read(line, written->value, written->is_not, &line->to);
    case OPTION_NOT_TO:
        return names_read(line, written->value, !written->is_not, &line->to);
    case OPTION_METHOD:
        return methods_read(line, written->value, written->is_not, out);
    case OPTION_TYPE:
        *types |= (uint16_t)(1U << value);
        return COP_OK;
    case OPTION_ALL:
        *types |= URLRULE_TYPES_ALL;
        return COP_OK;
    case OPTION_NEVER:
        if (!written->is_not) {
            out->has_never = true;
            line->reason = (enum adblock_reason)value;
        }
        return COP_OK;
    case OPTION_STAND_IN:
        out->has_stand_in = true;
        out->types |= (uint16_t)value;
        return written->is_not ? leave_out(line, ADBLOCK_OPTION) : COP_OK;
    case OPTION_NO:
        break;
    }
    return leave_out(line, (enum adblock_reason)value);
}

/* An underscore or more only fills a place. */
static bool is_filler(struct cop_slice word)
{
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] != '_') {
            return false;
        }
    }
    return true;
}

static const struct option *option_find(struct cop_slice word)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strlen(options[i].word) == word.n &&
            strncasecmp(options[i].word, word.p, word.n) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

enum cop_status adblock_options_read(
    struct adblock *line, struct cop_slice text, struct adblock_options *out)
{
    enum cop_status status = COP_OK;
    struct written written;

    *out = (struct adblock_options){0};
    while (status == COP_OK && text.n != 0) {
        if (!option_next(&text, &written)) {
            return leave_out(line, ADBLOCK_OPTION);
        }
        const struct option *option = option_find(written.word);

        if (option != NULL) {
            status = option_apply(line, option, &written, out);
        } else if (!is_filler(written.word)) {
            return leave_out(line, ADBLOCK_OPTION);
        }
    }
    if (status == COP_OK && out->has_never && out->types == 0) {
        return COP_E_UNSUPPORTED; /* for the reason that its type gave */
    }
    if (status == COP_OK) {
        status = names_settle(line, &line->from, &out->flags);
    }
    return status == COP_OK ? names_settle(line, &line->to, &out->flags)
                            : status;
}
