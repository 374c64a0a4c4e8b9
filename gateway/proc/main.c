/* copgate: what was asked for on the command line, and nothing else. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "gateway/proc/custody.h"
#include "gateway/proc/roles.h"

static const char usage[] =
    "usage: copgate -c FILE                  filter, by this configuration\n"
    "       copgate -t [--json] -c FILE      check it and all it names\n"
    "       copgate --create-ca DIR [--ca-name NAME] [--passphrase-file FILE]\n"
    "               [--exclude-name HOST]... make this gateway's own CA\n"
    "       copgate --list-trust -c FILE     whom servers are believed by\n"
    "       copgate --check-ca-log FILE      see that no name was taken out\n"
    "       copgate --help | --version\n"
    "\n"
    "  -c, --config FILE   the configuration (copgate.yaml(5))\n"
    "  -t, --test          check only; exit 0 if it is valid, 78 if not\n"
    "      --json          with -t: findings as JSON on standard output\n"
    "      --create-ca DIR write ca.key, ca.crt and ca.der into DIR\n"
    "      --ca-name NAME  the name that certificate stores show\n"
    "      --passphrase-file FILE\n"
    "                      encrypt ca.key; FILE's first line, mode 0400\n"
    "      --exclude-name HOST\n"
    "                      a host that it cannot vouch for, nor below it\n"
    "      --list-trust    their keys' digests, as `revoked_keys` takes them\n"
    "      --check-ca-log FILE\n"
    "                      follow the chain of the log `ca.log`\n"
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
    const char *ca_log;
    struct custody ca;
    const char *role;
    int is_test;
    int is_list;
    int is_json;
};

enum {
    OPTION_CREATE_CA = 256,
    OPTION_CA_NAME,
    OPTION_PASSPHRASE,
    OPTION_EXCLUDE,
    OPTION_CHECK_LOG,
    OPTION_LIST_TRUST,
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
        {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"exclude-name", required_argument, NULL, OPTION_EXCLUDE},
        {"list-trust", no_argument, NULL, OPTION_LIST_TRUST},
        {"check-ca-log", required_argument, NULL, OPTION_CHECK_LOG},
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
            asked->ca.folder = optarg;
            break;
        case OPTION_CA_NAME:
            asked->ca.name = optarg;
            break;
        case OPTION_PASSPHRASE:
            asked->ca.passphrase_file = optarg;
            break;
        case OPTION_EXCLUDE:
            if (asked->ca.excluded_n == CUSTODY_EXCLUDED_MAX) {
                fputs("copgate: too many names to exclude\n", stderr);
                return EXIT_USAGE;
            }
            asked->ca.excluded[asked->ca.excluded_n++] = optarg;
            break;
        case OPTION_LIST_TRUST:
            asked->is_list = 1;
            break;
        case OPTION_CHECK_LOG:
            asked->ca_log = optarg;
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
    if (asked.ca.folder != NULL) {
        return custody_create(&asked.ca);
    }
    if (asked.ca_log != NULL) {
        return custody_check_log(asked.ca_log);
    }
    if (asked.file == NULL || asked.role != NULL) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (asked.is_list) {
        return custody_list_trust(asked.file);
    }
    if (asked.is_test) {
        return parent_check(asked.file, asked.is_json);
    }
    return parent_run(argv[0], asked.file);
}
