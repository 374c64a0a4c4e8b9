/* The command line, read once against two tables. */
#ifndef TOOLS_COPC_OPTIONS_H
#define TOOLS_COPC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_command {
#define COPC_COMMAND(symbol, word, run, synopsis, summary, details)            \
    COMMAND_##symbol,
#include "tools/copc/commands.tbl"
    COMMANDS
};

enum option_name {
#define COPC_OPTION(symbol, letter, word, argument, commands, help)            \
    OPTION_##symbol,
#include "tools/copc/options.tbl"
    OPTIONS
};

enum { OPTION_TIMES_MAX = 8 };

/* The values of an option that may be given several times. */
struct option_values {
    const char *p[OPTION_TIMES_MAX];
    size_t n;
};

/* What a command line said. Everything points into argv. */
struct options {
    enum option_command command;
    const char *value[OPTIONS]; /* NULL: not given; of a flag any string */
    const char *const *operands;
    size_t operands_n;
    struct option_values against; /* every --against */
    struct option_values sources; /* every --sources */
};

/* Read the words after the command. Operands are gathered at the front of
 * `argv`, which is reordered for that.
 * Returns true, or false after saying on standard error what is wrong. */
bool options_read(struct options *options, enum option_command command,
    int argc, char **argv);

static inline bool options_has(
    const struct options *options, enum option_name name)
{
    return options->value[name] != NULL;
}

/* Say on standard error that a command line is wrong and where help is. */
void options_complain(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *options_command_word(enum option_command command);

/* Help for all commands, or for one. */
void options_help(FILE *to);
void options_help_command(FILE *to, enum option_command command);

#endif
