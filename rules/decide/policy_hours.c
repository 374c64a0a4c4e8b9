#include "rules/decide/policy.h"

enum { WEEK_MINUTES = 7 * 24 * 60 };

static const struct format_window *window_at(
    struct policy_hours hours, uint32_t at)
{
    return section_at(hours.bundle, SECTION_WINDOWS, hours.windows.at + at);
}

/* A window whose end is below its start goes over the end of the week. */
static bool window_holds(const struct format_window *window, uint16_t minute)
{
    if (window->to < window->from) {
        return minute >= window->from || minute < window->to;
    }
    return minute >= window->from && minute < window->to;
}

bool policy_hours_hold(struct policy_hours hours, uint16_t minute)
{
    for (uint32_t i = 0; i < hours.windows.n; i++) {
        if (window_holds(window_at(hours, i), minute)) {
            return true;
        }
    }
    return false;
}

/* Minutes until a minute of the week comes again, at least one. */
static uint32_t minutes_to(uint16_t edge, uint16_t minute)
{
    uint32_t ahead =
        (uint32_t)(edge + 2 * WEEK_MINUTES - minute) % WEEK_MINUTES;

    return ahead == 0 ? (uint32_t)WEEK_MINUTES : ahead;
}

uint32_t policy_hours_next(struct policy_hours hours, uint16_t minute)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < hours.windows.n; i++) {
        const struct format_window *window = window_at(hours, i);
        uint32_t from = minutes_to(window->from, minute);
        uint32_t to = minutes_to(window->to, minute);
        uint32_t nearer = from < to ? from : to;

        next = next == 0 || nearer < next ? nearer : next;
    }
    return next;
}

uint32_t policy_hours_end(struct policy_hours hours, uint16_t minute)
{
    uint32_t ahead = 0;

    /* From edge to edge, as long as there is no gap behind one. */
    while (
        policy_hours_hold(hours, (uint16_t)((minute + ahead) % WEEK_MINUTES))) {
        ahead += policy_hours_next(
            hours, (uint16_t)((minute + ahead) % WEEK_MINUTES));
        if (ahead >= WEEK_MINUTES) {
            return 0;
        }
    }
    return ahead;
}
