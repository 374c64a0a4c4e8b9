#include "gateway/notice/told.h"

/* Requirements looked through for somebody to call, when the deciding one
 * names nobody. */
enum { HELPLINES_MAX = 256 };

static const struct {
    uint16_t status;
    enum phrase what;
    enum phrase fix;
} troubles[COP_REASONS] = {
#define TROUBLE(reason, status, what, fix)                                     \
    [COP_##reason] = {status, PHRASE_##what, PHRASE_##fix},
#include "gateway/notice/trouble.tbl"
};

static unsigned trouble_of(enum cop_reason reason)
{
    return (unsigned)reason < COP_REASONS ? (unsigned)reason
                                          : (unsigned)COP_REASON_INTERNAL;
}

uint16_t notice_status_of(enum cop_reason reason)
{
    return troubles[trouble_of(reason)].status;
}

static void tell_common(const struct notice_facts *facts,
    struct choice *languages, struct told *out)
{
    const struct http_head *request = facts->request;

    choose_languages(request, facts->languages, facts->languages_n, languages);
    out->phrases = NULL;
    for (size_t i = 0; i < languages->n && out->phrases == NULL; i++) {
        out->phrases = phrases_find(languages->tags[i]);
    }
    if (out->phrases == NULL) {
        out->phrases = phrases_fallback();
    }
    out->form = notice_form_of(request);
    out->is_head =
        request != NULL && cop_slice_eq(request->method, COP_LIT("HEAD"));
    out->contact = facts->contact;
    out->reference = cop_slice_of(facts->reference);
    if (facts->host != NULL) {
        out->host = cop_host_slice(facts->host);
    }
}

static struct said say(const struct told *told, enum phrase phrase)
{
    return (struct said){
        .text = cop_slice_of(phrases_say(told->phrases, phrase))};
}

/* --- blocks --- */

/* Where a block's texts come from. */
struct source {
    const struct cop_policy *policy;
    const struct cop_verdict *verdict;
    const struct cop_bundle *bundle; /* of the requirement; NULL for none */
    struct cop_requirement requirement;
    const struct choice *languages;
};

static void open_source(const struct notice_facts *facts,
    const struct choice *languages, struct source *out)
{
    const struct cop_verdict *verdict = facts->verdict;

    *out = (struct source){
        .policy = facts->policy, .verdict = verdict, .languages = languages};
    if (facts->policy == NULL || verdict == NULL ||
        verdict->bundle >= cop_policy_bundles(facts->policy) ||
        verdict->requirement == COP_NONE) {
        return;
    }
    out->bundle = cop_policy_bundle(facts->policy, verdict->bundle);
    cop_bundle_requirement(
        out->bundle, verdict->requirement, &out->requirement);
}

static struct said text_of(const struct source *source, enum cop_text text)
{
    struct said said = {.text = {NULL, 0}};

    if (source->bundle != NULL) {
        said.text =
            cop_bundle_text(source->bundle, source->verdict->requirement, text,
                source->languages->tags, source->languages->n, &said.language);
    }
    return said;
}

/* Without a requirement's own words: what its level means. */
static enum phrase why_phrase(const struct source *source)
{
    const struct cop_verdict *verdict = source->verdict;

    if (verdict == NULL) {
        return PHRASE_WHY_RULE;
    }
    if (verdict->is_scheduled) {
        return PHRASE_WHY_HOURS;
    }
    if (source->bundle != NULL) {
        return verdict->action == COP_WARN ? PHRASE_WHY_WARN : PHRASE_WHY_RULE;
    }
    switch (verdict->level) {
    case COP_LEVEL_LOCKED:
        return PHRASE_WHY_DEVICE;
    case COP_LEVEL_ALLOW_ONLY:
        return PHRASE_WHY_CHOSEN;
    case COP_LEVEL_TEMPLATE:
        return PHRASE_WHY_AGE;
    case COP_LEVEL_LOCAL_ALLOW:
    case COP_LEVEL_LOCAL_DENY:
    case COP_LEVEL_GRANT:
        return PHRASE_WHY_LOCAL;
    case COP_LEVEL_LOCKED_ENTRY:
    case COP_LEVEL_PROTECTED:
    case COP_LEVEL_APPEAL_LOCKED:
    case COP_LEVEL_APPEAL:
    case COP_LEVEL_MANDATORY:
    case COP_LEVEL_CLOSED: /* is_scheduled, above */
    case COP_LEVEL_DEFAULT_ON:
    case COP_LEVEL_NONE:
        break;
    }
    return PHRASE_WHY_RULE;
}

/* Whom to call: the deciding requirement knows best, any other of the policy
 * is better than nobody. */
static struct said find_helpline(const struct source *source)
{
    struct said said = text_of(source, COP_TEXT_HELPLINE);
    uint32_t left = HELPLINES_MAX;
    uint32_t bundles =
        source->policy != NULL ? cop_policy_bundles(source->policy) : 0;

    for (uint32_t i = 0; i < bundles && said.text.n == 0; i++) {
        const struct cop_bundle *bundle = cop_policy_bundle(source->policy, i);
        struct cop_bundle_info info;

        cop_bundle_info(bundle, &info);
        for (uint32_t j = 0;
             j < info.requirements && left != 0 && said.text.n == 0;
             j++, left--) {
            said.text = cop_bundle_text(bundle, j, COP_TEXT_HELPLINE,
                source->languages->tags, source->languages->n, &said.language);
        }
    }
    return said;
}

/* Whoever looks for these may need help, and nobody who passes by the screen
 * needs to know. */
static bool is_cry_for_help(uint32_t category)
{
    return category == COP_CAT_SELF_SUICIDE_SELFHARM ||
           category == COP_CAT_SELF_EATING_DISORDER;
}

/* Its label, unless naming it would shame or accuse. */
static struct said find_category(const struct source *source)
{
    struct said said = {.text = {NULL, 0}};
    uint32_t category =
        source->verdict != NULL ? source->verdict->category : COP_NONE;

    if (source->policy == NULL || category >= COP_CATEGORIES ||
        cop_category_class_of(category) == COP_CLASS_L ||
        is_cry_for_help(category)) {
        return said;
    }
    for (uint32_t i = 0;
         i < cop_policy_bundles(source->policy) && said.text.n == 0; i++) {
        said.text = cop_bundle_category_label(
            cop_policy_bundle(source->policy, i), category,
            source->languages->tags, source->languages->n, &said.language);
    }
    return said;
}

static void tell_requirement(const struct source *source, struct told *out)
{
    const struct cop_requirement *requirement = &source->requirement;

    out->block.authority = requirement->authority;
    out->block.law = requirement->instrument;
    out->block.citation = requirement->citation;
    out->block.requirement = requirement->id;
    out->block.appeal = text_of(source, COP_TEXT_APPEAL);
    if (requirement->http_status == 451) {
        out->status = 451;
        out->block.blocked_by = requirement->blocked_by;
    }
}

void told_block(const struct notice_facts *facts, struct told *out)
{
    struct choice languages;
    struct source source;

    *out = (struct told){.is_block = true,
        .status = 403,
        .problem = "blocked",
        .title = PHRASE_BLOCK_TITLE};
    tell_common(facts, &languages, out);
    open_source(facts, &languages, &source);
    if (source.verdict != NULL && source.verdict->action == COP_WARN) {
        out->problem = "warned";
        out->title = PHRASE_WARN_TITLE;
        out->block.warns = true;
        out->block.go_on = facts->go_on;
    }
    out->block.is_local = source.bundle == NULL;
    out->block.why = text_of(&source, COP_TEXT_NOTICE);
    if (out->block.why.text.n == 0) {
        out->block.why = say(out, why_phrase(&source));
    }
    if (source.bundle != NULL) {
        tell_requirement(&source, out);
    }
    if (out->block.appeal.text.n == 0) {
        out->block.appeal = say(out, PHRASE_MISTAKE_LOCAL);
    }
    out->block.helpline = find_helpline(&source);
    out->block.category = find_category(&source);
    out->block.helps_first =
        source.verdict != NULL && is_cry_for_help(source.verdict->category);
}

/* --- errors --- */

static bool is_card(enum phrase what)
{
    return what == PHRASE_WHAT_DATE || what == PHRASE_WHAT_NAME ||
           what == PHRASE_WHAT_UNTRUSTED || what == PHRASE_WHAT_WEAK;
}

void told_error(
    const struct notice_facts *facts, uint16_t status, struct told *out)
{
    struct choice languages;
    unsigned row = trouble_of(facts->reason);

    *out = (struct told){.status = status,
        .problem = cop_reason_word(facts->reason),
        .title = PHRASE_ERROR_TITLE};
    tell_common(facts, &languages, out);
    out->error = (struct told_error){.what = troubles[row].what,
        .fix = troubles[row].fix,
        .is_card = is_card(troubles[row].what),
        .reason = cop_reason_text(facts->reason),
        .detail = cop_slice_of(facts->detail)};
}
