/* What a bundle says, as plain arrays: filled by compile/, laid out as a file
 * by bundle/write.c. Everything is borrowed from the compiler's arena. Indices
 * are positions in these arrays; NONE is UINT32_MAX. write.c sorts what the
 * format wants sorted and keeps indices right. */
#ifndef RULES_BUNDLE_TABLES_H
#define RULES_BUNDLE_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/bundle.h"
#include "cop/category.h"
#include "cop/compile.h"
#include "cop/evidence.h"
#include "cop/slice.h"

/* What a list's entries mean. */
enum list_role {
    LIST_CATEGORY,      /* entries carry `categories` */
    LIST_DENY,          /* of requirement `owner`: its action */
    LIST_ALLOW,         /* of requirement `owner`: allow at its level */
    LIST_ALLOW_ONLY,    /* of requirement `owner`: all else is denied */
    LIST_PROFILE_ALLOW, /* of profile `owner`: local allow */
    LIST_PROFILE_DENY,  /* of profile `owner`: local deny */
    LIST_GRANT,         /* of grant `owner` */
    LIST_APPEAL,        /* of appeal `owner` */
    LIST_NEVER_INSPECT  /* the policy's own never-inspect entries */
};

struct tables_list {
    struct cop_slice name; /* unique in the bundle; order key */
    struct cop_slice licence;
    enum list_role role;
    uint32_t owner; /* index by role; NONE for a category list */
    struct cop_catset categories;
    bool limit_matches; /* a pattern that hits a limit counts as matched */
    bool needs_url;     /* a server's address alone matches nothing in it */
};

enum entry_object {
#define ENTRY_ROW(symbol, word) symbol,
#include "rules/bundle/entry.tbl"
};

/* The word of each in output, static; "unknown" for a value that is none. */
const char *entry_object_word(enum entry_object object);

struct tables_entry {
    struct cop_slice text; /* canonical */
    uint32_t list;
    uint32_t file; /* index into files */
    uint32_t line;
    enum entry_object object;
};

struct tables_text {
    uint32_t requirement; /* or the category's code when of_category */
    bool of_category;
    enum cop_text text; /* COP_TEXT_TITLE for a category's label */
    struct cop_slice language;
    struct cop_slice words;
};

struct tables_window {
    uint16_t from; /* minute of the week, Monday 00:00 = 0 */
    uint16_t to;   /* exclusive; below `from` when it wraps past Sunday */
};

struct tables_requirement {
    struct cop_requirement r; /* slices borrowed from the arena; `part` is from
                                 0 and without gaps for rows of one id */
    uint32_t subscribers;     /* bits of subscriber.tbl; 0: any */
    bool is_allow;            /* action allow (or protected), else block */
    bool is_inert;            /* a process or offer: lowers to no rule */
    bool is_offer;            /* active only where a profile accepts it */
    /* What the bundle says about it for oversight; `subscribers` and the flags
     * there are ignored in favour of those here. A shadowing requirement is an
     * index of these rows plus one, 0: none, so that zeros say nothing. */
    struct cop_evidence evidence;
    uint32_t shadowed_by_plus_one;
    uint32_t lists_of_plus_one; /* the row, of the same id, whose lists are this
                                   one's too; 0: its own */
    struct cop_catset spares;   /* it blocks nothing that is in one of these */
    const struct tables_window *hours; /* in which it speaks; n 0: always */
    size_t hours_n;
    enum cop_grain grain; /* it blocks by nothing coarser */
};

struct tables_template {
    struct cop_slice name; /* "cop:template:household-child" */
    struct cop_slice title;
    struct cop_catset block;
    bool is_allow_only;
    struct cop_catset allow_only; /* what such a template lets through */
};

struct tables_profile {
    struct cop_slice name;
    struct cop_slice template_name; /* empty for none */
    uint8_t age;
    uint32_t subscribers;     /* one bit of subscriber.tbl, 0 unknown */
    struct cop_catset block;  /* local deny */
    struct cop_catset permit; /* local allow */
    bool is_allow_only;
    const struct cop_slice *accepts; /* ids of offers accepted */
    size_t accepts_n;
    const struct tables_window *closed; /* hours without internet */
    size_t closed_n;
};

struct tables_grant {
    uint32_t profile; /* NONE: all */
    int64_t until_unix;
    struct cop_slice by;
    struct cop_slice reason;
};

struct tables_appeal {
    struct cop_slice id;
    struct cop_slice authority; /* equal to a requirement's: beats its lock */
    struct cop_slice of;        /* requirement id, or empty for any */
    int64_t from_unix;
    int64_t until_unix;
};

struct cop_tables {
    struct cop_slice name, title, issuer, licence, revision;
    struct cop_slice timezone; /* of a policy file, IANA name; empty */
    struct cop_catset never_inspect;
    int32_t east_s; /* of UTC: where the days of its dates begin */
    const struct cop_slice *files;
    size_t files_n;
    const struct tables_list *lists;
    size_t lists_n;
    const struct tables_entry *entries;
    size_t entries_n;
    const struct tables_requirement *requirements;
    size_t requirements_n;
    const struct tables_text *texts;
    size_t texts_n;
    const struct tables_template *templates;
    size_t templates_n;
    const struct tables_profile *profiles;
    size_t profiles_n;
    const struct tables_grant *grants;
    size_t grants_n;
    const struct tables_appeal *appeals;
    size_t appeals_n;
    const struct cop_origin *origins; /* names unique; requirements are
                                         indices of the rows above */
    size_t origins_n;
};

/* Lay the tables out as a bundle file. Same tables in any order of entries,
 * same bytes. Duplicate entries of one list are merged, the first file and
 * line in order of (file name, line) kept.
 * out  on the heap; free with cop_image_free()
 * Returns COP_OK, COP_E_LIMIT (more than the format can count), COP_E_NOMEM. */
COP_MUST_USE enum cop_status bundle_write(
    const struct cop_tables *tables, struct cop_image *out);

#endif
