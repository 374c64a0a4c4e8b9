#include "gateway/proc/databases.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "gateway/config/config.h"
#include "gateway/proc/say.h"

enum { DAY_SECONDS = 86400, DATE_BYTES = 32 };

static const char *const what_words[COP_DATABASES] = {
    [COP_DATABASE_COUNTRY] = "countries",
    [COP_DATABASE_AS] = "networks",
};

const char *database_state_word(enum database_state state)
{
    static const char *const words[] = {[DATABASE_ABSENT] = "absent",
        [DATABASE_UNUSABLE] = "unusable",
        [DATABASE_KEPT] = "kept",
        [DATABASE_STALE] = "stale",
        [DATABASE_READY] = "ready"};

    return words[state];
}

void databases_init(struct databases *databases)
{
    *databases = (struct databases){.fds = {-1, -1}};
}

void databases_close(struct databases *databases)
{
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        if (databases->fds[i] >= 0) {
            close(databases->fds[i]);
        }
    }
    databases_init(databases);
}

/* What goes wrong with a database that is not required is a warning. */
struct softened {
    struct cop_report *report;
    enum cop_severity severity;
};

static void emit_softened(void *context, const struct cop_finding *finding)
{
    const struct softened *softened = context;
    struct cop_finding copy = *finding;

    copy.severity = softened->severity;
    cop_report_emit(softened->report, &copy);
}

static enum cop_severity severity_of(const struct config_locations *locations)
{
    return locations->is_required ? COP_ERROR : COP_WARNING;
}

static void judge_age(struct databases *databases, unsigned kind,
    const struct config_locations *locations, int64_t now_unix,
    struct cop_report *report)
{
    int64_t seconds = now_unix - databases->facts[kind].built_unix;
    int64_t days = seconds > 0 ? seconds / DAY_SECONDS : 0;

    databases->age_days[kind] = days;
    databases->states[kind] = DATABASE_READY;
    if (days > (int64_t)locations->max_age_days) {
        databases->states[kind] = DATABASE_STALE;
        cop_report_at(report, COP_WARNING, "database", locations->files[kind],
            0, 0, "get a newer one, or raise locations.max_age_days",
            "was built %lld days ago: addresses have moved since",
            (long long)days);
    }
    if (seconds < -DAY_SECONDS) {
        cop_report_at(report, COP_WARNING, "database", locations->files[kind],
            0, 0, "set this machine's clock",
            "was built in the future, so its age is not known");
    }
}

/* A download that failed must not open what a country's rules close. */
static bool keep(
    struct databases *databases, unsigned kind, const struct databases *before)
{
    if (before == NULL || before->fds[kind] < 0) {
        return false;
    }
    databases->fds[kind] = fcntl(before->fds[kind], F_DUPFD_CLOEXEC, 0);
    databases->facts[kind] = before->facts[kind];
    return databases->fds[kind] >= 0;
}

enum cop_status databases_open(struct databases *databases,
    const struct config_locations *locations, int64_t now_unix,
    const struct databases *before, struct cop_report *report)
{
    struct softened softened = {report, severity_of(locations)};
    struct cop_report inner = {.emit = emit_softened, .context = &softened};

    for (unsigned i = 0; i < COP_DATABASES; i++) {
        enum cop_status status;

        if (locations->files[i] == NULL) {
            continue;
        }
        databases->states[i] = DATABASE_UNUSABLE;
        status = cop_database_open(locations->files[i], (enum cop_database)i,
            &inner, &databases->facts[i], &databases->fds[i]);
        if (status == COP_E_NOMEM) {
            return status;
        }
        if (status == COP_OK) {
            judge_age(databases, i, locations, now_unix, report);
        } else if (locations->is_required) {
            return COP_E_CHECK;
        } else if (keep(databases, i, before)) {
            judge_age(databases, i, locations, now_unix, report);
            databases->states[i] = DATABASE_KEPT;
            cop_report_at(report, COP_WARNING, "database", locations->files[i],
                0, 0, "replace the file and reload",
                "cannot be used; the one before it, %lld days old, stays in "
                "use",
                (long long)databases->age_days[i]);
        }
    }
    return COP_OK;
}

enum cop_status databases_judge(const struct databases *databases,
    const struct config_locations *locations, const struct cop_policy *policy,
    struct cop_report *report)
{
    const struct cop_address_wants wants = cop_policy_wants_address(policy);
    const bool is_wanted[COP_DATABASES] = {
        [COP_DATABASE_COUNTRY] = wants.country,
        [COP_DATABASE_AS] = wants.as_number,
    };
    enum cop_status status = COP_OK;

    for (unsigned i = 0; i < COP_DATABASES; i++) {
        if (!is_wanted[i] || databases->fds[i] >= 0) {
            continue;
        }
        cop_report_at(report, severity_of(locations), "database",
            locations->files[i], 0, 0,
            "name a database under `locations:` in the configuration",
            "there are rules about %s and no database of them that can be "
            "used: those rules match nothing",
            what_words[i]);
        status = locations->is_required ? COP_E_CHECK : status;
    }
    return status;
}

void databases_say(const struct databases *databases)
{
    for (unsigned i = 0; i < COP_DATABASES; i++) {
        const struct cop_database_facts *facts = &databases->facts[i];
        char date[DATE_BYTES] = "";
        time_t built = (time_t)facts->built_unix;
        struct tm parts;

        if (databases->fds[i] < 0) {
            continue;
        }
        if (gmtime_r(&built, &parts) != NULL) {
            (void)strftime(date, sizeof(date), "%Y-%m-%d", &parts);
        }
        say(SAY_NOTICE, "%s are looked up in %s, built %s, %lld days old",
            what_words[i], facts->type, date,
            (long long)databases->age_days[i]);
    }
}
