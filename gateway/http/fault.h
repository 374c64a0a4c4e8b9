/* What can be wrong with an HTTP/1 message; the table is fault.tbl. */
#ifndef GATEWAY_HTTP_FAULT_H
#define GATEWAY_HTTP_FAULT_H

#include <stdint.h>

enum http_fault {
#define HTTP_FAULT(symbol, status, text) HTTP_FAULT_##symbol,
#include "gateway/http/fault.tbl"
    HTTP_FAULTS
};

/* A static sentence for logs, never NULL. */
const char *http_fault_text(enum http_fault fault);
/* The status that a server answers such a request with; 0 for none. */
uint16_t http_fault_status(enum http_fault fault);

#endif
