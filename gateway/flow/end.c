#include "gateway/flow/end.h"

#include "gateway/upstream/session.h"

enum cop_reason end_fault(const struct end *end, const char **detail)
{
    if (end->wire != NULL) {
        *detail = end->wire->detail;
        return end->wire->reason;
    }
    return session_fault(end->session, end->stream, detail);
}

const char *end_version(const struct end *end, const struct http_head *head)
{
    if (end->wire == NULL) {
        return "2.0";
    }
    return head->minor == 0 ? "1.0" : "1.1";
}
