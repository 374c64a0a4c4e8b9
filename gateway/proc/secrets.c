#include "gateway/proc/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/config/authority.h"

static int secrets_refuse(struct cop_report *report, const char *path,
    const char *what, const char *todo)
{
    cop_report_at(report, COP_ERROR, "secret", path, 0, 0, todo, "%s", what);
    return -1;
}

/* Look at what was opened. Takes fd on failure. */
static int secrets_check(
    int fd, const char *path, mode_t shut, struct cop_report *report)
{
    struct stat facts;
    const char *what = NULL;

    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        what = "this is not a regular file";
    } else if (facts.st_uid != 0 && facts.st_uid != geteuid()) {
        what = "it belongs to another user";
    } else if ((facts.st_mode & shut) != 0) {
        what = "others than its owner may read or change it";
    }
    if (what == NULL) {
        return fd;
    }
    close(fd);
    return secrets_refuse(report, path, what,
        "make it a file of root's that nobody else may read (chmod 0400)");
}

static bool credential_path(const char *name, char out[PATH_MAX])
{
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");
    int n =
        snprintf(out, PATH_MAX, "%s/%s", folder != NULL ? folder : "", name);

    return folder != NULL && n > 0 && n < PATH_MAX;
}

int secrets_open(const char *path, struct cop_report *report)
{
    static const size_t begin_n = sizeof(AUTHORITY_CREDENTIAL) - 1;
    bool is_credential = strncmp(path, AUTHORITY_CREDENTIAL, begin_n) == 0;
    char place[PATH_MAX];
    int fd;

    if (is_credential && !credential_path(path + begin_n, place)) {
        return secrets_refuse(report, path,
            "the service manager handed no credentials over",
            "add LoadCredentialEncrypted= or LoadCredential= to the unit");
    }
    fd = open(is_credential ? place : path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        cop_report_at(report, COP_ERROR, "open", path, 0, 0,
            "make one with copgate --create-ca, or correct `ca:`",
            "cannot be opened: %s", strerror(errno));
        return -1;
    }
    return secrets_check(fd, path, is_credential ? 0007 : 0077, report);
}

int secrets_open_log(const char *path, struct cop_report *report)
{
    int fd = open(path,
        O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);

    if (fd < 0) {
        cop_report_at(report, COP_ERROR, "open", path, 0, 0, "correct `ca.log`",
            "cannot be opened: %s", strerror(errno));
        return -1;
    }
    return secrets_check(fd, path, 0077, report);
}
