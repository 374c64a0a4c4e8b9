/* Tables of a bundle, filled row by row, written and opened in memory: for
 * tests of the format and of the decision. Include once per program. */
#ifndef TESTS_UNIT_BUNDLE_FIXTURE_H
#define TESTS_UNIT_BUNDLE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "cop/decide.h"
#include "rules/bundle/tables.h"

enum {
    FIXTURE_FILES = 4,
    FIXTURE_LISTS = 600,
    FIXTURE_ENTRIES = 16384,
    FIXTURE_ROWS = 64
};

struct fixture {
    struct cop_tables t;
    struct cop_image image; /* what fixture_open() wrote last */
    struct cop_slice files[FIXTURE_FILES];
    struct tables_list lists[FIXTURE_LISTS];
    struct tables_entry entries[FIXTURE_ENTRIES];
    struct tables_requirement requirements[FIXTURE_ROWS];
    struct tables_text texts[FIXTURE_ROWS];
    struct tables_template templates[FIXTURE_ROWS];
    struct tables_profile profiles[FIXTURE_ROWS];
    struct tables_grant grants[FIXTURE_ROWS];
    struct tables_appeal appeals[FIXTURE_ROWS];
    struct cop_origin origins[FIXTURE_ROWS];
};

static inline struct fixture *fixture_new(const char *name)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        abort();
    }
    f->t = (struct cop_tables){
        .name = cop_slice_of(name),
        .files = f->files,
        .lists = f->lists,
        .entries = f->entries,
        .requirements = f->requirements,
        .texts = f->texts,
        .templates = f->templates,
        .profiles = f->profiles,
        .grants = f->grants,
        .appeals = f->appeals,
        .origins = f->origins,
    };
    f->files[f->t.files_n++] = COP_LIT("lists/main.txt");
    return f;
}

static inline void fixture_free(struct fixture **f)
{
    cop_image_free(&(*f)->image);
    free(*f);
    *f = NULL;
}

static inline struct cop_catset catset_of(unsigned category)
{
    struct cop_catset set = {{0, 0}};

    cop_catset_add(&set, category);
    return set;
}

static inline uint32_t fixture_list(
    struct fixture *f, const char *name, enum list_role role, uint32_t owner)
{
    f->lists[f->t.lists_n] = (struct tables_list){
        .name = cop_slice_of(name),
        .role = role,
        .owner = owner,
    };
    return (uint32_t)f->t.lists_n++;
}

/* A category list. */
static inline uint32_t fixture_category(
    struct fixture *f, const char *name, unsigned category)
{
    uint32_t list = fixture_list(f, name, LIST_CATEGORY, COP_NONE);

    f->lists[list].categories = catset_of(category);
    return list;
}

/* An entry; its line is its number, from 1. */
static inline void fixture_add(struct fixture *f, uint32_t list,
    enum entry_object object, const char *text)
{
    f->entries[f->t.entries_n] = (struct tables_entry){
        .text = cop_slice_of(text),
        .list = list,
        .object = object,
        .line = (uint32_t)f->t.entries_n + 1,
    };
    f->t.entries_n++;
}

/* A requirement that is on by default, for everybody, always. */
static inline struct tables_requirement *fixture_requirement(
    struct fixture *f, const char *id)
{
    struct tables_requirement *q = &f->requirements[f->t.requirements_n++];

    q->r = (struct cop_requirement){
        .id = cop_slice_of(id),
        .authority = COP_LIT("Example Authority"),
        .strength = COP_STRENGTH_DEFAULT_ON,
        .is_in_force = true,
        .http_status = 403,
        .age_max = 120,
        .from_unix = INT64_MIN,
        .until_unix = INT64_MAX,
    };
    return q;
}

/* A list of its own for the requirement that was added last. */
static inline uint32_t fixture_own_list(
    struct fixture *f, const char *name, enum list_role role)
{
    return fixture_list(f, name, role, (uint32_t)f->t.requirements_n - 1);
}

static inline struct tables_profile *fixture_profile(
    struct fixture *f, const char *name, uint8_t age)
{
    struct tables_profile *p = &f->profiles[f->t.profiles_n++];

    p->name = cop_slice_of(name);
    p->age = age;
    return p;
}

/* Write and open; the image stays with the fixture. Aborts when either fails.
 */
static inline struct cop_bundle *fixture_open(struct fixture *f)
{
    struct cop_bundle *bundle = NULL;
    enum cop_status status;

    cop_image_free(&f->image);
    status = bundle_write(&f->t, &f->image);
    if (status == COP_OK) {
        status = cop_bundle_open_memory(
            f->image.bytes, f->image.n, "fixture", NULL, &bundle);
    }
    if (status != COP_OK) {
        fprintf(stderr, "fixture: %s\n", cop_status_name(status));
        abort();
    }
    return bundle;
}

/* A policy of one bundle; the policy keeps the only reference. */
static inline struct cop_policy *fixture_policy(struct fixture *f)
{
    struct cop_bundle *bundle = fixture_open(f);
    struct cop_policy *policy = NULL;

    if (cop_policy_new(&bundle, 1, NULL, &policy) != COP_OK) {
        abort();
    }
    cop_bundle_drop(&bundle);
    return policy;
}

#endif
