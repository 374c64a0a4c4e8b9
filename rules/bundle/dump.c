/* dump.tbl made into fields: one function reads a record by the table's rows,
 * and each kind of value has one way of being shown. The bundle was audited
 * when it was opened, and section_at() checks again, so nothing here fails. */
#include "cop/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/base/hex.h"
#include "rules/base/subscriber.h"
#include "rules/bundle/dense.h"
#include "rules/bundle/tables.h"
#include "rules/bundle/urlrules_format.h"
#include "rules/bundle/view.h"
#include "rules/bundle/words.h"

enum { SCRATCH_BYTES = 16384 }; /* three whole sets of categories and more */

enum field_kind {
    FIELD_NUMBER,
    FIELD_HASH,
    FIELD_DIGEST,
    FIELD_TIME,
    FIELD_STRING,
    FIELD_RULE_TEXT,
    FIELD_URLRULE_TEXT,
    FIELD_RUN,
    FIELD_CATEGORY,
    FIELD_CATEGORIES,
    FIELD_SUBSCRIBERS,
    FIELD_ROLE,
    FIELD_OBJECT,
    FIELD_STRENGTH,
    FIELD_LOCK,
    FIELD_LOGGING,
    FIELD_IDENTITY,
    FIELD_ACTION,
    FIELD_CHANGE,
    FIELD_REQUIREMENT_FLAGS,
    FIELD_TEXT_KIND,
    FIELD_OF_LIST,
    FIELD_OF_FILE,
    FIELD_OF_PROFILE,
    FIELD_OF_REQUIREMENT,
    FIELD_DOMAINS
};

struct field_row {
    enum section_id section;
    enum field_kind kind;
    const char *name;
    size_t offset;
    size_t bytes;
};

static const struct field_row rows[] = {
#define FIELD(section, record, member, kind)                                   \
    {SECTION_##section, FIELD_##kind, #member,                                 \
        offsetof(struct format_##record, member),                              \
        sizeof(((struct format_##record *)NULL)->member)},
#define WHOLE(section, type, name, kind)                                       \
    {SECTION_##section, FIELD_##kind, name, 0, sizeof(type)},
#include "rules/bundle/dump.tbl"
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

#define WORDS(...)                                                             \
    &(const struct words)                                                      \
    {                                                                          \
        (const char *const[]){__VA_ARGS__},                                    \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)  \
    }

/* Those that have tables of their own and are not in words.h. */
static const char *const action_words[] = {
#define COP_ACTION(symbol, word) word,
#include "cop/action.tbl"
};
static const char *const change_words[] = {
#define COP_CHANGE_ROW(symbol, word) word,
#include "cop/change.tbl"
};
#define TABLE(texts)                                                           \
    &(const struct words)                                                      \
    {                                                                          \
        texts, sizeof(texts) / sizeof(texts[0])                                \
    }

static const struct words *const words_of[] = {
    [FIELD_ROLE] = WORDS("category", "deny", "allow", "allow-only",
        "profile-allow", "profile-deny", "grant", "appeal", "never-inspect"),
    [FIELD_OBJECT] = &words_object,
    [FIELD_STRENGTH] = &words_strength,
    [FIELD_LOCK] = &words_lock,
    [FIELD_LOGGING] = &words_logging,
    [FIELD_IDENTITY] = &words_identity,
    [FIELD_TEXT_KIND] =
        WORDS("title", "notice", "appeal", "helpline", "redirect"),
    [FIELD_ACTION] = TABLE(action_words),
    [FIELD_CHANGE] = TABLE(change_words),
    [FIELD_REQUIREMENT_FLAGS] = WORDS("in-force", "allow", "inert", "offer"),
};

struct dump {
    const struct cop_bundle *bundle;
    char scratch[SCRATCH_BYTES]; /* of one record's composed texts */
    size_t used;
};

static uint64_t number_read(const unsigned char *p, size_t bytes)
{
    uint64_t number = 0;

    if (bytes <= sizeof(number)) {
        memcpy(&number, p, bytes); /* little-endian, as the machine is */
    }
    return number;
}

static struct format_span span_read(const unsigned char *p)
{
    struct format_span span;

    memcpy(&span, p, sizeof(span));
    return span;
}

/* Append to the text that is being composed; what has no room is left out. */
static void compose(struct dump *dump, struct cop_slice text)
{
    if (text.n <= SCRATCH_BYTES - dump->used) {
        memcpy(dump->scratch + dump->used, text.p, text.n);
        dump->used += text.n;
    }
}

static void compose_item(struct dump *dump, size_t start, const char *word)
{
    if (dump->used > start) {
        compose(dump, COP_LIT(", "));
    }
    compose(dump, cop_slice_of(word));
}

static const char *category_of(uint16_t code)
{
    enum cop_category category;

    return cop_category_from_code(code, &category) == COP_OK
               ? cop_category_id(category)
               : "unknown";
}

static void compose_categories(struct dump *dump, struct format_span span)
{
    size_t start = dump->used;

    if (!section_holds(dump->bundle, SECTION_CODES, span)) {
        return;
    }
    for (uint32_t i = 0; i < span.n; i++) {
        const uint16_t *code =
            section_at(dump->bundle, SECTION_CODES, span.at + i);

        compose_item(dump, start, category_of(*code));
    }
}

static void compose_bits(struct dump *dump, uint64_t bits, enum field_kind kind)
{
    size_t start = dump->used;

    for (unsigned i = 0; i < 32; i++) {
        if ((bits >> i & 1) == 0) {
            continue;
        }
        if (kind == FIELD_SUBSCRIBERS && i < SUBSCRIBERS) {
            compose_item(dump, start, subscriber_word((enum subscriber)i));
        } else if (kind != FIELD_SUBSCRIBERS && i < words_of[kind]->n) {
            compose_item(dump, start, words_of[kind]->p[i]);
        }
    }
}

/* The domains of a dense line: the bits of each one's hash that the line has
 * and its set of lists. Names are not in the file. */
static void compose_domains(
    struct dump *dump, const struct format_dense_line *line)
{
    size_t start = dump->used;

    for (unsigned i = 0; i < FORMAT_DENSE_SLOTS; i++) {
        uint32_t code = line->rest[i] & 15;
        uint64_t hash = (uint64_t)line->tag[i] << 30 |
                        (uint64_t)(line->rest[i] >> 4) << 2 |
                        dense_more(line, i);
        char text[64];

        if (code == 0) {
            continue;
        }
        if (code == DENSE_SIDE_CODE) {
            snprintf(
                text, sizeof(text), "%012" PRIx64 " in the side table", hash);
        } else {
            snprintf(text, sizeof(text), "%012" PRIx64 " in set %" PRIu32, hash,
                code - 1);
        }
        compose_item(dump, start, text);
    }
}

static void compose_run(struct dump *dump, struct format_span span)
{
    char text[64];

    if (span.n == 0) {
        compose(dump, COP_LIT("none"));
        return;
    }
    snprintf(text, sizeof(text), "%" PRIu32 " from %" PRIu32, span.n, span.at);
    compose(dump, cop_slice_of(text));
}

/* A digest in hexadecimal; of zeros, nothing. */
static void compose_digest(struct dump *dump, const unsigned char *p)
{
    static const unsigned char none[FORMAT_DIGEST_BYTES];
    char text[2 * FORMAT_DIGEST_BYTES + 1];

    if (memcmp(p, none, sizeof(none)) == 0) {
        return;
    }
    hex_write(p, FORMAT_DIGEST_BYTES, text);
    compose(dump, cop_slice_of(text));
}

/* The name of a record that is led to. */
static struct cop_slice name_of(
    const struct dump *dump, enum field_kind kind, uint32_t index)
{
    struct format_span span = {0, 0};

    if (index == FORMAT_NONE) {
        return COP_LIT("none");
    }
    if (kind == FIELD_OF_LIST) {
        span = bundle_list(dump->bundle, index)->name;
    } else if (kind == FIELD_OF_PROFILE) {
        span = bundle_profile(dump->bundle, index)->name;
    } else if (kind == FIELD_OF_REQUIREMENT) {
        span = bundle_requirement(dump->bundle, index)->id;
    } else {
        span = span_read(section_at(dump->bundle, SECTION_FILES, index));
    }
    return bundle_string(dump->bundle, span);
}

static struct cop_slice urlrule_text(
    const struct dump *dump, const unsigned char *record)
{
    const struct format_urlrule *row = (const void *)record;

    return section_text(dump->bundle, SECTION_RULE_TEXTS,
        (struct format_span){row->text_at, row->text_n});
}

static struct cop_slice word_of(enum field_kind kind, uint64_t number)
{
    return number < words_of[kind]->n ? cop_slice_of(words_of[kind]->p[number])
                                      : COP_LIT("unknown");
}

/* A field that is composed of several words. */
static struct cop_slice text_composed(
    struct dump *dump, const struct field_row *row, const unsigned char *record)
{
    const unsigned char *p = record + row->offset;
    size_t start = dump->used;

    if (row->kind == FIELD_CATEGORIES) {
        compose_categories(dump, span_read(p));
    } else if (row->kind == FIELD_RUN) {
        compose_run(dump, span_read(p));
    } else if (row->kind == FIELD_DIGEST) {
        compose_digest(dump, p);
    } else if (row->kind == FIELD_DOMAINS) {
        compose_domains(dump, (const void *)record);
    } else {
        compose_bits(dump, number_read(p, row->bytes), row->kind);
    }
    return (struct cop_slice){dump->scratch + start, dump->used - start};
}

static struct cop_slice text_make(
    struct dump *dump, const struct field_row *row, const unsigned char *record)
{
    const unsigned char *p = record + row->offset;
    uint64_t number = number_read(p, row->bytes);

    switch (row->kind) {
    case FIELD_NUMBER:
    case FIELD_HASH:
    case FIELD_TIME:
        break;
    case FIELD_STRING:
        return bundle_string(dump->bundle, span_read(p));
    case FIELD_RULE_TEXT:
        return section_text(dump->bundle, SECTION_RULE_TEXTS, span_read(p));
    case FIELD_URLRULE_TEXT:
        return urlrule_text(dump, record);
    case FIELD_CATEGORY:
        return cop_slice_of(category_of((uint16_t)number));
    case FIELD_ROLE:
    case FIELD_OBJECT:
    case FIELD_STRENGTH:
    case FIELD_LOCK:
    case FIELD_LOGGING:
    case FIELD_IDENTITY:
    case FIELD_ACTION:
    case FIELD_CHANGE:
    case FIELD_TEXT_KIND:
        return word_of(row->kind, number);
    case FIELD_OF_LIST:
    case FIELD_OF_FILE:
    case FIELD_OF_PROFILE:
    case FIELD_OF_REQUIREMENT:
        return name_of(dump, row->kind, (uint32_t)number);
    case FIELD_RUN:
    case FIELD_DIGEST:
    case FIELD_CATEGORIES:
    case FIELD_SUBSCRIBERS:
    case FIELD_REQUIREMENT_FLAGS:
    case FIELD_DOMAINS:
        return text_composed(dump, row, record);
    }
    return (struct cop_slice){NULL, 0};
}

static enum cop_dump_kind kind_shown(enum field_kind kind)
{
    if (kind == FIELD_NUMBER) {
        return COP_DUMP_NUMBER;
    }
    if (kind == FIELD_HASH) {
        return COP_DUMP_HASH;
    }
    return kind == FIELD_TIME ? COP_DUMP_TIME : COP_DUMP_TEXT;
}

/* A record that the table does not know, as the bytes that it is. */
static struct cop_dump_field bytes_shown(
    struct dump *dump, const unsigned char *record, uint32_t bytes)
{
    size_t start = dump->used;

    for (uint32_t i = 0; i < bytes; i++) {
        char text[3];

        snprintf(text, sizeof(text), "%02x", record[i]);
        compose(dump, (struct cop_slice){text, 2});
    }
    return (struct cop_dump_field){
        .name = "bytes",
        .kind = COP_DUMP_TEXT,
        .text = {dump->scratch + start, dump->used - start},
    };
}

static size_t fields_make(struct dump *dump, enum section_id id, uint32_t index,
    struct cop_dump_field fields[COP_DUMP_FIELDS_MAX])
{
    const unsigned char *record = section_at(dump->bundle, id, index);
    size_t n = 0;

    dump->used = 0;
    for (size_t i = 0; i < ROWS && n < COP_DUMP_FIELDS_MAX; i++) {
        const struct field_row *row = &rows[i];

        if (row->section != id) {
            continue;
        }
        fields[n].name = row->name;
        fields[n].kind = kind_shown(row->kind);
        fields[n].number =
            (int64_t)number_read(record + row->offset, row->bytes);
        fields[n++].text = text_make(dump, row, record);
    }
    if (n == 0) {
        fields[n++] = bytes_shown(dump, record, section_record_bytes(id));
    }
    return n;
}

uint32_t cop_dump_sections(void)
{
    return SECTION_COUNT;
}

void cop_dump_section(const struct cop_bundle *bundle, uint32_t section,
    struct cop_dump_section *out)
{
    enum section_id id = (enum section_id)(section + 1);

    *out = (struct cop_dump_section){.name = section_name(id)};
    if (section >= SECTION_COUNT) {
        return;
    }
    out->record_bytes = section_record_bytes(id);
    out->count = section_count(bundle, id);
    out->bytes = (uint64_t)out->count * out->record_bytes;
    out->offset = (uint64_t)(bundle->sections[id].p - bundle->bytes);
}

bool cop_dump_records(const struct cop_bundle *bundle, uint32_t section,
    cop_dump_fn *fn, void *context)
{
    enum section_id id = (enum section_id)(section + 1);
    struct cop_dump_field fields[COP_DUMP_FIELDS_MAX];
    struct dump dump = {.bundle = bundle};

    if (section >= SECTION_COUNT || section_record_bytes(id) == 1) {
        return true; /* bare text is shown where it is used */
    }
    for (uint32_t i = 0; i < section_count(bundle, id); i++) {
        size_t n = fields_make(&dump, id, i, fields);

        if (!fn(context, section_name(id), i, fields, n)) {
            return false;
        }
    }
    return true;
}
