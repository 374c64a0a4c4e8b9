#include "gateway/proc/custody.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "gateway/proc/authority.h"
#include "gateway/proc/ledger.h"
#include "gateway/proc/load.h"
#include "gateway/proc/roles.h"
#include "gateway/proc/say.h"
#include "gateway/proc/secrets.h"

static void custody_tell(const struct custody *wanted)
{
    printf("%s/ca.crt is the certificate for clients to trust;\n"
           "%s/ca.key is secret: it never leaves this machine\n",
        wanted->folder, wanted->folder);
    if (wanted->passphrase_file != NULL) {
        printf("the key is encrypted: write `passphrase: %s` beside it in the "
               "configuration\n",
            wanted->passphrase_file);
    }
    for (uint32_t i = 0; i < wanted->excluded_n; i++) {
        printf("%s can never be decrypted with it: exempt it in the policy "
               "too\n",
            wanted->excluded[i]);
    }
}

static int custody_make(const struct custody *wanted,
    struct cop_slice passphrase, struct cop_report *report)
{
    const struct ca_wish wish = {.folder = wanted->folder,
        .name = wanted->name != NULL ? wanted->name : "copgate on this network",
        .passphrase = passphrase,
        .excluded = wanted->excluded,
        .excluded_n = wanted->excluded_n};

    if (ca_create(&wish, time(NULL), report) != COP_OK) {
        return EXIT_NO;
    }
    custody_tell(wanted);
    return EXIT_DONE;
}

int custody_create(const struct custody *wanted)
{
    struct cop_report report = {.emit = say_finding};
    char room[AUTHORITY_PASSPHRASE_MAX];
    struct cop_slice passphrase = {NULL, 0};
    int code = EXIT_NO;

    if (wanted->passphrase_file != NULL) {
        int fd = secrets_open(wanted->passphrase_file, &report);

        if (fd < 0) {
            return EXIT_NO;
        }
        passphrase = authority_passphrase(fd, room);
        close(fd);
    }
    if (wanted->passphrase_file != NULL && passphrase.n == 0) {
        say(SAY_ERROR, "%s: its first line is empty or longer than %d bytes",
            wanted->passphrase_file, AUTHORITY_PASSPHRASE_MAX - 1);
    } else {
        code = custody_make(wanted, passphrase, &report);
    }
    OPENSSL_cleanse(room, sizeof(room));
    return code;
}

static void custody_print_root(X509 *root)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(root), &der);

    if (n > 0 &&
        EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL) == 1) {
        for (int i = 0; i < 32; i++) {
            printf("%02x", digest[i]);
        }
        fputs("  # ", stdout);
        (void)X509_NAME_print_ex_fp(
            stdout, X509_get_subject_name(root), 0, XN_FLAG_RFC2253);
        fputs("\n", stdout);
    }
    OPENSSL_free(der);
}

int custody_list_trust(const char *file)
{
    struct cop_report report = {.emit = say_finding};
    struct load *load = NULL;
    FILE *roots;
    X509 *root;

    if (load_open(file, time(NULL), NULL, &report, &load) != COP_OK) {
        return EXIT_CONFIGURATION;
    }
    roots = fdopen(dup(load->trust_fd), "r");
    if (roots != NULL) {
        rewind(roots);
        while ((root = PEM_read_X509(roots, NULL, NULL, NULL)) != NULL) {
            custody_print_root(root);
            X509_free(root);
        }
        ERR_clear_error();
        (void)fclose(roots);
    }
    load_close(&load);
    return roots != NULL ? EXIT_DONE : EXIT_NO;
}

int custody_check_log(const char *path)
{
    FILE *file = fopen(path, "r");
    struct ledger last;
    uint64_t bad = 0;
    enum cop_status status;

    if (file == NULL) {
        say(SAY_ERROR, "%s: cannot be opened: %s", path, strerror(errno));
        return EXIT_NO;
    }
    status = ledger_check(file, &bad, &last);
    (void)fclose(file);
    if (status != COP_OK) {
        say(SAY_ERROR,
            "%s:%llu: this line is not what the chain says; it or one before "
            "it was changed, taken out or torn",
            path, (unsigned long long)bad);
        return EXIT_NO;
    }
    printf("%llu certificates; the chain holds and ends in %s\n",
        (unsigned long long)last.n, last.chain);
    return EXIT_DONE;
}
