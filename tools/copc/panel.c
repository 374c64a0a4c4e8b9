#include "tools/copc/panel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cop/evidence.h"
#include "tools/copc/setting.h"

enum {
    AGE_OLDEST = 120,
    TEMPLATES_MAX = 256,
    PANEL_MAX = 2 * (AGE_OLDEST + 1) + TEMPLATES_MAX
};

struct making {
    struct panel *panel;
    struct cop_policy *before;
    struct cop_policy *after;
};

void panel_fini(struct panel *panel)
{
    free(panel->members);
    *panel = (struct panel){NULL, 0};
}

/* Add a subject to both; one that a side cannot have takes no part. */
static enum copc_exit add(const struct making *making,
    const struct cop_subject *subject, const char *who)
{
    struct panel_member *member = &making->panel->members[making->panel->n];
    enum cop_status status =
        cop_policy_add_subject(making->before, subject, &member->before);

    if (status == COP_OK) {
        status = cop_policy_add_subject(making->after, subject, &member->after);
    }
    if (status == COP_E_NOTFOUND) {
        return COPC_DONE;
    }
    if (status != COP_OK) {
        return COPC_BUG;
    }
    snprintf(member->who, sizeof member->who, "%s", who);
    making->panel->n++;
    return COPC_DONE;
}

static bool has_offers(const struct cop_policy *policy)
{
    const struct cop_bundle *bundle = cop_policy_bundle(policy, 0);
    struct cop_bundle_info info;
    struct cop_evidence e;

    cop_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.requirements; i++) {
        cop_bundle_evidence(bundle, i, &e);
        if (e.is_offer) {
            return true;
        }
    }
    return false;
}

/* Note the ages at which a requirement begins or ends. */
static void mark_ages(
    const struct cop_policy *policy, bool ages[AGE_OLDEST + 1])
{
    const struct cop_bundle *bundle = cop_policy_bundle(policy, 0);
    struct cop_bundle_info info;
    struct cop_requirement r;

    cop_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.requirements; i++) {
        cop_bundle_requirement(bundle, i, &r);
        ages[r.age_min < AGE_OLDEST ? r.age_min : AGE_OLDEST] = true;
        ages[r.age_max < AGE_OLDEST ? r.age_max : AGE_OLDEST] = true;
    }
}

/* Nothing changes until the next age of the panel. */
static void say_age(unsigned age, bool accepts, char *out, size_t n)
{
    const char *offers = accepts ? ", offers accepted" : "";

    if (age == AGE_OLDEST) {
        snprintf(out, n, "an adult%s", offers);
    } else {
        snprintf(out, n, "somebody aged %u%s", age, offers);
    }
}

static enum copc_exit add_ages(const struct making *making)
{
    bool ages[AGE_OLDEST + 1] = {[0] = true, [AGE_OLDEST] = true};
    bool is_offered = has_offers(making->before) || has_offers(making->after);
    enum copc_exit ended = COPC_DONE;

    mark_ages(making->before, ages);
    mark_ages(making->after, ages);
    for (unsigned age = 0; age <= AGE_OLDEST; age++) {
        struct cop_subject subject = {.age = (uint8_t)age};
        char who[64];

        if (!ages[age]) {
            continue;
        }
        for (int accepts = 0; accepts <= is_offered; accepts++) {
            subject.accepts_offers = accepts != 0;
            say_age(age, subject.accepts_offers, who, sizeof who);
            ended = ended == COPC_DONE ? add(making, &subject, who) : ended;
        }
    }
    return ended;
}

static enum copc_exit add_templates(const struct making *making)
{
    const struct cop_bundle *bundle = cop_policy_bundle(making->after, 0);
    struct cop_bundle_info info;
    enum copc_exit ended = COPC_DONE;

    cop_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.templates && i < TEMPLATES_MAX; i++) {
        struct cop_template template;
        struct cop_subject subject = {.age = AGE_OLDEST};
        char who[160];

        cop_bundle_template(bundle, i, &template);
        subject.template_name = template.name;
        snprintf(who, sizeof who, "an adult with template %.*s",
            (int)template.name.n, template.name.p);
        ended = ended == COPC_DONE ? add(making, &subject, who) : ended;
    }
    return ended;
}

static enum copc_exit add_one(
    const struct making *making, const struct options *options)
{
    struct cop_subject subject;
    char room[256];
    char who[160];

    if (!setting_subject(options, &subject, room, who)) {
        return COPC_USAGE;
    }
    if (add(making, &subject, who) != COPC_DONE) {
        return COPC_BUG;
    }
    if (making->panel->n == 0) {
        fprintf(stderr, "copc: not both bundles have the template %s\n",
            options->value[OPTION_TEMPLATE]);
        return COPC_CONFIG;
    }
    return COPC_DONE;
}

enum copc_exit panel_make(struct panel *panel, const struct options *options,
    struct cop_policy *before, struct cop_policy *after)
{
    const struct making making = {panel, before, after};
    enum copc_exit ended;

    *panel = (struct panel){
        .members = calloc(PANEL_MAX, sizeof panel->members[0]),
    };
    if (panel->members == NULL) {
        return COPC_BUG;
    }
    if (setting_says_subject(options)) {
        return add_one(&making, options);
    }
    ended = add_ages(&making);
    return ended == COPC_DONE ? add_templates(&making) : ended;
}
