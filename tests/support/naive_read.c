/* Sources -> flat arrays of rules. Only documents that `copc check` accepts are
 * read here, so whatever looks wrong aborts. */
#include "tests/support/naive_read.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { ARENA_BYTES = 64 << 20, PATH_BYTES = 4096, FILE_BYTES = 64 << 10 };

static void need(bool holds, const char *what, struct cop_slice detail)
{
    if (!holds) {
        fprintf(stderr, "naive: %s: %.*s\n", what, (int)detail.n, detail.p);
        abort();
    }
}

static struct cop_slice read_file(struct naive *naive, const char *path)
{
    FILE *file = fopen(path, "rbe");
    char bytes[FILE_BYTES];
    size_t n;

    need(file != NULL, "cannot open", cop_slice_of(path));
    n = fread(bytes, 1, sizeof bytes, file);
    need(n < sizeof bytes && !ferror(file), "cannot read", cop_slice_of(path));
    fclose(file);
    return arena_copy(&naive->arena, (struct cop_slice){bytes, n});
}

/* ---- looking into a tree ---- */

struct cop_slice naive_text(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);

    return node != NULL && node->kind == YAML_TEXT ? node->text : COP_LIT("");
}

static bool is_word(struct cop_slice text, const char *word)
{
    return cop_slice_eq(text, cop_slice_of(word));
}

const struct cop_slice *naive_texts(struct naive *naive,
    const struct yaml_node *map, const char *key, size_t *n)
{
    const struct yaml_node *node = yaml_get(map, key);
    struct cop_slice *out;

    *n = 0;
    if (node == NULL) {
        return NULL;
    }
    if (node->kind == YAML_TEXT) {
        out = arena_alloc(&naive->arena, sizeof *out);
        out[(*n)++] = node->text;
        return out;
    }
    out = arena_array(&naive->arena, node->count + 1U, sizeof *out);
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        out[(*n)++] = c->text;
    }
    return out;
}

struct cop_catset naive_categories(
    struct naive *naive, const struct yaml_node *map, const char *key)
{
    size_t n;
    const struct cop_slice *ids = naive_texts(naive, map, key, &n);
    struct cop_catset set = {{0, 0}};

    for (size_t i = 0; i < n; i++) {
        unsigned found = 0;

        while (found < COP_CATEGORIES &&
               !is_word(ids[i], cop_category_id(found))) {
            found++;
        }
        need(found < COP_CATEGORIES, "no such category", ids[i]);
        cop_catset_add(&set, found);
    }
    return set;
}

int64_t naive_number(
    const struct yaml_node *map, const char *key, int64_t otherwise)
{
    struct cop_slice text = naive_text(map, key);

    return text.n != 0 ? strtoll(text.p, NULL, 10) : otherwise;
}

/* Days since 1970 of a date, counted the slow way. */
static int64_t day_number(int year, int month, int day)
{
    static const int lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = day - 1;

    for (int y = 1970; y < year; y++) {
        days += (y % 4 == 0 && y % 100 != 0) || y % 400 == 0 ? 366 : 365;
    }
    for (int m = 1; m < month; m++) {
        days += lengths[m - 1];
        days +=
            m == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);
    }
    return days;
}

/* "2026-05-04": when that day begins, or ends. A time of day behind it
 * ("T10:00:00Z") says the moment itself. */
int64_t naive_date(const struct yaml_node *map, const char *key, bool is_end,
    int64_t otherwise)
{
    struct cop_slice text = naive_text(map, key);
    int year;
    int month;
    int day;
    int hour = 0;
    int minute = 0;
    int n;

    if (text.n == 0) {
        return otherwise;
    }
    n = sscanf(text.p, "%d-%d-%dT%d:%d", &year, &month, &day, &hour, &minute);
    need(n == 3 || n == 5, "no date", text);
    if (n == 5) {
        need(text.p[text.n - 1] == 'Z', "not in UTC", text);
        is_end = false;
    }
    return (day_number(year, month, day) + (is_end ? 1 : 0)) * 86400 +
           hour * 3600 + minute * 60;
}

/* ---- lists ---- */

static void add_rule(struct naive *naive, struct naive_list *list,
    enum naive_kind kind, struct cop_slice text)
{
    struct naive_rule *rule;
    int error = 0;
    PCRE2_SIZE offset = 0;

    list->rules = realloc(list->rules, (list->n + 1) * sizeof list->rules[0]);
    need(list->rules != NULL, "no memory for", text);
    rule = &list->rules[list->n++];
    *rule = (struct naive_rule){
        .kind = kind, .text = arena_copy(&naive->arena, text)};
    if (kind == NAIVE_PATTERN) {
        rule->code = pcre2_compile((PCRE2_SPTR)text.p, text.n,
            PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error,
            &offset, NULL);
        need(rule->code != NULL, "no pattern", text);
    }
}

static void add_name(struct naive *naive, struct naive_list *list,
    enum naive_kind kind, struct cop_slice text)
{
    struct cop_host host;

    if (text.n > 2 && text.p[0] == '*') {
        kind = NAIVE_BELOW;
        text = (struct cop_slice){text.p + 2, text.n - 2};
    } else if (text.n > 1 && text.p[0] == '.') {
        kind = NAIVE_DOMAIN;
        text = (struct cop_slice){text.p + 1, text.n - 1};
    }
    need(cop_host_parse(text, &host) == COP_OK, "no host", text);
    add_rule(naive, list, host.kind == COP_HOST_NAME ? kind : NAIVE_HOST,
        cop_host_slice(&host));
}

static void add_url(
    struct naive *naive, struct naive_list *list, struct cop_slice text)
{
    struct cop_url *url = arena_alloc(&naive->arena, sizeof *url);
    const char *behind;

    need(cop_url_parse(text, url) == COP_OK, "no URL", text);
    behind = memmem(url->text.p, url->text.n, "://", 3);
    behind += 3;
    add_rule(naive, list, NAIVE_URL,
        (struct cop_slice){
            behind, url->text.n - (size_t)(behind - url->text.p)});
}

void naive_add_object(struct naive *naive, struct naive_list *list,
    enum naive_kind plain, struct cop_slice text)
{
    if (memchr(text.p, '/', text.n) != NULL) {
        add_url(naive, list, text);
    } else {
        add_name(naive, list, plain, text);
    }
}

/* An entry as the list's format has it. */
static void add_entry(struct naive *naive, struct naive_list *list,
    struct cop_slice format, enum naive_kind kind, struct cop_slice text)
{
    if (is_word(format, "patterns")) {
        add_rule(naive, list, NAIVE_PATTERN, text);
    } else if (is_word(format, "urls")) {
        add_url(naive, list, text);
    } else if (kind >= NAIVE_NETWORK) {
        add_rule(naive, list, kind, text); /* written in canonical form */
    } else if (is_word(format, "hosts")) {
        const char *space = memchr(text.p, ' ', text.n);

        need(space != NULL, "no hosts line", text);
        add_name(naive, list, kind,
            (struct cop_slice){
                space + 1, text.n - (size_t)(space + 1 - text.p)});
    } else {
        add_name(naive, list, kind, text);
    }
}

/* Where a file is named from, and how its lines are written. */
struct lines_of {
    struct cop_slice file;
    struct cop_slice format;
    enum naive_kind kind;
    const char *folder;
};

static void add_lines(
    struct naive *naive, struct naive_list *list, const struct lines_of *of)
{
    char path[PATH_BYTES];
    struct cop_slice rest;

    snprintf(
        path, sizeof path, "%s/%.*s", of->folder, (int)of->file.n, of->file.p);
    rest = read_file(naive, path);
    while (rest.n != 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
        size_t step = end != NULL ? n + 1 : n;

        if (n != 0 && rest.p[0] != '#') {
            add_entry(naive, list, of->format, of->kind,
                (struct cop_slice){rest.p, n});
        }
        rest = (struct cop_slice){rest.p + step, rest.n - step};
    }
}

static enum naive_kind kind_of(const struct yaml_node *map)
{
    struct cop_slice object = naive_text(map, "object");
    struct cop_slice format = naive_text(map, "format");

    if (is_word(object, "host")) {
        return NAIVE_HOST;
    }
    if (is_word(object, "cidr") || is_word(format, "cidr")) {
        return NAIVE_NETWORK;
    }
    if (is_word(object, "country") || is_word(format, "countries")) {
        return NAIVE_COUNTRY;
    }
    if (is_word(object, "as") || is_word(format, "as_numbers")) {
        return NAIVE_AS;
    }
    return is_word(object, "below") ? NAIVE_BELOW : NAIVE_DOMAIN;
}

struct naive_list *naive_list_new(
    struct naive *naive, enum naive_role role, uint32_t owner)
{
    struct naive_list *list = &naive->lists[naive->lists_n++];

    need(naive->lists_n < NAIVE_LISTS, "too many lists", COP_LIT(""));
    *list = (struct naive_list){.role = role, .owner = owner};
    return list;
}

static void fill_list(struct naive *naive, struct naive_list *list,
    const struct yaml_node *map, const char *folder)
{
    const struct yaml_node *entries = yaml_get(map, "entries");

    if (entries == NULL) {
        struct lines_of of = {naive_text(map, "file"),
            naive_text(map, "format"), kind_of(map), folder};

        add_lines(naive, list, &of);
        return;
    }
    for (const struct yaml_node *c = entries->first; c != NULL; c = c->next) {
        add_entry(
            naive, list, naive_text(map, "format"), kind_of(map), c->text);
    }
}

/* ---- documents ---- */

static void read_category_list(
    struct naive *naive, const struct yaml_node *root, const char *folder)
{
    struct naive_list *list = naive_list_new(naive, NAIVE_CATEGORY, 0);

    list->name = naive_text(root, "id");
    list->categories = naive_categories(naive, root, "categories");
    fill_list(naive, list, root, folder);
}

/* ---- requirements ---- */

/* A document with its amendments until some date: the newest that says
 * something of a path is right. */
struct edition {
    const struct yaml_node *says[16]; /* the document first */
    size_t n;
    const char *folder;
    size_t lists_of; /* the row that has the lists, once they are read */
    const struct yaml_node *lists;
    bool needs_url; /* an address alone blocks nothing */
};

static void read_target_lists(
    struct naive *naive, size_t requirement, const struct edition *e)
{
    struct naive_requirement *r = &naive->requirements[requirement];
    unsigned number = 0;

    for (const struct yaml_node *c = e->lists->first; c != NULL; c = c->next) {
        struct cop_slice says = naive_text(c, "semantics");
        bool is_only = is_word(says, "allow_only");
        struct naive_list *list = naive_list_new(naive,
            is_only                  ? NAIVE_ALLOW_ONLY
            : is_word(says, "allow") ? NAIVE_ALLOW
                                     : NAIVE_DENY,
            (uint32_t)requirement);

        number++;
        list->name = arena_print(&naive->arena, "%.*s#%u/%zu", (int)r->id.n,
            r->id.p, number, requirement);
        r->has_allow_only = r->has_allow_only || is_only;
        list->needs_url = e->needs_url && list->role == NAIVE_DENY;
        fill_list(naive, list, c, e->folder);
    }
}

static const struct yaml_node *at(
    const struct edition *e, const char *first, const char *second)
{
    for (size_t i = e->n; i-- > 0;) {
        const struct yaml_node *node = yaml_get(e->says[i], first);

        node = second != NULL ? yaml_get(node, second) : node;
        if (node != NULL) {
            return node;
        }
    }
    return NULL;
}

static struct cop_slice text_at(
    const struct edition *e, const char *first, const char *second)
{
    const struct yaml_node *node = at(e, first, second);

    return node != NULL && node->kind == YAML_TEXT ? node->text : COP_LIT("");
}

/* The newest mapping at a path that has the key. */
static const struct yaml_node *map_with(const struct edition *e,
    const char *first, const char *second, const char *key)
{
    for (size_t i = e->n; i-- > 0;) {
        const struct yaml_node *map = yaml_get(e->says[i], first);

        map = second != NULL ? yaml_get(map, second) : map;
        if (yaml_get(map, key) != NULL) {
            return map;
        }
        if (map != NULL && map->kind == YAML_NULL) {
            return NULL; /* taken away, whatever was there before */
        }
    }
    return NULL;
}

/* What granularity leaves, by the words of the documents' page. */
static int read_grain(const struct edition *e)
{
    struct cop_slice least = text_at(e, "granularity", "minimum_acceptable");

    if (least.n == 0 &&
        !is_word(text_at(e, "granularity", "on_unavailable"), "coarser")) {
        least = text_at(e, "granularity", "required");
    }
    if (is_word(least, "url")) {
        return COP_MATCH_URL;
    }
    if (is_word(least, "host")) {
        return COP_MATCH_HOST;
    }
    return is_word(least, "domain") ? COP_MATCH_DOMAIN : COP_MATCH_NONE;
}

static struct naive_requirement *add_requirement(
    struct naive *naive, struct edition *e, int64_t from_unix, int64_t end)
{
    size_t number = naive->requirements_n++;
    struct naive_requirement *r = &naive->requirements[number];
    const struct yaml_node *lists = at(e, "target", "list");
    int64_t until = naive_date(map_with(e, "time", NULL, "effective_to"),
        "effective_to", true, INT64_MAX);
    bool needs_url =
        is_word(text_at(e, "collateral_guard", "require_url_and_ip"), "true");

    need(naive->requirements_n < NAIVE_REQUIREMENTS, "too many", COP_LIT(""));
    *r = (struct naive_requirement){
        .id = text_at(e, "id", NULL),
        .authority = text_at(e, "legal", "authority"),
        .status = text_at(e, "status", NULL),
        .kind = text_at(e, "kind", NULL),
        .action = text_at(e, "action", NULL),
        .strength = text_at(e, "strength", NULL),
        .lock = text_at(e, "lock", NULL),
        .categories = naive_categories(
            naive, map_with(e, "target", NULL, "category"), "category"),
        .spares = naive_categories(naive,
            map_with(e, "collateral_guard", NULL, "protected_allow"),
            "protected_allow"),
        .grain = read_grain(e),
        .from_unix = from_unix,
        .until_unix = end < until ? end : until,
        .age_min = naive_number(map_with(e, "scope", "age", "min"), "min", 0),
        .age_max = naive_number(map_with(e, "scope", "age", "max"), "max", 120),
        .lists_of = number,
    };
    r->subscribers =
        naive_texts(naive, map_with(e, "scope", NULL, "subscriber"),
            "subscriber", &r->subscribers_n);
    r->hours_n = naive_hours(
        yaml_get(map_with(e, "scope", "schedule", "windows"), "windows"),
        r->hours);
    if (lists != NULL && lists == e->lists && needs_url == e->needs_url) {
        r->lists_of = e->lists_of;
        r->has_allow_only = naive->requirements[e->lists_of].has_allow_only;
    } else if (lists != NULL) {
        e->lists = lists;
        e->lists_of = number;
        e->needs_url = needs_url;
        read_target_lists(naive, number, e);
    }
    return r;
}

static const char *const classes[] = {
#define COP_SUBSCRIBER(symbol, word) word,
#include "cop/subscriber.tbl"
};

/* One requirement for each class that has a strength of its own, and one for
 * the rest, where the document has a strength for them. */
static void read_edition(
    struct naive *naive, struct edition *e, int64_t from_unix, int64_t end)
{
    struct cop_slice *rest = arena_array(
        &naive->arena, sizeof classes / sizeof classes[0], sizeof *rest);
    size_t rest_n = 0;
    bool has_by_class = false;
    struct naive_requirement *r;

    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        struct cop_slice own = text_at(e, "strength_by_class", classes[i]);
        struct cop_slice *who = arena_alloc(&naive->arena, sizeof *who);

        if (own.n == 0) {
            rest[rest_n++] = cop_slice_of(classes[i]);
            continue;
        }
        has_by_class = true;
        r = add_requirement(naive, e, from_unix, end);
        r->strength = own;
        *who = cop_slice_of(classes[i]);
        r->subscribers = who;
        r->subscribers_n = 1;
    }
    if (!has_by_class) {
        (void)add_requirement(naive, e, from_unix, end);
    } else if (text_at(e, "strength", NULL).n != 0) {
        r = add_requirement(naive, e, from_unix, end);
        if (r->subscribers_n == 0) {
            r->subscribers = rest;
            r->subscribers_n = rest_n;
        }
    }
}

/* Amendments are read in the order written, which is that of their dates in
 * every document that a test has. */
static void read_requirement(
    struct naive *naive, const struct yaml_node *root, const char *folder)
{
    const struct yaml_node *amendments = yaml_get(root, "amendments");
    struct edition e = {.says = {root}, .n = 1, .folder = folder};
    int64_t from =
        naive_date(yaml_get(root, "time"), "effective_from", false, INT64_MIN);

    for (const struct yaml_node *c = amendments != NULL ? amendments->first
                                                        : NULL;
         c != NULL; c = c->next) {
        if (yaml_get(c, "patch") == NULL) {
            continue;
        }
        int64_t next = naive_date(c, "from", false, INT64_MIN);

        read_edition(naive, &e, from, next);
        need(e.n < sizeof e.says / sizeof e.says[0], "too many", COP_LIT(""));
        e.says[e.n++] = yaml_get(c, "patch");
        from = next;
    }
    read_edition(naive, &e, from, INT64_MAX);
}

static void read_template(struct naive *naive, const struct yaml_node *root)
{
    struct naive_template *t = &naive->templates[naive->templates_n++];

    need(naive->templates_n < NAIVE_TEMPLATES, "too many", COP_LIT(""));
    *t = (struct naive_template){
        .id = naive_text(root, "id"),
        .block = naive_categories(naive, root, "block"),
        .allow = naive_categories(naive, root, "allow"),
        .is_allow_only = is_word(naive_text(root, "allow_only"), "true"),
    };
}

static void read_appeal(struct naive *naive, const struct yaml_node *root)
{
    struct naive_appeal *a = &naive->appeals[naive->appeals_n++];
    struct naive_list *list =
        naive_list_new(naive, NAIVE_APPEAL, (uint32_t)naive->appeals_n - 1);
    struct cop_slice object = naive_text(root, "object");

    need(naive->appeals_n < NAIVE_APPEALS, "too many", COP_LIT(""));
    *a = (struct naive_appeal){
        .authority = naive_text(root, "authority"),
        .of = naive_text(root, "of"),
        .from_unix = naive_date(root, "decided", false, INT64_MIN),
        .until_unix = naive_date(root, "until", true, INT64_MAX),
    };
    list->name = naive_text(root, "id");
    naive_add_object(naive, list, NAIVE_HOST, object);
}

static void read_manifest(
    struct naive *naive, const struct yaml_node *root, const char *folder)
{
    const struct yaml_node *never = yaml_get(root, "never_inspect");
    const struct yaml_node *hosts = yaml_get(never, "hosts");

    naive->never_inspect = naive_categories(naive, never, "categories");
    for (const struct yaml_node *c = hosts != NULL ? hosts->first : NULL;
         c != NULL; c = c->next) {
        struct naive_list *list = naive_list_new(naive, NAIVE_NEVER_INSPECT, 0);
        struct lines_of of = {
            c->text, COP_LIT("domains"), NAIVE_DOMAIN, folder};

        add_lines(naive, list, &of);
    }
}

static void read_document(
    struct naive *naive, const char *path, const char *folder)
{
    struct cop_report report = {0};
    struct yaml yaml;
    struct cop_slice id;

    yaml_init(&yaml, path, &naive->arena, &report);
    need(yaml_parse(&yaml, read_file(naive, path)) == COP_OK, "no YAML",
        cop_slice_of(path));
    id = naive_text(yaml.root, "id");
    if (strncmp(id.p, "cop:bundle:", 11) == 0) {
        read_manifest(naive, yaml.root, folder);
    } else if (strncmp(id.p, "cop:list:", 9) == 0) {
        read_category_list(naive, yaml.root, folder);
    } else if (strncmp(id.p, "cop:req:", 8) == 0) {
        read_requirement(naive, yaml.root, folder);
    } else if (strncmp(id.p, "cop:template:", 13) == 0) {
        read_template(naive, yaml.root);
    } else if (strncmp(id.p, "cop:appeal:", 11) == 0) {
        read_appeal(naive, yaml.root);
    }
}

/* The packs' folders are two deep; this stops at four. */
static void read_folder(struct naive *naive, const char *folder, int depth)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[PATH_BYTES];

    need(dir != NULL && depth < 4, "cannot open", cop_slice_of(folder));
    while ((entry = readdir(dir)) != NULL) {
        size_t n = strlen(entry->d_name);

        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            read_folder(naive, path, depth + 1);
        } else if (n > 5 && strcmp(entry->d_name + n - 5, ".yaml") == 0) {
            read_document(naive, path, folder);
        }
    }
    closedir(dir);
}

void naive_init(struct naive *naive, const char *folder)
{
    memset(naive, 0, sizeof *naive);
    arena_init(&naive->arena, ARENA_BYTES);
    read_folder(naive, folder, 0);
}

uint32_t naive_add(struct naive *naive, const struct naive_profile *profile)
{
    need(naive->profiles_n < NAIVE_PROFILES, "too many", profile->name);
    naive->profiles[naive->profiles_n] = *profile;
    return (uint32_t)naive->profiles_n++;
}

void naive_fini(struct naive *naive)
{
    for (size_t i = 0; i < naive->lists_n; i++) {
        for (size_t k = 0; k < naive->lists[i].n; k++) {
            pcre2_code_free(naive->lists[i].rules[k].code);
        }
        free(naive->lists[i].rules);
    }
    arena_fini(&naive->arena);
}
