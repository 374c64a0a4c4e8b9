#include "gateway/http/h2_budget.h"

enum {
    UNIT = 1000,
    FULL_AFTER_MS = 1000 * 1000 /* longer than any bucket takes to fill */
};

static const struct {
    uint32_t burst;
    uint32_t per_second;
    const char *text;
} rows[H2_BUDGETS] = {
#define H2_BUDGET(symbol, burst, per_second, text)                             \
    [H2_BUDGET_##symbol] = {burst, per_second, text},
#include "gateway/http/h2_budget.tbl"
};

void h2_budget_init(struct h2_budget *budget)
{
    *budget = (struct h2_budget){.at_ms = 0};
    for (int id = 0; id < H2_BUDGETS; id++) {
        budget->left[id] = rows[id].burst * UNIT;
    }
}

static void add(struct h2_budget *budget, int id, uint64_t units)
{
    uint64_t full = (uint64_t)rows[id].burst * UNIT;
    uint64_t left = budget->left[id] + units;

    budget->left[id] = (uint32_t)(left < full ? left : full);
}

void h2_budget_tick(struct h2_budget *budget, uint64_t now_ms)
{
    uint64_t gone_ms = now_ms > budget->at_ms ? now_ms - budget->at_ms : 0;

    if (budget->is_begun && gone_ms == 0) {
        return;
    }
    if (!budget->is_begun) {
        budget->is_begun = true;
        gone_ms = 0;
    }
    budget->at_ms = now_ms > budget->at_ms ? now_ms : budget->at_ms;
    if (gone_ms > FULL_AFTER_MS) {
        gone_ms = FULL_AFTER_MS;
    }
    for (int id = 0; id < H2_BUDGETS; id++) {
        /* a thousandth of per_second in each ms */
        add(budget, id, gone_ms * rows[id].per_second);
    }
}

bool h2_budget_spend(struct h2_budget *budget, enum h2_budget_id id)
{
    if (budget->left[id] < UNIT) {
        return false;
    }
    budget->left[id] -= UNIT;
    return true;
}

void h2_budget_earn(struct h2_budget *budget, enum h2_budget_id id, uint32_t n)
{
    add(budget, (int)id, (uint64_t)n * UNIT);
}

uint32_t h2_budget_burst(enum h2_budget_id id)
{
    return rows[id].burst;
}

const char *h2_budget_text(enum h2_budget_id id)
{
    return rows[id].text;
}
