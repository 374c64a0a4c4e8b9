/* Budgets of an HTTP/2 connection: buckets that empty with what the other side
 * does and fill with time and with work that is done. The table is
 * h2_budget.tbl. */
#ifndef GATEWAY_HTTP_H2_BUDGET_H
#define GATEWAY_HTTP_H2_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum h2_budget_id {
#define H2_BUDGET(symbol, burst, per_second, text) H2_BUDGET_##symbol,
#include "gateway/http/h2_budget.tbl"
    H2_BUDGETS
};

struct h2_budget {
    uint64_t at_ms;            /* of the last filling */
    bool is_begun;             /* at_ms is known */
    uint32_t left[H2_BUDGETS]; /* in thousandths */
};

/* All full. */
void h2_budget_init(struct h2_budget *budget);
/* Fill for the time gone by; a clock that goes back fills nothing. */
void h2_budget_tick(struct h2_budget *budget, uint64_t now_ms);
/* Take one. False: it is spent. */
bool h2_budget_spend(struct h2_budget *budget, enum h2_budget_id id);
/* Give n back, for work that makes such frames lawful. */
void h2_budget_earn(struct h2_budget *budget, enum h2_budget_id id, uint32_t n);
/* How many fit at once: tests count them out. */
uint32_t h2_budget_burst(enum h2_budget_id id);
/* A static sentence for logs. */
const char *h2_budget_text(enum h2_budget_id id);

#endif
