/* The canonical form of a host; the rules are in docs/canonical-form.md, whose
 * numbers (H1 and so on) stand beside the code that obeys them.
 *
 * A host is read once if it is plain, which nearly all are. One that holds
 * percent-encoding, other scripts or "xn--" is decoded and mapped first and
 * then read by the same function, so that what is mapped obeys every rule of
 * what is not. */
#include "cop/host.h"

#include <string.h>

#include <libpsl.h>

#include "rules/base/hex.h"
#include "rules/base/idna.h"
#include "rules/base/ip.h"

/* What a byte of a name is. */
enum { NO, PLAIN, UPPER, MAP };

static const unsigned char name_byte[256] = {
    ['-'] = PLAIN,
    ['.'] = PLAIN,
    ['0' ... '9'] = PLAIN,
    ['A' ... 'Z'] = UPPER,
    ['_'] = PLAIN,
    ['a' ... 'z'] = PLAIN,
    ['%'] = MAP,
    [0x80 ... 0xFF] = MAP,
};

/* A name being read. */
struct name {
    char text[COP_HOST_MAX + 1]; /* ends in NUL */
    size_t n;
    size_t labels;
    bool is_ace; /* a label begins with "xn--" */
};

static enum cop_status label_end(struct name *name, size_t start)
{
    size_t n = name->n - start;

    if (n == 0) {
        return COP_E_SYNTAX; /* H7 */
    }
    if (n > COP_LABEL_MAX) {
        return COP_E_LIMIT; /* H8 */
    }
    name->is_ace |= n >= 4 && memcmp(name->text + start, "xn--", 4) == 0;
    name->labels++;
    return COP_OK;
}

/* Read a plain name. Returns COP_AGAIN when it must be mapped first. */
static enum cop_status name_read(struct cop_slice in, struct name *name)
{
    enum cop_status status;
    size_t start = 0;

    name->n = 0;
    name->labels = 0;
    name->is_ace = false;
    if (in.n != 0 && in.p[in.n - 1] == '.') {
        in.n--; /* H6: the root, once */
    }
    for (size_t i = 0; i < in.n; i++) {
        unsigned char what = name_byte[(unsigned char)in.p[i]];
        char c = in.p[i];

        if (what == MAP) {
            return COP_AGAIN;
        }
        if (what == NO) {
            return COP_E_SYNTAX; /* H5 */
        }
        if (c == '.') {
            status = label_end(name, start);
            if (status != COP_OK) {
                return status;
            }
            start = name->n + 1;
        }
        if (name->n == COP_HOST_MAX) {
            return COP_E_LIMIT; /* H8 */
        }
        name->text[name->n++] = (char)(what == UPPER ? c | 0x20 : c);
    }
    name->text[name->n] = '\0';
    return label_end(name, start);
}

/* H2: percent-decode once. What is left that no name may hold, a "%" among it,
 * ends the attempt here: the mapping must not see it. */
static enum cop_status name_decode(
    struct cop_slice in, char out[COP_HOST_INPUT_MAX], size_t *out_n)
{
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];

        if (c == '%' && in.n - i > 2) {
            int high = hex_value(in.p[i + 1]);
            int low = hex_value(in.p[i + 2]);

            if (high < 0 || low < 0) {
                return COP_E_SYNTAX;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '%' || name_byte[(unsigned char)c] == NO) {
            return COP_E_SYNTAX;
        }
        out[n++] = c;
    }
    *out_n = n;
    return COP_OK;
}

/* H2, H3, H4: decode, map, and read what came out. */
static enum cop_status name_map(struct cop_slice in, struct name *name)
{
    char decoded[COP_HOST_INPUT_MAX];
    char mapped[COP_HOST_MAX + 1]; /* with the trailing dot */
    size_t decoded_n;
    size_t mapped_n;
    enum cop_status status = name_decode(in, decoded, &decoded_n);

    if (status != COP_OK) {
        return status;
    }
    status = idna_map((struct cop_slice){decoded, decoded_n}, mapped,
        sizeof(mapped), &mapped_n);
    if (status != COP_OK) {
        return status;
    }
    status = name_read((struct cop_slice){mapped, mapped_n}, name);
    return status == COP_AGAIN ? COP_E_SYNTAX : status;
}

static void host_set_ip4(struct cop_host *out, const uint8_t *address)
{
    *out = (struct cop_host){.kind = COP_HOST_IPV4};
    memcpy(out->addr, address, IP4_BYTES);
    out->n = (uint8_t)ip4_print(out->addr, out->text);
}

/* H10 */
static enum cop_status host_parse_ip6(
    struct cop_slice text, struct cop_host *out)
{
    uint8_t address[IP6_BYTES];

    if (text.p[0] == '[') {
        if (text.n < 2 || text.p[text.n - 1] != ']') {
            return COP_E_SYNTAX;
        }
        text.p++;
        text.n -= 2;
    }
    if (!ip6_parse(text, address)) {
        return COP_E_SYNTAX;
    }
    if (ip6_holds_ip4(address)) {
        host_set_ip4(out, address + IP6_BYTES - IP4_BYTES); /* H11 */
        return COP_OK;
    }
    *out = (struct cop_host){.kind = COP_HOST_IPV6};
    memcpy(out->addr, address, sizeof(address));
    out->n = (uint8_t)ip6_print(address, out->text);
    return COP_OK;
}

/* H9: what ends in a number is an IPv4 address or nothing. */
static enum cop_status host_set_name(
    const struct name *name, struct cop_host *out)
{
    struct cop_slice text = {name->text, name->n};
    uint8_t address[IP4_BYTES];

    if (ip4_is_meant(text)) {
        if (!ip4_parse(text, address)) {
            return COP_E_SYNTAX;
        }
        host_set_ip4(out, address);
        return COP_OK;
    }
    out->kind = COP_HOST_NAME;
    out->n = (uint8_t)name->n;
    out->labels = (uint8_t)name->labels;
    memset(out->addr, 0, sizeof(out->addr));
    memcpy(out->text, name->text, name->n + 1);
    return COP_OK;
}

enum cop_status cop_host_parse(struct cop_slice in, struct cop_host *out)
{
    struct name name;
    enum cop_status status;

    if (in.n == 0) {
        return COP_E_SYNTAX;
    }
    if (in.n > COP_HOST_INPUT_MAX) {
        return COP_E_LIMIT; /* H1 */
    }
    if (in.p[0] == '[' || memchr(in.p, ':', in.n) != NULL) {
        return host_parse_ip6(in, out);
    }
    status = name_read(in, &name);
    if (status == COP_AGAIN || (status == COP_OK && name.is_ace)) {
        status = name_map(in, &name);
    }
    return status == COP_OK ? host_set_name(&name, out) : status;
}

uint8_t cop_host_registrable(const struct cop_host *host)
{
    if (host->kind != COP_HOST_NAME) {
        return 0;
    }
    const char *domain = psl_registrable_domain(psl_builtin(), host->text);

    return domain != NULL ? (uint8_t)(domain - host->text) : host->n;
}

bool cop_host_eq(const struct cop_host *a, const struct cop_host *b)
{
    return a->kind == b->kind &&
           cop_slice_eq(cop_host_slice(a), cop_host_slice(b));
}

bool cop_host_within(const struct cop_host *host, const struct cop_host *parent)
{
    if (host->kind != COP_HOST_NAME || host->n <= parent->n) {
        return cop_host_eq(host, parent);
    }
    size_t below = (size_t)host->n - parent->n;

    return parent->kind == COP_HOST_NAME && host->text[below - 1] == '.' &&
           memcmp(host->text + below, parent->text, parent->n) == 0;
}
