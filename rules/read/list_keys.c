/* The keys of a list: in a cop:list document, under a requirement's
 * target.list, and in a manifest. */
#include "rules/read/documents.h"

enum object_word {
    OBJECT_DOMAIN,
    OBJECT_SUBDOMAIN,
    OBJECT_HOST,
    OBJECT_BELOW,
    OBJECT_URL,
    OBJECT_PATTERN,
    OBJECT_IP,
    OBJECT_CIDR,
    OBJECT_COUNTRY,
    OBJECT_AS,
    OBJECT_PORT, /* from here on: not in this version */
    OBJECT_HASH,
    OBJECT_KEYWORD,
    OBJECT_APP,
    OBJECT_WORDS
};

static const char *const object_words[] = {
    [OBJECT_DOMAIN] = "domain",
    [OBJECT_SUBDOMAIN] = "subdomain",
    [OBJECT_HOST] = "host",
    [OBJECT_BELOW] = "below",
    [OBJECT_URL] = "url",
    [OBJECT_PATTERN] = "pattern",
    [OBJECT_IP] = "ip",
    [OBJECT_CIDR] = "cidr",
    [OBJECT_COUNTRY] = "country",
    [OBJECT_AS] = "as",
    [OBJECT_PORT] = "port",
    [OBJECT_HASH] = "hash",
    [OBJECT_KEYWORD] = "keyword",
    [OBJECT_APP] = "app",
};

/* A subdomain is a domain that has another above it: it means itself and what
 * is below it, as a domain does. */
static const enum entry_object object_entries[] = {
    [OBJECT_DOMAIN] = ENTRY_DOMAIN,
    [OBJECT_SUBDOMAIN] = ENTRY_DOMAIN,
    [OBJECT_HOST] = ENTRY_HOST,
    [OBJECT_BELOW] = ENTRY_BELOW,
    [OBJECT_URL] = ENTRY_URL,
    [OBJECT_PATTERN] = ENTRY_PATTERN,
    [OBJECT_IP] = ENTRY_CIDR, /* an address is a network of one */
    [OBJECT_CIDR] = ENTRY_CIDR,
    [OBJECT_COUNTRY] = ENTRY_COUNTRY,
    [OBJECT_AS] = ENTRY_AS,
};

static const char *const format_words[] = {
    [LIST_DOMAINS] = "domains",
    [LIST_HOSTS] = "hosts",
    [LIST_URLS] = "urls",
    [LIST_PATTERNS] = "patterns",
    [LIST_ADBLOCK] = "adblock",
    [LIST_EXPRESSIONS] = "expressions",
    [LIST_SQUIDGUARD] = "squidguard",
    [LIST_DNSMASQ] = "dnsmasq",
    [LIST_RPZ] = "rpz",
    [LIST_CIDR] = "cidr",
    [LIST_CSV] = "csv",
    [LIST_COUNTRIES] = "countries",
    [LIST_AS_NUMBERS] = "as_numbers",
};

void list_read_file(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;

    reader->list->place = fact_place(yaml, value);
    (void)fact_read_path(reader->document, yaml, value, reader->list);
}

void list_read_entries(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;
    struct fact_entry *entries;
    size_t n = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return;
    }
    entries = arena_array(yaml->arena, value->count + 1U, sizeof(*entries));
    if (entries == NULL) {
        return;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        entries[n].place = fact_place(yaml, c);
        n += yaml_text(yaml, c, &entries[n].text);
    }
    reader->list->entries = entries;
    reader->list->entries_n = n;
    if (reader->list->path.p == NULL) {
        reader->list->name = reader->document->name;
    }
}

void list_read_format(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(yaml, value, format_words,
            sizeof(format_words) / sizeof(format_words[0]), &which)) {
        reader->list->format = (enum list_format)which;
        reader->has_format = true;
    }
}

void list_read_object(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;
    unsigned which = 0;

    if (!yaml_word(yaml, value, object_words, OBJECT_WORDS, &which)) {
        return;
    }
    reader->has_object = true;
    if (which < OBJECT_PORT) {
        reader->list->object = object_entries[which];
        return;
    }
    reader->list->is_unsupported = true;
    reader->list->is_hashed = which == OBJECT_HASH;
    (reader->is_lenient ? yaml_note : yaml_error)(yaml, value, "unsupported",
        "list domains, hosts, URLs, patterns or addresses instead, or wait "
        "for a version that can",
        "this version cannot match a list of object %s", object_words[which]);
}

void list_read_licence(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->list->licence);
}

void list_read_origin(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;

    (void)yaml_text(yaml, value, &reader->list->origin);
}

void list_read_retrieved(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;

    reader->list->has_retrieved =
        yaml_date(yaml, value, &reader->list->retrieved_unix);
}

void list_read_bad_lines(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    struct list_reader *reader = into;
    int64_t n = 0;

    if (yaml_int(yaml, value, 0, LIST_BAD_LINES_MAX, &n)) {
        reader->list->bad_lines = (uint32_t)n;
    }
}

/* The format that goes with an object, where none is named. */
static enum list_format format_of(enum entry_object object)
{
    if (object == ENTRY_URL) {
        return LIST_URLS;
    }
    if (object == ENTRY_PATTERN) {
        return LIST_PATTERNS;
    }
    if (object == ENTRY_COUNTRY) {
        return LIST_COUNTRIES;
    }
    if (object == ENTRY_AS) {
        return LIST_AS_NUMBERS;
    }
    return object == ENTRY_CIDR ? LIST_CIDR : LIST_DOMAINS;
}

void list_read_at_limit(
    struct yaml *yaml, const struct yaml_node *value, void *into)
{
    static const char *const words[] = {"match", "pass"};
    struct list_reader *reader = into;
    unsigned which = 0;

    if (yaml_word(
            yaml, value, words, sizeof(words) / sizeof(words[0]), &which)) {
        reader->list->at_limit =
            which == 0 ? LIST_LIMIT_MATCH : LIST_LIMIT_PASS;
    }
}

/* What a format's lines are, where the object does not say. */
static enum entry_object object_of(enum list_format format)
{
    if (format == LIST_URLS) {
        return ENTRY_URL;
    }
    if (format == LIST_PATTERNS || format == LIST_EXPRESSIONS) {
        return ENTRY_PATTERN;
    }
    if (format == LIST_ADBLOCK) {
        return ENTRY_ADBLOCK;
    }
    if (format == LIST_COUNTRIES) {
        return ENTRY_COUNTRY;
    }
    if (format == LIST_AS_NUMBERS) {
        return ENTRY_AS;
    }
    return format == LIST_CIDR ? ENTRY_CIDR : ENTRY_DOMAIN;
}

static void settle_form(struct list_reader *reader)
{
    struct fact_list *list = reader->list;

    if (!reader->has_format && reader->has_object) {
        list->format = format_of(list->object);
    }
    if (!reader->has_object) {
        list->object = object_of(list->format);
    }
}

static bool form_fits(const struct list_reader *reader)
{
    enum entry_object object = reader->list->object;

    switch (reader->list->format) {
    case LIST_DOMAINS:
    case LIST_HOSTS:
    case LIST_DNSMASQ:
        return object == ENTRY_DOMAIN || object == ENTRY_HOST ||
               object == ENTRY_BELOW;
    case LIST_URLS:
        return object == ENTRY_URL;
    case LIST_PATTERNS:
    case LIST_EXPRESSIONS:
        return object == ENTRY_PATTERN;
    case LIST_ADBLOCK:
        return object == ENTRY_ADBLOCK;
    case LIST_CIDR:
        return object == ENTRY_CIDR;
    case LIST_COUNTRIES:
        return object == ENTRY_COUNTRY;
    case LIST_AS_NUMBERS:
        return object == ENTRY_AS;
    case LIST_SQUIDGUARD: /* these say it themselves */
    case LIST_RPZ:
        return !reader->has_object;
    case LIST_CSV:
        return true;
    }
    return false;
}

/* Formats whose entries only make sense together. */
static bool needs_file(enum list_format format)
{
    return format == LIST_SQUIDGUARD || format == LIST_RPZ ||
           format == LIST_CSV;
}

void list_read_end(
    struct yaml *yaml, const struct yaml_node *node, struct list_reader *reader)
{
    struct fact_list *list = reader->list;

    settle_form(reader);
    if (!list->is_unsupported && !form_fits(reader)) {
        yaml_error(yaml, node, "value",
            "names go with object domain, host or below; leave object out "
            "where the format says what an entry is",
            "format: %s does not fit the object", format_words[list->format]);
    }
    if (list->entries != NULL && needs_file(list->format)) {
        yaml_error(yaml, node, "value", "name a file instead of entries",
            "format: %s is for files", format_words[list->format]);
    }
    list_settle_table(yaml, node, reader);
    if (list->path.p != NULL && list->entries != NULL) {
        yaml_error(yaml, node, "key", "keep one of the two",
            "this list has both a file and entries");
    }
    if (list->path.p == NULL && list->entries == NULL && list->ref.p == NULL) {
        yaml_error(yaml, node, "key", "name a file, or write the entries here",
            "this list has no entries");
    }
}

bool list_read_files(const struct document *document, struct yaml *yaml,
    const struct yaml_node *value, enum entry_object object,
    const struct fact_list **out, size_t *n)
{
    uint32_t errors = yaml->errors;
    struct fact_list *lists;
    size_t used = 0;

    if (!yaml_is(yaml, value, YAML_LIST)) {
        return false;
    }
    lists = arena_array(yaml->arena, value->count + 1U, sizeof(*lists));
    if (lists == NULL) {
        return false;
    }
    for (const struct yaml_node *c = value->first; c != NULL; c = c->next) {
        lists[used].place = fact_place(yaml, c);
        lists[used].object = object;
        lists[used].format = format_of(object);
        used += fact_read_path(document, yaml, c, &lists[used]);
    }
    *out = lists;
    *n = used;
    return yaml->errors == errors;
}
