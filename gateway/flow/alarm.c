#include "gateway/flow/alarm.h"

static void alarm_on_timer(struct timer *timer)
{
    struct alarm *alarm = LOOP_OWNER(timer, struct alarm, timer);
    int64_t left = alarm->at_ms - loop_now_ms(alarm->loop);

    if (alarm->at_ms == INT64_MAX) {
        return;
    }
    /* The place that this timer just left is there for it; if the loop gave
     * it up all the same, a deadline too early is better than none. */
    if (left > 0 &&
        loop_set_timer(alarm->loop, &alarm->timer, left) == COP_OK) {
        return;
    }
    alarm_unset(alarm);
    alarm->fn(alarm);
}

void alarm_init(struct alarm *alarm, struct loop *loop, alarm_fn *fn)
{
    alarm->loop = loop;
    alarm->fn = fn;
    timer_init(&alarm->timer, alarm_on_timer);
    alarm_unset(alarm);
}

enum cop_status alarm_set(struct alarm *alarm, int64_t delay_ms)
{
    alarm->at_ms = loop_now_ms(alarm->loop) + delay_ms;
    if (alarm->timer.place != UINT32_MAX &&
        alarm->timer.at_ms <= alarm->at_ms) {
        return COP_OK;
    }
    return loop_set_timer(alarm->loop, &alarm->timer, delay_ms);
}

void alarm_unset(struct alarm *alarm)
{
    alarm->at_ms = INT64_MAX;
}

void alarm_stop(struct alarm *alarm)
{
    alarm_unset(alarm);
    loop_clear_timer(alarm->loop, &alarm->timer);
}
