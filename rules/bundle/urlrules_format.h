/* Rules in Adblock syntax as they lie in the file; part of format.h. */
#ifndef RULES_BUNDLE_URLRULES_FORMAT_H
#define RULES_BUNDLE_URLRULES_FORMAT_H

#include <assert.h>
#include <stdint.h>

/* Bits of format_urlrule.flags. */
enum {
    URLRULE_EXCEPTION = 1,
    URLRULE_IMPORTANT = 2, /* exceptions do not lift it */
    URLRULE_MATCH_CASE = 4,
    URLRULE_REGEX = 8,         /* the text is /PCRE2/ */
    URLRULE_ANCHOR_HOST = 16,  /* the text begins with || */
    URLRULE_ANCHOR_START = 32, /* the text begins with | */
    URLRULE_ANCHOR_END = 64,   /* the text ends with | */
    URLRULE_FIRST_PARTY = 128, /* it speaks of first parties */
    URLRULE_THIRD_PARTY = 256, /* it speaks of third parties */
    URLRULE_HOST_ONLY = 512,   /* ||host^ */
    URLRULE_ENTITIES = 1024,   /* some of its names are name.* */
    URLRULE_SAME_HOST = 2048,  /* the source is the host that is asked */
    URLRULE_OTHER_HOST = 4096, /* it is not */
    URLRULE_BADFILTER = 8192,  /* only while a list is read */
    URLRULE_FLAGS = 8192 - 1,  /* all that a bundle may have */
    URLRULE_TYPES_ALL = 0x0fff /* all of cop/resource.tbl */
};

struct format_urlrule { /* those with a regex first, then by rule */
    uint32_t text_at;   /* RULE_TEXTS */
    uint32_t rule;
    uint32_t names; /* URLRULE_NAMES: the first of the four runs below */
    uint16_t text_n;
    uint16_t list; /* that of its rule */
    uint16_t from; /* names of sources that it speaks of */
    uint16_t not_from;
    uint16_t to; /* names of hosts asked that it speaks of */
    uint16_t not_to;
    uint16_t types;   /* bits in the order of cop/resource.tbl */
    uint16_t methods; /* bits in the order of urlrules_method() */
    uint16_t flags;
    uint16_t zero;
};

struct format_urlkey { /* within a bucket by check, then urlrule */
    uint32_t check;
    uint32_t urlrule;
};

static_assert(sizeof(struct format_urlrule) == 32, "format");
static_assert(sizeof(struct format_urlkey) == 8, "format");

#endif
