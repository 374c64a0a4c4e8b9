/* A whole file (MaxMind DB 2.0):
 *
 *   tree       node_count nodes of two records each
 *   16 zeros
 *   data       values; records above node_count lead here
 *   marker     0xABCDEF "MaxMind.com", the last of the final 128 KiB counts
 *   metadata   a map
 */
#include <string.h>

#include "rules/locate/mmdb.h"

enum {
    TAIL_MAX = 128 * 1024, /* where the marker is looked for */
    SEPARATOR = 16,
    FORMAT_MAJOR = 2
};

static const char marker[] = "\xab\xcd\xefMaxMind.com";
enum { MARKER = sizeof(marker) - 1 };

static const int64_t last_second = 253402300799; /* of the year 9999 */

/* What the metadata says that matters here. */
struct metadata {
    uint64_t node_count, record_size, ip_version, major, built;
    struct cop_slice type;
};

static const char *find_metadata(struct cop_slice file, size_t *marker_at)
{
    size_t low = file.n > TAIL_MAX ? file.n - TAIL_MAX : 0;

    for (size_t at = file.n < MARKER ? 0 : file.n - MARKER + 1; at-- > low;) {
        if (memcmp(file.p + at, marker, MARKER) == 0) {
            *marker_at = at;
            return NULL;
        }
    }
    return "it is no database in MaxMind's format, or its end is missing";
}

/* A value, or the one that a pointer leads to. The walk has been here. */
static struct mmdb_value at_end_of(
    struct cop_slice section, uint32_t at, uint32_t *next)
{
    struct mmdb_value value = {.type = MMDB_BOOLEAN};

    (void)mmdb_value(section, at, &value);
    *next = value.next;
    if (value.type == MMDB_POINTER) {
        (void)mmdb_value(section, value.size, &value);
    }
    return value;
}

/* Behind a value and all that is in it. */
static uint32_t behind(struct cop_slice section, uint32_t at)
{
    uint32_t left = 1;

    while (left > 0) {
        struct mmdb_value value = {.type = MMDB_BOOLEAN, .next = at};

        (void)mmdb_value(section, at, &value);
        at = value.next;
        left--;
        if (value.type == MMDB_MAP) {
            left += 2 * value.size;
        } else if (value.type == MMDB_ARRAY) {
            left += value.size;
        }
    }
    return at;
}

static uint64_t number_of(
    struct cop_slice section, const struct mmdb_value *value)
{
    uint64_t number = 0;

    for (uint32_t i = 0; i < value->size; i++) {
        number = number << 8 | (unsigned char)section.p[value->at + i];
    }
    return number;
}

/* Whether all n values from `at` on are texts. */
static bool are_texts(struct cop_slice section, uint32_t at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (at_end_of(section, at, &at).type != MMDB_STRING) {
            return false;
        }
    }
    return true;
}

/* What must be there, and of which type: libmaxminddb is as strict, and some
 * releases of it lose memory over what they refuse. */
enum member {
    MEMBER_NODES,
    MEMBER_RECORD,
    MEMBER_VERSION,
    MEMBER_MAJOR,
    MEMBER_MINOR,
    MEMBER_BUILT,
    MEMBER_TYPE,
    MEMBER_LANGUAGES,
    MEMBER_DESCRIPTION,
    MEMBERS
};

static const struct {
    const char *name;
    enum mmdb_type type;
} members[MEMBERS] = {
    [MEMBER_NODES] = {"node_count", MMDB_UINT32},
    [MEMBER_RECORD] = {"record_size", MMDB_UINT16},
    [MEMBER_VERSION] = {"ip_version", MMDB_UINT16},
    [MEMBER_MAJOR] = {"binary_format_major_version", MMDB_UINT16},
    [MEMBER_MINOR] = {"binary_format_minor_version", MMDB_UINT16},
    [MEMBER_BUILT] = {"build_epoch", MMDB_UINT64},
    [MEMBER_TYPE] = {"database_type", MMDB_STRING},
    [MEMBER_LANGUAGES] = {"languages", MMDB_ARRAY},
    [MEMBER_DESCRIPTION] = {"description", MMDB_MAP},
};

/* Which member a key names; MEMBERS for one that does not matter here. */
static enum member member_of(struct cop_slice key)
{
    unsigned i = 0;

    while (i < MEMBERS && !cop_slice_eq(key, cop_slice_of(members[i].name))) {
        i++;
    }
    return (enum member)i;
}

static bool member_holds(struct cop_slice section, enum member member,
    const struct mmdb_value *value)
{
    if (value->type != members[member].type) {
        return false;
    }
    if (member == MEMBER_LANGUAGES) {
        return are_texts(section, value->next, value->size);
    }
    return member != MEMBER_DESCRIPTION ||
           are_texts(section, value->next, 2 * value->size);
}

static void metadata_keep(struct cop_slice section,
    const struct mmdb_value values[MEMBERS], struct metadata *out)
{
    const struct mmdb_value *type = &values[MEMBER_TYPE];

    *out = (struct metadata){
        .node_count = number_of(section, &values[MEMBER_NODES]),
        .record_size = number_of(section, &values[MEMBER_RECORD]),
        .ip_version = number_of(section, &values[MEMBER_VERSION]),
        .major = number_of(section, &values[MEMBER_MAJOR]),
        .built = number_of(section, &values[MEMBER_BUILT]),
        .type = {section.p + type->at, type->size},
    };
}

static const char *metadata_read(struct cop_slice section, struct metadata *out)
{
    struct mmdb_value map = {.type = MMDB_BOOLEAN};
    struct mmdb_value values[MEMBERS];
    const char *flaw = mmdb_value(section, 0, &map);
    unsigned seen = 0;
    uint32_t at;

    if (flaw != NULL || map.type != MMDB_MAP) {
        return flaw != NULL ? flaw : "its metadata is no map";
    }
    at = map.next;
    for (uint32_t i = 0; i < map.size; i++) {
        uint32_t value_at;
        uint32_t unused;
        struct mmdb_value key = at_end_of(section, at, &value_at);
        struct mmdb_value value = at_end_of(section, value_at, &unused);
        enum member member =
            member_of((struct cop_slice){section.p + key.at, key.size});

        at = behind(section, value_at);
        if (member == MEMBERS) {
            continue;
        }
        if ((seen >> member & 1) != 0 ||
            !member_holds(section, member, &value)) {
            return "its metadata has something twice or of the wrong type";
        }
        seen |= 1u << member;
        values[member] = value;
    }
    if (seen != (1u << MEMBERS) - 1) {
        return "its metadata lacks something";
    }
    metadata_keep(section, values, out);
    return NULL;
}

static const char *metadata_check(
    struct cop_slice section, struct metadata *out)
{
    struct mmdb_walk walk;
    const char *flaw;

    if (!mmdb_walk_init(&walk, section)) {
        return mmdb_no_memory;
    }
    flaw = mmdb_walk(&walk, 0);
    mmdb_walk_fini(&walk);
    return flaw != NULL ? flaw : metadata_read(section, out);
}

static const char *metadata_holds(const struct metadata *metadata)
{
    if (metadata->record_size != 24 && metadata->record_size != 28 &&
        metadata->record_size != 32) {
        return "its tree has records of a size that the format has not";
    }
    if (metadata->ip_version != 4 && metadata->ip_version != 6) {
        return "it is neither for IPv4 nor for IPv6";
    }
    if (metadata->node_count == 0 || metadata->node_count > UINT32_MAX / 2) {
        return "its tree has no nodes, or too many";
    }
    if (metadata->built == 0 || metadata->built > (uint64_t)last_second) {
        return "it does not say when it was built";
    }
    if (metadata->type.n == 0) {
        return "it does not say what it is";
    }
    return NULL;
}

/* The two records of a node (MaxMind DB 2.0, "Node Layout"). */
static void node_read(
    const unsigned char *p, uint64_t record_size, uint32_t out[2])
{
    if (record_size == 32) {
        out[0] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                 (uint32_t)p[2] << 8 | p[3];
        out[1] = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 |
                 (uint32_t)p[6] << 8 | p[7];
        return;
    }
    out[0] = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    if (record_size == 24) {
        out[1] = (uint32_t)p[3] << 16 | (uint32_t)p[4] << 8 | p[5];
        return;
    }
    out[0] |= (uint32_t)(p[3] & 0xf0) << 20;
    out[1] = (uint32_t)(p[3] & 0x0f) << 24 | (uint32_t)p[4] << 16 |
             (uint32_t)p[5] << 8 | p[6];
}

static const char *record_check(
    struct mmdb_walk *walk, uint32_t record, uint32_t node_count)
{
    if (record <= node_count) {
        return NULL; /* another node, or nothing */
    }
    if (record - node_count < SEPARATOR) {
        return "a record of its tree leads before the data";
    }
    return mmdb_walk(walk, record - node_count - SEPARATOR);
}

static const char *tree_check(
    struct cop_slice file, size_t data_end, const struct metadata *metadata)
{
    static const char zeros[SEPARATOR];
    size_t node_bytes = metadata->record_size / 4;
    uint64_t tree_bytes = metadata->node_count * node_bytes;
    const char *flaw = NULL;
    struct mmdb_walk walk;
    size_t data;

    if (tree_bytes + SEPARATOR > data_end) {
        return "its tree is larger than the file";
    }
    data = (size_t)tree_bytes + SEPARATOR;
    if (memcmp(file.p + tree_bytes, zeros, SEPARATOR) != 0) {
        return "its tree does not end where it says";
    }
    if (!mmdb_walk_init(
            &walk, (struct cop_slice){file.p + data, data_end - data})) {
        return mmdb_no_memory;
    }
    for (uint32_t i = 0; i < metadata->node_count && flaw == NULL; i++) {
        uint32_t records[2];

        node_read((const unsigned char *)file.p + i * node_bytes,
            metadata->record_size, records);
        for (int side = 0; side < 2 && flaw == NULL; side++) {
            flaw = record_check(
                &walk, records[side], (uint32_t)metadata->node_count);
        }
    }
    mmdb_walk_fini(&walk);
    return flaw;
}

static void facts_fill(
    const struct metadata *metadata, struct cop_database_facts *out)
{
    size_t n = metadata->type.n < COP_DATABASE_TYPE_MAX ? metadata->type.n
                                                        : COP_DATABASE_TYPE_MAX;

    *out = (struct cop_database_facts){
        .built_unix = (int64_t)metadata->built,
        .nodes = (uint32_t)metadata->node_count,
        .ip_version = (uint8_t)metadata->ip_version,
    };
    /* It is somebody else's text, and goes into messages. */
    for (size_t i = 0; i < n; i++) {
        char c = metadata->type.p[i];

        out->type[i] = c > ' ' && c < 0x7f && c != '"' && c != '\\' ? c : '_';
    }
}

enum cop_status mmdb_check(
    struct cop_slice file, struct cop_database_facts *out, const char **why)
{
    struct metadata metadata = {.major = 0};
    size_t end = 0;

    *why = find_metadata(file, &end);
    if (*why == NULL) {
        size_t from = end + MARKER;

        *why = metadata_check(
            (struct cop_slice){file.p + from, file.n - from}, &metadata);
    }
    if (*why == NULL && metadata.major != FORMAT_MAJOR) {
        *why = "it is of another version of the format than 2";
        return COP_E_UNSUPPORTED;
    }
    if (*why == NULL) {
        *why = metadata_holds(&metadata);
    }
    if (*why == NULL) {
        *why = tree_check(file, end, &metadata);
    }
    if (*why != NULL) {
        return *why == mmdb_no_memory ? COP_E_NOMEM : COP_E_SYNTAX;
    }
    facts_fill(&metadata, out);
    return COP_OK;
}
