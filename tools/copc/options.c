#include "tools/copc/options.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define ON(command) (UINT32_C(1) << COMMAND_##command)

struct command_row {
    const char *word;
    const char *synopsis;
    const char *summary;
    const char *details;
};

static const struct command_row command_rows[COMMANDS] = {
#define COPC_COMMAND(symbol, word, run, synopsis, summary, details)            \
    {word, synopsis, summary, details},
#include "tools/copc/commands.tbl"
};

struct option_row {
    char letter;
    const char *word;
    const char *argument;
    uint32_t commands;
    const char *help;
};

static const struct option_row option_rows[OPTIONS] = {
#define COPC_OPTION(symbol, letter, word, argument, commands, help)            \
    {letter, word, argument, commands, help},
#include "tools/copc/options.tbl"
};

const char *options_command_word(enum option_command command)
{
    return command_rows[command].word;
}

void options_complain(const struct options *options, const char *format, ...)
{
    const char *word = options_command_word(options->command);
    va_list values;

    fprintf(stderr, "copc %s: ", word);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fprintf(stderr, "\n  to do: see \"copc %s --help\"\n", word);
}

static bool takes(enum option_command command, const struct option_row *row)
{
    return ((row->commands >> command) & 1) != 0;
}

/* The option that `word` names, without its dashes and up to '='. */
static enum option_name find_word(
    enum option_command command, const char *word, size_t n)
{
    for (unsigned i = 0; i < OPTIONS; i++) {
        const struct option_row *row = &option_rows[i];

        if (takes(command, row) && strlen(row->word) == n &&
            memcmp(row->word, word, n) == 0) {
            return (enum option_name)i;
        }
    }
    return OPTIONS;
}

static enum option_name find_letter(enum option_command command, char letter)
{
    for (unsigned i = 0; i < OPTIONS; i++) {
        const struct option_row *row = &option_rows[i];

        if (takes(command, row) && row->letter == letter) {
            return (enum option_name)i;
        }
    }
    return OPTIONS;
}

/* The values of an option that may be given several times; NULL for others. */
static struct option_values *values_of(
    struct options *options, enum option_name name)
{
    if (name == OPTION_AGAINST) {
        return &options->against;
    }
    return name == OPTION_SOURCES ? &options->sources : NULL;
}

static bool keep_value(
    struct options *options, struct option_values *values, const char *value)
{
    if (values->n == OPTION_TIMES_MAX) {
        options_complain(
            options, "more than %d times the same option", OPTION_TIMES_MAX);
        return false;
    }
    values->p[values->n++] = value;
    return true;
}

/* Keep an option's value; `attached` is what was written with the option
 * itself, or NULL. *at is the option's place in argv and moves on when its
 * value is the next word. */
static bool keep(struct options *options, enum option_name name,
    const char *attached, int *at, int argc, char **argv)
{
    const struct option_row *row = &option_rows[name];
    struct option_values *values = values_of(options, name);
    bool is_again = options->value[name] != NULL;

    if (is_again && row->argument != NULL && values == NULL) {
        options_complain(options, "--%s is given twice", row->word);
        return false;
    }
    if (row->argument == NULL) {
        if (attached != NULL) {
            options_complain(options, "--%s takes no value", row->word);
            return false;
        }
        options->value[name] = row->word;
        return true;
    }
    if (attached == NULL) {
        if (*at + 1 == argc) {
            options_complain(
                options, "--%s needs a value: %s", row->word, row->argument);
            return false;
        }
        *at += 1;
        attached = argv[*at];
    }
    options->value[name] = attached;
    return values == NULL || keep_value(options, values, attached);
}

static bool read_option(struct options *options, int *at, int argc, char **argv)
{
    const char *text = argv[*at];
    const char *attached;
    enum option_name name;

    if (text[1] == '-') {
        attached = strchr(text, '=');
        name = find_word(options->command, text + 2,
            attached != NULL ? (size_t)(attached - text) - 2
                             : strlen(text) - 2);
        attached = attached != NULL ? attached + 1 : NULL;
    } else {
        name = find_letter(options->command, text[1]);
        attached = text[2] != '\0' ? text + 2 : NULL;
    }
    if (name == OPTIONS) {
        options_complain(options, "there is no option %s", text);
        return false;
    }
    return keep(options, name, attached, at, argc, argv);
}

bool options_read(
    struct options *options, enum option_command command, int argc, char **argv)
{
    size_t operands = 0;
    bool has_ended = false; /* "--" was seen */

    memset(options, 0, sizeof *options);
    options->command = command;
    for (int i = 0; i < argc; i++) {
        if (has_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[operands++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            has_ended = true;
        } else if (!read_option(options, &i, argc, argv)) {
            return false;
        }
    }
    options->operands = (const char *const *)argv;
    options->operands_n = operands;
    return true;
}

void options_help(FILE *to)
{
    fputs("copc: compile, check and explain child online protection policies\n"
          "\nusage:\n",
        to);
    for (unsigned i = 0; i < COMMANDS; i++) {
        const struct command_row *row = &command_rows[i];

        fprintf(to, "  copc %s%s%s\n      %s\n", row->word,
            row->synopsis[0] != '\0' ? " " : "", row->synopsis, row->summary);
    }
    fputs("\n  copc COMMAND --help\n      what a command does and takes\n"
          "  copc --version\n"
          "\nExit codes: 0 done, 1 the answer is no, 2 wrong usage, 65 bad "
          "data,\n70 out of resources, 74 output failed, 78 bad "
          "configuration.\n",
        to);
}

void options_help_command(FILE *to, enum option_command command)
{
    const struct command_row *row = &command_rows[command];
    char name[64];

    fprintf(to, "usage: copc %s [OPTION]...%s%s\n\n%s\n\noptions:\n", row->word,
        row->synopsis[0] != '\0' ? " " : "", row->synopsis, row->details);
    for (unsigned i = 0; i < OPTIONS; i++) {
        const struct option_row *option = &option_rows[i];

        if (!takes(command, option)) {
            continue;
        }
        snprintf(name, sizeof name, "%s%c%s--%s %s",
            option->letter != 0 ? "-" : " ",
            option->letter != 0 ? option->letter : ' ',
            option->letter != 0 ? ", " : "  ", option->word,
            option->argument != NULL ? option->argument : "");
        fprintf(to, "  %-25s %s\n", name, option->help);
    }
}
