/* One line of a list -> what it names, in canonical form.
 *
 *   domains   example.com      the name and all below it (or what `object`
 * says) .example.com     the same, always
 *             *.example.com    only what is below it
 *             192.0.2.1        exactly this address
 *   hosts     0.0.0.0 example.com www.example.com
 *   urls      https://example.com/a?b    what begins so; the scheme is optional
 *             and does not matter
 *   patterns  ^https?://example\.com/    PCRE2, over the canonical URL
 *
 *   expressions  as patterns, written for POSIX; what differs is told
 *   dnsmasq   address=/example.com/0.0.0.0, server=/example.com/
 *   cidr      192.0.2.0/24, 2001:db8::/32, 192.0.2.1
 *   countries    NZ: servers whose addresses are in that country
 *   as_numbers   AS64496: servers whose addresses are in that network
 *
 * Formats whose lines hang together are read by form.h.
 *
 * A comment begins with # at the start of a line or, but in patterns, after a
 * space. */
#ifndef RULES_READ_ENTRY_H
#define RULES_READ_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "cop/slice.h"
#include "rules/read/facts.h"

enum { ENTRY_WHAT_MAX = 256 };

/* Why a line is no entry, or why it is one to be careful with. */
struct entry_flaw {
    char what[ENTRY_WHAT_MAX]; /* one sentence */
    const char *todo;          /* one sentence, static */
    size_t offset;             /* in the line, of what is wrong */
    bool is_caution;           /* the line was read; a person should look */
    const char *code;          /* of such a finding, static */
    const char *skipped;       /* the line is right and names nothing that a
                                  list can hold: why, static; NULL: it does */
};

/* How lines are to be read, and who gets what they name. */
struct entry_reader {
    enum list_format format;
    enum entry_object object; /* of a plain name */
    /* Takes one entry; `text` lives for the call. False stops the line. */
    bool (*take)(
        void *context, enum entry_object object, struct cop_slice text);
    void *context;
};

/* Read one line, without its line feed. An empty line and a comment are fine
 * and name nothing.
 * flaw     is_caution and skipped are set or cleared; the rest is written with
 *          is_caution, and when the line is no entry
 * Returns false when the line is no entry. */
bool entry_read(const struct entry_reader *reader, struct cop_slice line,
    struct entry_flaw *flaw);

/* Check a PCRE2 pattern as the engine will compile it. */
bool entry_check_pattern(struct cop_slice pattern, struct entry_flaw *flaw);

#endif
