/* cop:bundle:<name>, what a bundle says of itself, and the small documents that
 * stand beside requirements: taxonomy, category lists, templates, appeals. */
#include "rules/base/cidr.h"
#include "rules/read/date.h"
#include "rules/read/documents.h"

#include <stdint.h>

/* ---- the manifest ---- */

struct manifest_reader {
    const struct document *document;
    struct fact_manifest *fact;
};

static void read_id(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->head.id);
}

static void read_title(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;

    (void)fact_read_title(yaml, value, &reader->fact->title);
}

static void read_issuer(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->issuer);
}

static void read_licence(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->licence);
}

static void read_revision(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->fact->revision);
}

static void read_languages(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_manifest *fact = ((struct manifest_reader *)into)->fact;

    (void)yaml_texts(yaml, value, &fact->languages, &fact->languages_n);
}

static void read_never_categories(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;

    (void)fact_read_categories(yaml, value, &reader->fact->never_inspect);
}

static void read_never_hosts(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;
    struct fact_manifest *fact = reader->fact;

    (void)list_read_files(reader->document, yaml, value, ENTRY_DOMAIN,
        &fact->never_inspect_lists, &fact->never_inspect_lists_n);
}

static void read_never(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const struct yaml_key keys[] = {
        {"categories", read_never_categories, false},
        {"hosts", read_never_hosts, false},
    };

    (void)yaml_map_read(yaml, value, keys, 2, into);
}

/* Networks that many sites share; no requirement may block into them. */
static void read_shared(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;
    struct fact_manifest *fact = reader->fact;
    struct cidr unused;

    if (!yaml_texts(yaml, value, &fact->shared, &fact->shared_n)) {
        return;
    }
    for (size_t i = 0; i < fact->shared_n; i++) {
        if (cidr_parse(fact->shared[i], &unused) != CIDR_FINE) {
            yaml_error(yaml, value, "value",
                "write an address or a network: 192.0.2.0/24, 2001:db8::/32",
                "%s is no network of addresses", fact->shared[i].p);
        }
    }
}

/* The same in files, for lists that somebody keeps. */
static void read_shared_files(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct manifest_reader *reader = into;
    struct fact_manifest *fact = reader->fact;

    (void)list_read_files(reader->document, yaml, value, ENTRY_CIDR,
        &fact->shared_lists, &fact->shared_lists_n);
}

/* A fixed offset rather than a zone: the same sources give the same bytes on
 * every machine, whatever it knows of clocks. */
static void read_offset(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct fact_manifest *fact = ((struct manifest_reader *)into)->fact;
    struct cop_slice text;

    if (yaml_text(yaml, value, &text) &&
        !date_parse_offset(text, &fact->east_s)) {
        yaml_error(yaml, value, "value", "write \"+10:00\" or \"-03:00\"",
            "%s is no offset from UTC", text.p);
    }
}

void manifest_read(struct document *document, struct facts *facts)
{
    static const struct yaml_key keys[] = {
        {"id", read_id, true},
        {"title", read_title, true},
        {"issuer", read_issuer, true},
        {"licence", read_licence, true},
        {"revision", read_revision, true},
        {"languages", read_languages, false},
        {"never_inspect", read_never, false},
        {"shared_addresses", read_shared, false},
        {"shared_address_files", read_shared_files, false},
        {"utc_offset", read_offset, false},
    };
    struct yaml *yaml = &document->yaml;
    struct fact_manifest *fact = arena_alloc(yaml->arena, sizeof(*fact));
    struct manifest_reader reader = {document, fact};

    if (fact == NULL) {
        return;
    }
    fact->head.place = fact_place(yaml, yaml->root);
    (void)yaml_map_read(
        yaml, yaml->root, keys, sizeof(keys) / sizeof(keys[0]), &reader);
    fact->head.next = facts->manifests;
    facts->manifests = &fact->head;
}
