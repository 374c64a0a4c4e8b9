#include "gateway/tls/chain_internal.h"

#include <stdint.h>
#include <string.h>

#include <libpsl.h>
#include <openssl/x509v3.h>

enum {
    NAMES_MAX = 4096,      /* alternative names of a leaf */
    CONSTRAINTS_MAX = 1024 /* subtrees of one authority */
};

static struct cop_slice text_of(const ASN1_STRING *string)
{
    return (struct cop_slice){(const char *)ASN1_STRING_get0_data(string),
        (size_t)ASN1_STRING_length(string)};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool names_eq(struct cop_slice a, struct cop_slice b)
{
    bool eq = a.n == b.n;

    for (size_t i = 0; eq && i < a.n; i++) {
        eq = lower(a.p[i]) == lower(b.p[i]);
    }
    return eq;
}

static struct cop_slice skip(struct cop_slice text, size_t n)
{
    return (struct cop_slice){text.p + n, text.n - n};
}

/* Whether `name` is `parent` or below it; everything is below "". */
static bool name_is_within(struct cop_slice name, struct cop_slice parent)
{
    if (parent.n == 0) {
        return true;
    }
    if (name.n <= parent.n) {
        return names_eq(name, parent);
    }
    return name.p[name.n - parent.n - 1] == '.' &&
           names_eq(skip(name, name.n - parent.n), parent);
}

/* The preferred name syntax of RFC 1034 3.5 and RFC 1123 2.1, which RFC 5280
 * 4.2.1.6 asks for: no underscore, no byte beyond ASCII. */
static bool name_is_preferred(struct cop_slice name)
{
    size_t label = 0;

    for (size_t i = 0; i < name.n; i++) {
        char c = lower(name.p[i]);
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool ends = i + 1 == name.n || name.p[i + 1] == '.';

        if (c == '.') {
            label = 0;
        } else if (++label > COP_LABEL_MAX ||
                   (!is_plain && (c != '-' || label == 1 || ends))) {
            return false;
        }
        if (c == '.' && (i == 0 || ends)) {
            return false;
        }
    }
    return name.n > 0 && name.n <= COP_HOST_MAX;
}

static bool name_is_wildcard(struct cop_slice name)
{
    return name.n > 2 && name.p[0] == '*' && name.p[1] == '.';
}

/* RFC 5280 4.2.1.6: Local-part@Domain, and nothing else. */
static bool mailbox_is_sound(struct cop_slice text)
{
    const char *at = memchr(text.p, '@', text.n);
    size_t local;

    if (at == NULL || at == text.p) {
        return false;
    }
    local = (size_t)(at - text.p);
    return name_is_preferred(skip(text, local + 1));
}

static bool general_is_sound(const GENERAL_NAME *name)
{
    struct cop_slice text;

    if (name->type == GEN_IPADD) {
        int n = ASN1_STRING_length(name->d.iPAddress);

        return n == 4 || n == 16;
    }
    if (name->type == GEN_EMAIL) {
        return mailbox_is_sound(text_of(name->d.rfc822Name));
    }
    if (name->type != GEN_DNS) {
        return true; /* says nothing about hosts */
    }
    text = text_of(name->d.dNSName);
    return name_is_preferred(name_is_wildcard(text) ? skip(text, 2) : text);
}

/* A public suffix of the registries' part: what many own below. Suffixes of
 * the private part are somebody's own, who may have a wildcard for it. */
static bool name_is_public(struct cop_slice name)
{
    char text[COP_HOST_MAX + 1];

    if (name.n > COP_HOST_MAX || memchr(name.p, '.', name.n) == NULL) {
        return true;
    }
    for (size_t i = 0; i < name.n; i++) {
        text[i] = lower(name.p[i]);
    }
    text[name.n] = '\0';
    return psl_is_public_suffix2(psl_builtin(), text,
               PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

static bool general_is_narrow(const GENERAL_NAME *name)
{
    struct cop_slice text;

    if (name->type != GEN_DNS) {
        return true;
    }
    text = text_of(name->d.dNSName);
    return !name_is_wildcard(text) || !name_is_public(skip(text, 2));
}

typedef bool general_fn(const GENERAL_NAME *name);

/* Whether there are alternative names, not too many, and all are as asked. */
static bool all_names(const struct chain *chain, general_fn *fn)
{
    int n = chain->names != NULL ? sk_GENERAL_NAME_num(chain->names) : 0;
    /* A client need not have any. */
    bool all = (n > 0 || chain->host == NULL) && n <= NAMES_MAX;

    for (int i = 0; all && i < n; i++) {
        all = fn(sk_GENERAL_NAME_value(chain->names, i));
    }
    return all;
}

bool chain_names_are_sound(const struct chain *chain, X509 *certificate)
{
    (void)certificate;
    return all_names(chain, general_is_sound);
}

bool chain_wildcards_are_narrow(const struct chain *chain, X509 *certificate)
{
    (void)certificate;
    return all_names(chain, general_is_narrow);
}

/* The common name, when it means a host. It is never looked at for a match. */
static bool common_name_of(
    X509 *certificate, struct cop_slice *text, struct cop_host *host)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

    if (at < 0) {
        return false;
    }
    *text = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    return cop_host_parse(*text, host) == COP_OK;
}

/* One that means this very host and is not written as the alternative names
 * write it was not validated by whoever signed it (CABF BR 7.1.4.3). */
bool chain_common_name_is_canonical(
    const struct chain *chain, X509 *certificate)
{
    struct cop_host host;
    struct cop_slice text;

    return chain->host == NULL || !common_name_of(certificate, &text, &host) ||
           !cop_host_eq(&host, chain->host) ||
           cop_slice_eq(text, cop_host_slice(&host));
}

static bool general_is_related(
    const GENERAL_NAME *name, struct cop_slice common)
{
    struct cop_slice text = text_of(name->d.dNSName);

    /* Under "*.a.example" and above "www.a.example" are both usual. */
    return name_is_within(text, common) ||
           (name_is_wildcard(text) && name_is_within(common, skip(text, 2)));
}

/* CABF BR 7.1.4.3 asks that it be one of the alternative names. Taken by the
 * letter that would refuse much that private authorities sign, so: a name of
 * another site than all of them. "Printer" and "A School" name none. */
bool chain_common_name_is_related(const struct chain *chain, X509 *certificate)
{
    int n = chain->names != NULL ? sk_GENERAL_NAME_num(chain->names) : 0;
    bool has_names = false;
    bool is_related = false;
    struct cop_host host;
    struct cop_slice text;

    if (chain->host == NULL || !common_name_of(certificate, &text, &host) ||
        host.kind != COP_HOST_NAME || memchr(text.p, '.', text.n) == NULL) {
        return true;
    }
    for (int i = 0; i < n && !is_related; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(chain->names, i);

        if (name->type == GEN_DNS) {
            has_names = true;
            is_related = general_is_related(name, text);
        }
    }
    return is_related || !has_names;
}

/* RFC 5280 4.2.1.6 and CABF BR 7.1.2.7.12: critical where the subject is empty
 * and only there. */
bool chain_alternatives_fit_subject(
    const struct chain *chain, X509 *certificate)
{
    int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    X509_EXTENSION *extension = X509_get_ext(certificate, at);
    bool has_subject =
        X509_NAME_entry_count(X509_get_subject_name(certificate)) > 0;

    if (extension == NULL) {
        return chain->host == NULL && has_subject;
    }
    return (X509_EXTENSION_get_critical(extension) != 0) == !has_subject;
}

static bool subtrees_are_sound(STACK_OF(GENERAL_SUBTREE) * subtrees)
{
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(subtrees); i++) {
        const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(subtrees, i)->base;
        struct cop_slice text;

        if (base->type != GEN_DNS) {
            continue;
        }
        text = text_of(base->d.dNSName);
        /* RFC 5280 4.2.1.10: a name, no leading dot, no wildcard. */
        if (text.n > 0 && !name_is_preferred(text)) {
            return false;
        }
    }
    return true;
}

static int subtrees_n(STACK_OF(GENERAL_SUBTREE) * subtrees)
{
    return subtrees != NULL ? sk_GENERAL_SUBTREE_num(subtrees) : 0;
}

static NAME_CONSTRAINTS *constraints_of(X509 *certificate)
{
    return X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);
}

bool chain_constraints_are_sound(const struct chain *chain, X509 *certificate)
{
    NAME_CONSTRAINTS *constraints = constraints_of(certificate);
    bool are_sound = true;
    int n;

    (void)chain;
    if (constraints != NULL) {
        n = subtrees_n(constraints->permittedSubtrees) +
            subtrees_n(constraints->excludedSubtrees);
        are_sound = n > 0 && n <= CONSTRAINTS_MAX &&
                    subtrees_are_sound(constraints->permittedSubtrees) &&
                    subtrees_are_sound(constraints->excludedSubtrees);
    }
    NAME_CONSTRAINTS_free(constraints);
    return are_sound;
}

/* The leaf's own names were checked as they are written, but "*.a.example" is
 * not within the excluded "b.a.example" and would still serve it: the name
 * that was asked for must itself be allowed (CVE-2025-61727). */
bool chain_constraints_allow_host(const struct chain *chain, X509 *certificate)
{
    NAME_CONSTRAINTS *constraints = constraints_of(certificate);
    bool is_name = chain->host != NULL && chain->host->kind == COP_HOST_NAME;
    bool is_excluded = false;
    int n = constraints != NULL ? subtrees_n(constraints->excludedSubtrees) : 0;

    for (int i = 0; i < n && is_name; i++) {
        const GENERAL_NAME *base =
            sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, i)->base;

        is_excluded |=
            base->type == GEN_DNS && name_is_within(cop_host_slice(chain->host),
                                         text_of(base->d.dNSName));
    }
    NAME_CONSTRAINTS_free(constraints);
    return !is_excluded;
}
