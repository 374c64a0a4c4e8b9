/* Rules in Adblock syntax as entries of a fixture. Include once per program. */
#ifndef TESTS_UNIT_ADBLOCK_FIXTURE_H
#define TESTS_UNIT_ADBLOCK_FIXTURE_H

#include "rules/read/adblock.h"
#include "tests/unit/bundle_fixture.h"

/* Texts of entries, for as long as the program runs. */
static char adblock_pool[1 << 20];
static size_t adblock_pool_n;

/* Add a rule that must be one. */
static inline void fixture_adblock(
    struct fixture *f, uint32_t list, const char *rule)
{
    static struct adblock line;
    enum adblock_kind kind;
    struct cop_slice text;

    adblock_init(&line);
    if (adblock_read(&line, cop_slice_of(rule), &kind) != COP_OK ||
        (kind != ADBLOCK_HOST && kind != ADBLOCK_RULE)) {
        fprintf(stderr, "no rule: %s\n", rule);
        abort();
    }
    text = kind == ADBLOCK_HOST ? cop_host_slice(&line.host)
                                : buf_slice(&line.packed);
    if (text.n > sizeof(adblock_pool) - adblock_pool_n) {
        abort();
    }
    memcpy(adblock_pool + adblock_pool_n, text.p, text.n);
    fixture_add(f, list, ENTRY_DOMAIN, "");
    f->entries[f->t.entries_n - 1].text =
        (struct cop_slice){adblock_pool + adblock_pool_n, text.n};
    f->entries[f->t.entries_n - 1].object = kind == ADBLOCK_RULE ? ENTRY_ADBLOCK
                                            : line.host.kind == COP_HOST_NAME
                                                ? ENTRY_DOMAIN
                                                : ENTRY_HOST;
    adblock_pool_n += text.n;
    adblock_fini(&line);
}

#endif
