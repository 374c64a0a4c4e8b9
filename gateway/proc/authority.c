#include "gateway/proc/authority.h"

#include <stdlib.h>
#include <unistd.h>

#include <openssl/crypto.h>

enum { PEM_MAX = 65536 };

/* What the files hold; wiped as a whole. */
struct contents {
    char certificate[PEM_MAX];
    char key[PEM_MAX];
    char passphrase[AUTHORITY_PASSPHRASE_MAX];
};

static struct cop_slice file_read(int fd, char *out, size_t max)
{
    size_t n = 0;

    while (n < max) {
        ssize_t more = pread(fd, out + n, max - n, (off_t)n);

        if (more <= 0) {
            break;
        }
        n += (size_t)more;
    }
    return (struct cop_slice){out, n};
}

/* Editors end files with a line's end. */
struct cop_slice authority_passphrase(
    int fd, char room[AUTHORITY_PASSPHRASE_MAX])
{
    struct cop_slice text = file_read(fd, room, AUTHORITY_PASSPHRASE_MAX);
    const char *end = memchr(text.p, '\n', text.n);

    if (end != NULL) {
        text.n = (size_t)(end - text.p);
    }
    if (text.n > 0 && text.p[text.n - 1] == '\r') {
        text.n--;
    }
    return text.n < AUTHORITY_PASSPHRASE_MAX ? text
                                             : (struct cop_slice){NULL, 0};
}

static enum cop_status contents_load(struct contents *contents,
    const struct authority_files *files, int64_t now_unix,
    struct cop_report *report, struct ca **out)
{
    struct ca_texts texts = {.certificate = file_read(files->certificate_fd,
                                 contents->certificate, PEM_MAX),
        .key = file_read(files->key_fd, contents->key, PEM_MAX),
        .certificate_file = files->certificate_name,
        .key_file = files->key_name};

    if (files->passphrase_fd >= 0) {
        texts.passphrase =
            authority_passphrase(files->passphrase_fd, contents->passphrase);
        if (texts.passphrase.n == 0) {
            cop_report_at(report, COP_ERROR, "ca", files->key_name, 0, 0,
                "write the passphrase into the first line of its file",
                "its passphrase is empty or longer than %d bytes",
                AUTHORITY_PASSPHRASE_MAX - 1);
            return COP_E_SYNTAX;
        }
    }
    return ca_load(&texts, now_unix, report, out);
}

enum cop_status authority_load(const struct authority_files *files,
    int64_t now_unix, struct cop_report *report, struct ca **out)
{
    struct contents *contents = malloc(sizeof(*contents));
    enum cop_status status;

    if (contents == NULL) {
        return COP_E_NOMEM;
    }
    status = contents_load(contents, files, now_unix, report, out);
    OPENSSL_cleanse(contents, sizeof(*contents));
    free(contents);
    return status;
}
