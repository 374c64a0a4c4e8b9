/* Who says so, since when, until when: L01 to L05. */
#include "rules/check/check.h"

void check_citation(const struct check *check)
{
    const struct fact_legal *legal = &check->requirement->legal;

    if (legal->citation.n == 0) {
        check_say(check, COP_ERROR, &legal->place,
            "add instrument.citation: the words by which the law is found",
            "the legal instrument has no citation");
    }
}

void check_authority(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (requirement->strength == COP_STRENGTH_MANDATORY &&
        requirement->legal.authority.n == 0) {
        check_say(check, COP_ERROR, &requirement->legal.place,
            "add legal.authority",
            "a mandatory requirement names no "
            "authority that orders it");
    }
}

void check_appeal(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;
    bool is_voluntary =
        requirement->legal.type == INSTRUMENT_VOLUNTARY_SCHEME ||
        requirement->strength == COP_STRENGTH_RECOMMENDED;

    if (check_denies(check) && !requirement->has_appeal) {
        check_say(check, is_voluntary ? COP_WARNING : COP_ERROR,
            &requirement->head.place, "add appeal: who may complain, and where",
            "something is blocked, and nobody can appeal");
    }
}

void check_effective_from(const struct check *check)
{
    const struct fact_requirement *requirement = check->requirement;

    if (requirement->status == STATUS_IN_FORCE &&
        requirement->time.from_unix == INT64_MIN) {
        check_say(check, COP_ERROR, &requirement->head.place,
            "add time.effective_from",
            "the requirement is in force, and no date says since when");
    }
}

void check_expiry(const struct check *check)
{
    const struct fact_time *time = &check->requirement->time;
    int64_t now = check->model->options->now_unix;
    char day[11];

    if (time->until_unix <= now && !check->requirement->has_later) {
        model_day(check->model, time->until_unix - 1, day);
        check_say(check, COP_ERROR, &time->to_place,
            "set its status to repealed, or have it renewed",
            "the requirement expired on %s", day);
    }
    if (time->review_unix <= now) {
        model_day(check->model, time->review_unix - 1, day);
        check_say(check, COP_ERROR, &time->review_place,
            "review it, then set the next date",
            "the requirement should have been reviewed by %s", day);
    }
    if (time->from_unix > now) {
        model_day(check->model, time->from_unix, day);
        check_say(check, COP_NOTE, &time->from_place, NULL,
            "the requirement takes effect on %s, by itself", day);
    }
}
