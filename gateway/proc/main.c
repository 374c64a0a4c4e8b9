/* copgate: what was asked for on the command line, and nothing else. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gateway/proc/roles.h"
#include "gateway/proc/say.h"
#include "gateway/tls/ca.h"

static const char usage[] =
    "usage: copgate -c FILE                  filter, by this configuration\n"
    "       copgate -t [--json] -c FILE      check it and all it names\n"
    "       copgate --create-ca DIR [--ca-name NAME]\n"
    "                                        make this gateway's own CA\n"
    "       copgate --help | --version\n"
    "\n"
    "  -c, --config FILE   the configuration (copgate.yaml(5))\n"
    "  -t, --test          check only; exit 0 if it is valid, 78 if not\n"
    "      --json          with -t: findings as JSON on standard output\n"
    "      --create-ca DIR write ca.key, ca.crt and ca.der into DIR\n"
    "      --ca-name NAME  the name that certificate stores show\n"
    "      --help          this text\n"
    "      --version       the version\n"
    "\n"
    "signals: TERM ends connections, then stops; HUP reloads configuration,\n"
    "policy and bundles without dropping a connection; USR2 lets the program\n"
    "that is installed now take over; USR1 writes counts.\n"
    "exit codes: 0 done, 2 usage, 69 cannot listen, 70 failure,\n"
    "78 configuration invalid.\n";

struct asked {
    const char *file;
    const char *ca_folder;
    const char *ca_name;
    const char *role;
    int is_test;
    int is_json;
};

enum {
    OPTION_CREATE_CA = 256,
    OPTION_CA_NAME,
    OPTION_JSON,
    OPTION_ROLE,
    OPTION_HELP,
    OPTION_VERSION
};

/* Returns -1 to go on, else the exit code. */
static int main_options(int argc, char **argv, struct asked *asked)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"test", no_argument, NULL, 't'},
        {"json", no_argument, NULL, OPTION_JSON},
        {"create-ca", required_argument, NULL, OPTION_CREATE_CA},
        {"ca-name", required_argument, NULL, OPTION_CA_NAME},
        {"role", required_argument, NULL, OPTION_ROLE},
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:th", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            asked->file = optarg;
            break;
        case 't':
            asked->is_test = 1;
            break;
        case OPTION_JSON:
            asked->is_json = 1;
            break;
        case OPTION_CREATE_CA:
            asked->ca_folder = optarg;
            break;
        case OPTION_CA_NAME:
            asked->ca_name = optarg;
            break;
        case OPTION_ROLE:
            asked->role = optarg;
            break;
        case 'h':
        case OPTION_HELP:
            fputs(usage, stdout);
            return EXIT_DONE;
        case OPTION_VERSION:
            puts("copgate " COP_VERSION);
            return EXIT_DONE;
        default:
            fputs("copgate --help says what there is\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "copgate: \"%s\" is not understood; see --help\n",
            argv[optind]);
        return EXIT_USAGE;
    }
    return -1;
}

static int main_create_ca(const struct asked *asked)
{
    struct cop_report report = {.emit = say_finding};
    const char *name =
        asked->ca_name != NULL ? asked->ca_name : "copgate on this network";

    if (ca_create(asked->ca_folder, name, time(NULL), &report) != COP_OK) {
        return EXIT_NO;
    }
    printf("%s/ca.crt is the certificate for clients to trust;\n"
           "%s/ca.key is secret: it never leaves this machine\n",
        asked->ca_folder, asked->ca_folder);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct asked asked = {0};
    int code = main_options(argc, argv, &asked);

    if (code >= 0) {
        return code;
    }
    if (asked.role != NULL && strcmp(asked.role, "keyd") == 0) {
        return keyd_run();
    }
    if (asked.role != NULL && strcmp(asked.role, "worker") == 0) {
        return worker_run(asked.file);
    }
    if (asked.ca_folder != NULL) {
        return main_create_ca(&asked);
    }
    if (asked.file == NULL || asked.role != NULL) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (asked.is_test) {
        return parent_check(asked.file, asked.is_json);
    }
    return parent_run(argv[0], asked.file);
}
