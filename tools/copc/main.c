/* copc: from a nation's requirements to a bundle that explains itself. */
#include "tools/copc/copc.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef enum copc_exit command_fn(const struct options *options);

static command_fn *const command_functions[COMMANDS] = {
#define COPC_COMMAND(symbol, word, run, synopsis, summary, details) run,
#include "tools/copc/commands.tbl"
};

static enum copc_exit run_command(
    enum option_command command, int argc, char **argv)
{
    struct options options;

    if (!options_read(&options, command, argc, argv)) {
        return COPC_USAGE;
    }
    if (options_has(&options, OPTION_HELP)) {
        options_help_command(stdout, command);
        return COPC_DONE;
    }
    return command_functions[command](&options);
}

static enum copc_exit run(int argc, char **argv)
{
    if (argc < 2) {
        options_help(stderr);
        return COPC_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        options_help(stdout);
        return COPC_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("copc " COP_VERSION);
        return COPC_DONE;
    }
    for (unsigned i = 0; i < COMMANDS; i++) {
        enum option_command command = (enum option_command)i;

        if (strcmp(argv[1], options_command_word(command)) == 0) {
            return run_command(command, argc - 2, argv + 2);
        }
    }
    fprintf(stderr,
        "copc: there is no command %s\n  to do: see \"copc --help\"\n",
        argv[1]);
    return COPC_USAGE;
}

int main(int argc, char **argv)
{
    enum copc_exit ended;

    /* So that a file which may not grow is an error like a full disk. */
    (void)signal(SIGXFSZ, SIG_IGN);
    ended = run(argc, argv);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("copc: standard output");
        return COPC_IO;
    }
    return (int)ended;
}
