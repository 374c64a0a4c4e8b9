/* What the readers of documents and of policy files share. */
#ifndef TESTS_SUPPORT_NAIVE_READ_H
#define TESTS_SUPPORT_NAIVE_READ_H

#include "tests/support/naive.h"

/* The member of a mapping, or what stands for its absence. */
struct cop_slice naive_text(const struct yaml_node *map, const char *key);
int64_t naive_number(
    const struct yaml_node *map, const char *key, int64_t otherwise);
const struct cop_slice *naive_texts(struct naive *naive,
    const struct yaml_node *map, const char *key, size_t *n);
struct cop_catset naive_categories(
    struct naive *naive, const struct yaml_node *map, const char *key);
/* "2026-05-04": when that day begins or, where is_end, ends. */
int64_t naive_date(const struct yaml_node *map, const char *key, bool is_end,
    int64_t otherwise);

/* A list of {days, from, to}, one a day. Returns how many. */
size_t naive_hours(
    const struct yaml_node *list, struct naive_hours out[NAIVE_HOURS]);

struct naive_list *naive_list_new(
    struct naive *naive, enum naive_role role, uint32_t owner);

/* A host or a URL as people write it in appeals, grants and profiles. */
void naive_add_object(struct naive *naive, struct naive_list *list,
    enum naive_kind plain, struct cop_slice text);

#endif
