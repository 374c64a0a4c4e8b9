#include "cop/decide.h"
#include "rules/compile/lower.h"

/* A policy file being lowered. */
struct lowering {
    struct model *model;
    const struct fact_policy *policy;
    struct cop_slice file; /* as it is named in the bundle */
    enum cop_status status;
};

/* ---- lists ---- */

static size_t count_lists(const struct fact_policy *policy)
{
    size_t n = policy->grants_n + (policy->never_hosts_n > 0);

    for (size_t i = 0; i < policy->profiles_n; i++) {
        const struct fact_profile *fact = &policy->profiles[i];

        n += fact->allow_lists_n + fact->deny_lists_n;
        n += fact->allow_n > 0;
        n += fact->deny_n > 0;
    }
    return n;
}

/* A list of the objects that stand in the file itself. */
static void add_objects(struct lowering *lowering,
    const struct tables_list *list, const struct fact_entry *objects, size_t n)
{
    struct model_list *added;

    if (n == 0 || lowering->status != COP_OK) {
        return;
    }
    added = model_add_list(lowering->model, list, NULL, &objects[0].place);
    if (added == NULL || list->name.p == NULL) {
        lowering->status = COP_E_NOMEM;
        return;
    }
    for (size_t i = 0; i < n && lowering->status == COP_OK; i++) {
        lowering->status = model_add_object(
            lowering->model, added, &objects[i], ENTRY_DOMAIN, lowering->file);
    }
}

static void add_files(struct lowering *lowering, struct tables_list list,
    const struct fact_list *files, size_t n)
{
    struct cop_slice name = list.name;

    for (size_t i = 0; i < n; i++) {
        list.name =
            arena_print(lowering->model->arena, "%s#%zu", name.p, i + 1);
        if (model_add_list(
                lowering->model, &list, &files[i], &files[i].place) == NULL) {
            lowering->status = COP_E_NOMEM;
        }
    }
}

static void add_profile_lists(struct lowering *lowering, uint32_t index)
{
    const struct fact_profile *fact = &lowering->policy->profiles[index];
    struct arena *arena = lowering->model->arena;
    const struct tables_list allow = {
        .name = arena_print(arena, "%s allows", fact->name.p),
        .role = LIST_PROFILE_ALLOW,
        .owner = index,
    };
    const struct tables_list deny = {
        .name = arena_print(arena, "%s denies", fact->name.p),
        .role = LIST_PROFILE_DENY,
        .owner = index,
        .limit_matches = true,
    };

    if (allow.name.p == NULL || deny.name.p == NULL) {
        lowering->status = COP_E_NOMEM;
        return;
    }
    add_objects(lowering, &allow, fact->allow, fact->allow_n);
    add_objects(lowering, &deny, fact->deny, fact->deny_n);
    add_files(lowering, allow, fact->allow_lists, fact->allow_lists_n);
    add_files(lowering, deny, fact->deny_lists, fact->deny_lists_n);
}

static void add_lists(struct lowering *lowering)
{
    const struct fact_policy *policy = lowering->policy;
    const struct tables_list never = {
        .name = COP_LIT("never inspected"),
        .role = LIST_NEVER_INSPECT,
        .owner = COP_NONE,
    };

    for (uint32_t i = 0; i < policy->profiles_n; i++) {
        add_profile_lists(lowering, i);
    }
    for (uint32_t i = 0; i < policy->grants_n; i++) {
        const struct tables_list list = {
            .name = arena_print(lowering->model->arena, "grant#%u", i + 1),
            .role = LIST_GRANT,
            .owner = i,
        };

        add_objects(lowering, &list, &policy->grants[i].object, 1);
    }
    add_objects(lowering, &never, policy->never_hosts, policy->never_hosts_n);
}

/* ---- rows ---- */

static bool lower_profiles(
    const struct lowering *lowering, struct cop_tables *out)
{
    const struct fact_policy *policy = lowering->policy;
    struct tables_profile *rows = arena_array(
        lowering->model->arena, policy->profiles_n + 1, sizeof(*rows));

    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < policy->profiles_n; i++) {
        const struct fact_profile *fact = &policy->profiles[i];

        rows[i] = (struct tables_profile){
            .name = fact->name,
            .template_name = fact->template_name,
            .age = fact->age,
            .subscribers = fact->subscribers,
            .block = fact->block.set,
            .permit = fact->permit.set,
            .is_allow_only = fact->is_allow_only,
            .accepts = fact->accepts,
            .accepts_n = fact->accepts_n,
            .closed = fact->closed,
            .closed_n = fact->closed_n,
        };
    }
    out->profiles = rows;
    out->profiles_n = policy->profiles_n;
    return true;
}

/* A grant's profile by name, COP_NONE for all. False, reported, when there is
 * no such profile. */
static bool find_profile(const struct lowering *lowering,
    const struct fact_grant *grant, uint32_t *out)
{
    const struct fact_policy *policy = lowering->policy;
    const struct place *place = &grant->profile_place;

    *out = COP_NONE;
    if (grant->profile.n == 0) {
        return true;
    }
    for (uint32_t i = 0; i < policy->profiles_n; i++) {
        if (cop_slice_eq(policy->profiles[i].name, grant->profile)) {
            *out = i;
            return true;
        }
    }
    cop_report_at(lowering->model->report, COP_ERROR, "ref", place->file,
        place->line, place->column, "write a name that is under profiles",
        "there is no profile %s", grant->profile.p);
    return false;
}

static bool lower_grants(
    const struct lowering *lowering, struct cop_tables *out)
{
    const struct fact_policy *policy = lowering->policy;
    struct tables_grant *rows = arena_array(
        lowering->model->arena, policy->grants_n + 1, sizeof(*rows));

    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < policy->grants_n; i++) {
        const struct fact_grant *fact = &policy->grants[i];

        rows[i] = (struct tables_grant){
            .until_unix = fact->until_unix,
            .by = fact->by,
            .reason = fact->reason,
        };
        (void)find_profile(lowering, fact, &rows[i].profile);
    }
    out->grants = rows;
    out->grants_n = policy->grants_n;
    return true;
}

static void check_lists_count(const struct lowering *lowering, size_t n)
{
    cop_report_at(lowering->model->report, COP_ERROR, "limit", NULL, 0, 0,
        "use fewer lists of their own for profiles and grants",
        "the policy file has %zu lists; a policy can hold %d", n,
        (int)COP_LISTS_MAX);
}

enum cop_status lower_policy(struct model *model,
    const struct fact_policy *policy, const struct document *document,
    struct cop_tables *out)
{
    struct lowering lowering = {
        .model = model, .policy = policy, .file = document->name};
    size_t n = count_lists(policy);

    *out = (struct cop_tables){
        .name = COP_LIT("local-policy"),
        .title = COP_LIT("Rules of this place"),
        .timezone = policy->timezone,
        .never_inspect = policy->never_inspect.set,
    };
    if (n > COP_LISTS_MAX) {
        check_lists_count(&lowering, n);
        return COP_OK;
    }
    if (!model_reserve_lists(model, n)) {
        return COP_E_NOMEM;
    }
    add_lists(&lowering);
    if (lowering.status == COP_OK) {
        lowering.status = model_load_lists(model);
    }
    if (lowering.status != COP_OK) {
        return lowering.status;
    }
    if (!lower_lists(model, out) || !lower_profiles(&lowering, out) ||
        !lower_grants(&lowering, out)) {
        return COP_E_NOMEM;
    }
    return COP_OK;
}
