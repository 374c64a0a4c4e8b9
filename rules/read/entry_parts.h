/* What the readers of lines share: private to entry*.c, zone.c and csv.c. */
#ifndef RULES_READ_ENTRY_PARTS_H
#define RULES_READ_ENTRY_PARTS_H

#include "rules/read/entry.h"

/* A part of the line being read, which is whole in `line`. */
struct word {
    struct cop_slice line;
    struct cop_slice text;
};

/* Say what is wrong with a word. Returns false. */
bool entry_flawed(struct entry_flaw *flaw, const struct word *word,
    const char *todo, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Say that a line was read and that a person should look at it.
 * code   of the finding, static */
void entry_caution(struct entry_flaw *flaw, const char *code);

/* Say why a line that is right names nothing that a list can hold. Returns
 * true.
 * reason  static; what such lines are: "names that ..." */
bool entry_skip(struct entry_flaw *flaw, const char *reason);

/* Forget what was said of an earlier line. */
void entry_flaw_clear(struct entry_flaw *flaw);

/* Whether a line is UTF-8 text without control characters but tabs. */
bool entry_check_characters(struct cop_slice line, struct entry_flaw *flaw);

/* What of a word to quote: enough to recognise it. */
int entry_quoted(struct cop_slice text);

struct cop_slice entry_trimmed(struct cop_slice text);

/* Up to the next space or tab; `rest` goes on behind it. */
struct cop_slice entry_take_word(struct cop_slice *rest);

/* Hand on what a word names, or say why it names nothing: a name or an
 * address, a URL prefix, a network, a country, a network by its number, an
 * extended regular expression. */
bool entry_take_name(const struct entry_reader *reader, const struct word *word,
    struct entry_flaw *flaw);
bool entry_take_url(const struct entry_reader *reader, const struct word *word,
    struct entry_flaw *flaw);
bool entry_take_network(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw);
bool entry_take_country(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw);
bool entry_take_as(const struct entry_reader *reader, const struct word *word,
    struct entry_flaw *flaw);
bool entry_take_expression(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw);

/* The one of these that the reader's object asks for. */
bool entry_take_object(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw);

/* A line of a dnsmasq configuration, without comment. */
bool entry_take_dnsmasq(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw);

#endif
