/* A deadline that is moved often and comes seldom: moving it to a later time
 * costs nothing, because the timer beneath is set anew only when it fires. */
#ifndef GATEWAY_FLOW_ALARM_H
#define GATEWAY_FLOW_ALARM_H

#include <stdint.h>

#include "gateway/loop/loop.h"

struct alarm;
typedef void alarm_fn(struct alarm *alarm);

struct alarm {
    struct loop *loop;
    alarm_fn *fn;
    struct timer timer;
    int64_t at_ms; /* INT64_MAX: none; the timer may come earlier */
};

void alarm_init(struct alarm *alarm, struct loop *loop, alarm_fn *fn);
/* fn is called in so many milliseconds, once, unless this is called again.
 * COP_OK or COP_E_NOMEM. */
COP_MUST_USE enum cop_status alarm_set(struct alarm *alarm, int64_t delay_ms);
/* It is not called, until the next alarm_set(). */
void alarm_unset(struct alarm *alarm);
/* The same, and the loop no longer knows of it. */
void alarm_stop(struct alarm *alarm);

#endif
