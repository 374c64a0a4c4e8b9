/* Lines of a dnsmasq configuration that are made to block:
 *
 *   address=/a.example/b.example/0.0.0.0   answers with a sinkhole, or nothing
 *   server=/a.example/                     asks nobody
 *   local=/a.example/                      the same
 *
 * A domain means itself and all below it, a star in front only what is below.
 * Of what else such a file says, nothing is a list entry. */
#include "rules/read/entry_parts.h"

enum directive { ADDRESS, SERVER, OTHER, NONE };

static bool is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* What a line sets; `value` gets what is behind the equals sign. */
static enum directive directive_of(
    struct cop_slice text, struct cop_slice *value)
{
    size_t n = 0;

    while (n < text.n && is_word_character(text.p[n])) {
        n++;
    }
    if (n == 0 || (n < text.n && text.p[n] != '=')) {
        return NONE;
    }
    size_t past = n < text.n ? n + 1 : n;

    *value = (struct cop_slice){text.p + past, text.n - past};
    text.n = n;
    if (cop_slice_eq(text, COP_LIT("address"))) {
        return ADDRESS;
    }
    if (cop_slice_eq(text, COP_LIT("server")) ||
        cop_slice_eq(text, COP_LIT("local"))) {
        return SERVER;
    }
    return OTHER;
}

static bool take_domain(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw)
{
    if (cop_slice_eq(word->text, COP_LIT("#"))) {
        return entry_skip(flaw, "/#/, every name there is");
    }
    if (word->text.n == 0) {
        return entry_skip(flaw, "//, names without a dot");
    }
    return entry_take_name(reader, word, flaw);
}

/* "/a.example/b.example/target" from behind the first slash. */
static bool take_domains(const struct entry_reader *reader,
    const struct word *value, size_t names, struct entry_flaw *flaw)
{
    size_t at = 1;

    while (at < names) {
        const char *p = value->text.p + at;
        const char *slash = memchr(p, '/', names - at);
        struct word word = {value->line, {p, (size_t)(slash - p)}};

        if (!take_domain(reader, &word, flaw)) {
            return false;
        }
        at += word.text.n + 1;
    }
    return true;
}

bool entry_take_dnsmasq(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw)
{
    struct word value = {word->line, COP_LIT("")};
    enum directive directive = directive_of(word->text, &value.text);
    size_t names = value.text.n;
    struct cop_slice target;

    if (directive == NONE) {
        return entry_flawed(flaw, word,
            "write address=/example.com/ or another line of dnsmasq.conf",
            "\"%.*s\" is no setting of dnsmasq", entry_quoted(word->text),
            word->text.p);
    }
    if (directive == OTHER) {
        return entry_skip(flaw, "settings that name nothing to block");
    }
    while (names > 0 && value.text.p[names - 1] != '/') {
        names--;
    }
    if (value.text.n > 0 && value.text.p[0] != '/') {
        return entry_skip(flaw, "settings for all names");
    }
    if (names < 2) {
        return entry_flawed(flaw, &value,
            "write the name between slashes: address=/example.com/",
            "there is no name here");
    }
    target = (struct cop_slice){value.text.p + names, value.text.n - names};
    if (directive == SERVER && cop_slice_eq(target, COP_LIT("#"))) {
        return entry_skip(flaw, "names that are excepted");
    }
    if (directive == SERVER && target.n > 0) {
        return entry_skip(flaw, "names that have a server of their own");
    }
    return take_domains(reader, &value, names, flaw);
}
