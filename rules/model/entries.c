#include "rules/model/entries.h"

#include <stdlib.h>

enum { CHUNK_BYTES = 65536, FIRST_CAP = 1024 };

void entries_init(struct entries *entries, struct arena *arena)
{
    *entries = (struct entries){.arena = arena};
}

void entries_fini(struct entries *entries)
{
    free(entries->p);
    *entries = (struct entries){.arena = entries->arena};
}

/* Texts are packed without alignment: most have about twenty bytes. */
static char *take_room(struct entries *entries, size_t n)
{
    char *p;

    if (n > entries->room_n) {
        size_t chunk = n > CHUNK_BYTES ? n : CHUNK_BYTES;

        entries->room = arena_alloc(entries->arena, chunk);
        entries->room_n = entries->room != NULL ? chunk : 0;
        if (entries->room == NULL) {
            return NULL;
        }
    }
    p = entries->room;
    entries->room += n;
    entries->room_n -= n;
    return p;
}

static bool grow(struct entries *entries)
{
    size_t cap = entries->cap == 0 ? FIRST_CAP : entries->cap * 2;
    struct tables_entry *p;

    if (entries->n < entries->cap) {
        return true;
    }
    if (entries->n >= ENTRIES_MAX) {
        return false;
    }
    p = realloc(entries->p, cap * sizeof(*p));
    if (p == NULL) {
        return false;
    }
    entries->p = p;
    entries->cap = cap;
    return true;
}

bool entries_add(struct entries *entries, const struct tables_entry *entry)
{
    char *text;

    if (entries->is_full || !grow(entries)) {
        entries->is_full = true;
        return false;
    }
    text = take_room(entries, entry->text.n);
    if (text == NULL) {
        entries->is_full = true;
        return false;
    }
    memcpy(text, entry->text.p, entry->text.n);
    entries->p[entries->n] = *entry;
    entries->p[entries->n].text.p = text;
    entries->n++;
    return true;
}
