/* All entries of all lists in one row: 32 bytes each and their text, packed.
 * It is what the compiler's memory is made of, so nothing else is kept. */
#ifndef RULES_MODEL_ENTRIES_H
#define RULES_MODEL_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/bundle/tables.h"

enum { ENTRIES_MAX = 64 * 1024 * 1024 };

struct entries {
    struct tables_entry *p; /* on the heap */
    size_t n;
    size_t cap;
    struct arena *arena; /* of the texts */
    char *room;          /* what is left of the arena's last chunk */
    size_t room_n;
    bool is_full; /* an addition failed */
};

void entries_init(struct entries *entries, struct arena *arena);
void entries_fini(struct entries *entries);

/* Add an entry; its text is copied. False, and is_full, when there is no
 * memory or the ceiling is reached. */
bool entries_add(struct entries *entries, const struct tables_entry *entry);

#endif
