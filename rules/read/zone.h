/* Response policy zones: what a resolver that filters is given, read as a list
 * (draft-vixie-dnsop-dns-rpz; the text form of zones is RFC 1035 5.1).
 *
 * A zone says about each name what the resolver answers. Of that, "no such
 * name", "no data", "no answer" and an address that leads nowhere are what a
 * list can hold: the name is listed. All else is told by reason.
 *
 *   example.com      CNAME .               exactly this name
 *   *.example.com    CNAME *.              only what is below it
 *   example.com      CNAME rpz-drop.
 *   example.com      A     0.0.0.0         a sinkhole
 *   example.com      CNAME rpz-passthru.   opens: not used, told
 *   24.0.2.0.192.rpz-ip CNAME .            about answers: not used, told */
#ifndef RULES_READ_ZONE_H
#define RULES_READ_ZONE_H

#include "cop/host.h"
#include "rules/read/entry.h"

enum { ZONE_NAME_MAX = COP_HOST_MAX, ZONE_PARENTHESES_MAX = 8 };

/* A name without its last dot; empty: the root, or not known. */
struct zone_name {
    uint16_t n;
    char text[ZONE_NAME_MAX + 1];
};

struct zone {
    struct zone_name origin; /* what relative names are under */
    struct zone_name apex;   /* what the zone's own names are under */
    struct zone_name owner;  /* of the record being read, or read last */
    bool has_origin;
    bool has_apex;
    bool has_owner;
    bool is_absolute; /* the owner was written with its last dot */
    uint8_t depth;    /* of parentheses */
    uint8_t part;     /* of a record: zone.c */
    uint8_t type;
};

/* Read the next line of a zone, without its line feed. As entry_read(). */
bool zone_read(struct zone *zone, const struct entry_reader *reader,
    struct cop_slice line, struct entry_flaw *flaw);

/* After the last line. False when a record has not ended. */
bool zone_end(const struct zone *zone, struct entry_flaw *flaw);

#endif
