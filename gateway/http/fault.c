#include "gateway/http/fault.h"

static const struct {
    uint16_t status;
    const char *text;
} rows[HTTP_FAULTS] = {
#define HTTP_FAULT(symbol, status, text) [HTTP_FAULT_##symbol] = {status, text},
#include "gateway/http/fault.tbl"
};

const char *http_fault_text(enum http_fault fault)
{
    return rows[fault].text;
}

uint16_t http_fault_status(enum http_fault fault)
{
    return rows[fault].status;
}
