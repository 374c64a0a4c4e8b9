#include "rules/bundle/audit.h"
#include "rules/bundle/rxindex.h"

const char *audit_literal(const struct cop_bundle *bundle, uint32_t index)
{
    const struct format_literal *row =
        section_at(bundle, SECTION_LITERALS, index);

    if (row->zero != 0) {
        return "has something where the format has zeros";
    }
    if (!section_holds(bundle, SECTION_RULE_TEXTS, row->text)) {
        return "has a text that leaves its section";
    }
    struct format_span run = rxindex_literals(bundle, row->pattern);

    return row->pattern < section_count(bundle, SECTION_PATTERNS) &&
                   index >= run.at && index - run.at < run.n
               ? NULL
               : "is not among the literals of its pattern";
}

const char *audit_literal_slot(const struct cop_bundle *bundle, uint32_t index)
{
    return rxindex_slot_holds(bundle, index)
               ? NULL
               : "is not where its gram says or leads out of the index";
}

const char *audit_literal_entry(const struct cop_bundle *bundle, uint32_t index)
{
    const uint32_t *entry = section_at(bundle, SECTION_LITERAL_ENTRIES, index);

    return *entry < section_count(bundle, SECTION_LITERALS)
               ? NULL
               : "leads to a literal that is not there";
}

const char *audit_patterns_always(
    const struct cop_bundle *bundle, uint32_t index)
{
    uint32_t n = section_count(bundle, SECTION_PATTERNS);
    const uint64_t *word = section_at(bundle, SECTION_PATTERNS_ALWAYS, index);
    uint32_t last = n % RXINDEX_WORD_BITS;

    if (section_count(bundle, SECTION_PATTERNS_ALWAYS) != rxindex_words(n)) {
        return "are not as many as the patterns need";
    }
    return index + 1 < rxindex_words(n) || last == 0 || *word >> last == 0
               ? NULL
               : "has something where the format has zeros";
}
