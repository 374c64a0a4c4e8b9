#include "rules/bundle/audit.h"

#include <string.h>

#include "rules/base/digest.h"
#include "rules/bundle/reseed.h"

const uint64_t section_zeros[16] = {0};

const char *section_name(enum section_id id)
{
    switch (id) {
#define SECTION(symbol, name, record)                                          \
    case SECTION_##symbol:                                                     \
        return name;
#include "rules/bundle/section.tbl"
    case SECTION_NONE:
    case SECTION_END:
        break;
    }
    return "unknown";
}

enum cop_status bundle_digest(
    const void *bytes, size_t n, unsigned char out[FORMAT_DIGEST_BYTES])
{
    struct format_header header;
    struct digest sum;

    memcpy(&header, bytes, sizeof(header));
    memset(header.digest, 0, sizeof(header.digest));
    digest_init(&sum);
    digest_add(&sum, &header, sizeof(header));
    digest_add(&sum, (const unsigned char *)bytes + sizeof(header),
        n - sizeof(header));
    return digest_end(&sum, out);
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Who and which version, before anything else: a newer format may differ in
 * all but these twelve bytes. */
static enum cop_status version_check(const struct cop_bundle *bundle,
    const char *name, struct cop_report *report)
{
    static const unsigned char magic[] = FORMAT_MAGIC;
    size_t n = bundle->n < FORMAT_MAGIC_BYTES ? bundle->n : FORMAT_MAGIC_BYTES;
    uint32_t version;

    if (n != 0 && memcmp(bundle->bytes, magic, n) != 0) {
        return bundle_refuse(
            report, name, COP_E_SYNTAX, "this is not a policy bundle");
    }
    if (bundle->n < FORMAT_MAGIC_BYTES + sizeof(version)) {
        return bundle_refuse(report, name, COP_E_TRUNCATED,
            "the bundle ends after %zu bytes, within its header", bundle->n);
    }
    memcpy(&version, bundle->bytes + FORMAT_MAGIC_BYTES, sizeof(version));
    if (version != FORMAT_VERSION) {
        return bundle_refuse(report, name, COP_E_VERSION,
            "the bundle is in format %u; this program reads format %d", version,
            FORMAT_VERSION);
    }
    if (bundle->n < sizeof(struct format_header)) {
        return bundle_refuse(report, name, COP_E_TRUNCATED,
            "the bundle ends after %zu bytes, within its header", bundle->n);
    }
    return COP_OK;
}

static enum cop_status header_check(const struct cop_bundle *bundle,
    const char *name, struct cop_report *report)
{
    const struct format_header *header = bundle_header(bundle);
    unsigned char digest[FORMAT_DIGEST_BYTES];

    if (header->file_bytes > bundle->n) {
        return bundle_refuse(report, name, COP_E_TRUNCATED,
            "the bundle ends after %zu of %llu bytes", bundle->n,
            (unsigned long long)header->file_bytes);
    }
    if (header->file_bytes < bundle->n) {
        return bundle_refuse(report, name, COP_E_SYNTAX,
            "%llu bytes follow the bundle's end",
            (unsigned long long)(bundle->n - header->file_bytes));
    }
    if (bundle_digest(bundle->bytes, bundle->n, digest) != COP_OK) {
        return bundle_refuse(
            report, name, COP_E_NOMEM, "out of memory for the digest");
    }
    if (memcmp(digest, header->digest, sizeof(digest)) != 0) {
        return bundle_refuse(report, name, COP_E_DIGEST,
            "the bundle was altered: its digest does not match its bytes");
    }
    if (header->header_bytes != sizeof(*header) ||
        header->sections != SECTION_COUNT || header->tries > RESEED_MAX ||
        !is_zero(header->zero1, sizeof(header->zero1)) ||
        !is_zero(header->zero2, sizeof(header->zero2))) {
        return bundle_refuse(report, name, COP_E_SYNTAX,
            "the bundle's header is not one of format %d", FORMAT_VERSION);
    }
    return COP_OK;
}

/* What is wrong with a row of the section table that must begin at or behind
 * `at`; NULL when nothing is. */
static const char *section_wrong(const struct cop_bundle *bundle,
    const struct format_section *row, enum section_id id, size_t at)
{
    uint32_t record = section_record_bytes(id);
    size_t start = (at + FORMAT_ALIGN - 1) / FORMAT_ALIGN * FORMAT_ALIGN;

    if (row->id != id || row->record_bytes != record) {
        return "is not where format 1 has it";
    }
    if (row->offset != start || start > bundle->n) {
        return "does not begin behind the one before it";
    }
    if (row->bytes > bundle->n - start) {
        return "is longer than the file";
    }
    if (row->count >= FORMAT_NONE || row->bytes != row->count * record) {
        return "has another length than its records";
    }
    if (!is_zero(bundle->bytes + at, start - at)) {
        return "has something before it that is not padding";
    }
    return NULL;
}

/* Sections follow each other in the order of section.tbl, each at the next
 * multiple of FORMAT_ALIGN, with nothing but zeros between. */
static enum cop_status sections_check(
    struct cop_bundle *bundle, const char *name, struct cop_report *report)
{
    const struct format_section *table =
        (const void *)(bundle_header(bundle) + 1);
    size_t at = sizeof(struct format_header) + SECTION_COUNT * sizeof(*table);

    if (bundle->n < at) {
        return bundle_refuse(report, name, COP_E_TRUNCATED,
            "the bundle ends within its section table");
    }
    for (unsigned id = 1; id < SECTION_END; id++) {
        const struct format_section *row = &table[id - 1];
        const char *wrong = section_wrong(bundle, row, (enum section_id)id, at);

        if (wrong != NULL) {
            return bundle_refuse(report, name, COP_E_SYNTAX,
                "the bundle's section of %s %s",
                section_name((enum section_id)id), wrong);
        }
        bundle->sections[id].p = bundle->bytes + row->offset;
        bundle->sections[id].n = (uint32_t)row->count;
        at = (size_t)(row->offset + row->bytes);
    }
    if (at != bundle->n) {
        return bundle_refuse(report, name, COP_E_SYNTAX,
            "the bundle has bytes that belong to no section");
    }
    return COP_OK;
}

enum cop_status bundle_layout(
    struct cop_bundle *bundle, const char *name, struct cop_report *report)
{
    enum cop_status status = version_check(bundle, name, report);

    if (status == COP_OK) {
        status = header_check(bundle, name, report);
    }
    if (status == COP_OK) {
        status = sections_check(bundle, name, report);
    }
    return status;
}
