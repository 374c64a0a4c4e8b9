#include "rules/base/cidr.h"
#include "rules/base/origin.h"
#include "rules/read/entry_parts.h"

/* Prefixes shorter than these take in more than one network has: RIRs allocate
 * no more than a /8 of IPv4 or a /12 of IPv6 at a time. */
enum { WIDEST_IP4 = 8, WIDEST_IP6 = 12 };

bool entry_take_network(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw)
{
    char text[CIDR_TEXT_MAX + 1];
    struct cidr cidr;
    size_t n;

    switch (cidr_parse(word->text, &cidr)) {
    case CIDR_FINE:
        break;
    case CIDR_NO_ADDRESS:
        return entry_flawed(flaw, word,
            "write 192.0.2.0/24, 2001:db8::/32, or one address",
            "\"%.*s\" is no network of addresses", entry_quoted(word->text),
            word->text.p);
    case CIDR_NO_LENGTH:
        return entry_flawed(flaw, word,
            "write the length of the prefix behind the slash: 192.0.2.0/24",
            "\"%.*s\" has no valid length of prefix", entry_quoted(word->text),
            word->text.p);
    case CIDR_HOST_BITS:
        (void)cidr_print(&cidr, text);
        return entry_flawed(flaw, word,
            "write the network's first address, or the length that was meant",
            "\"%.*s\" has an address inside the network, which is %s",
            entry_quoted(word->text), word->text.p, text);
    }
    n = cidr_print(&cidr, text);
    if (cidr.bits < (cidr.is_ip6 ? WIDEST_IP6 : WIDEST_IP4)) {
        (void)entry_flawed(flaw, word,
            "if it is meant, leave it; otherwise write a longer prefix",
            "%s takes in the addresses of very many networks", text);
        entry_caution(flaw, "network");
    }
    return reader->take(
        reader->context, ENTRY_CIDR, (struct cop_slice){text, n});
}

bool entry_take_country(const struct entry_reader *reader,
    const struct word *word, struct entry_flaw *flaw)
{
    char code[ORIGIN_COUNTRY_BYTES];

    if (!origin_read_country(word->text, code)) {
        return entry_flawed(flaw, word,
            "write a code of ISO 3166-1 with two letters, such as NZ",
            "\"%.*s\" is no country's code", entry_quoted(word->text),
            word->text.p);
    }
    return reader->take(
        reader->context, ENTRY_COUNTRY, (struct cop_slice){code, sizeof(code)});
}

bool entry_take_as(const struct entry_reader *reader, const struct word *word,
    struct entry_flaw *flaw)
{
    char text[ORIGIN_AS_TEXT_MAX + 1];
    uint32_t number;
    size_t n;

    if (!origin_read_as(word->text, &number)) {
        return entry_flawed(flaw, word,
            "write the number of an autonomous system, such as AS64496",
            "\"%.*s\" is no network's number", entry_quoted(word->text),
            word->text.p);
    }
    n = origin_print_as(number, text);
    return reader->take(reader->context, ENTRY_AS, (struct cop_slice){text, n});
}
