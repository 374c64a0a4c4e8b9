/* Telling the service manager how we are (sd_notify(3)'s protocol, spoken by
 * hand: one datagram; linking a library for it would bring far more into a
 * network daemon than it saves). Nothing happens without $NOTIFY_SOCKET. */
#ifndef GATEWAY_PROC_NOTIFY_H
#define GATEWAY_PROC_NOTIFY_H

#include <sys/types.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
/* Another process is the service from now on, and ready. */
void notify_successor(pid_t pid);

#endif
