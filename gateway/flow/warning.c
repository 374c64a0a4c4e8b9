#include "gateway/flow/warning.h"

#include <assert.h>

#include "gateway/filter/consent.h"
#include "gateway/flow/answer.h"
#include "gateway/flow/inner.h"
#include "gateway/net/address.h"
#include "gateway/notice/notice.h"

static_assert((int)FLOW_KEY_BYTES == (int)CONSENT_KEY_BYTES, "key");

enum { COOKIE_MAX = 512 };

/* Who agrees to what a decision warns of. False where no requirement warns. */
static bool consent_of(const struct conn *conn, const struct asker *asker,
    const struct cop_url *url, const struct decision *decision,
    struct consent *out)
{
    const struct cop_policy *policy = asker->world->policy;
    const struct cop_verdict *verdict = &decision->verdict;
    struct cop_requirement requirement;

    if (verdict->action != COP_WARN || verdict->requirement == COP_NONE) {
        return false;
    }
    cop_bundle_requirement(cop_policy_bundle(policy, verdict->bundle),
        verdict->requirement, &requirement);
    *out = (struct consent){
        .key = conn->flow->parts.consent_key,
        .profile = cop_policy_profile_name(policy, asker->profile),
        .requirement = requirement.id,
        .url = url,
    };
    address_bytes(&conn->client, out->client);
    return true;
}

bool warning_is_passed(struct conn *conn, const struct asker *asker,
    const struct http_head *head, const struct cop_url *url,
    struct cop_slice ticket, const struct decision *decision)
{
    int64_t now = loop_unix(conn->flow->parts.loop);
    struct consent consent;

    if (!consent_of(conn, asker, url, decision, &consent)) {
        return false;
    }
    return ticket.n != 0 ? consent_ticket_holds(&consent, head, ticket, now)
                         : consent_pass_holds(&consent, head, now);
}

void warning_form(struct exchange *x, const struct cop_url *url,
    const struct decision *decision, struct buf *out)
{
    struct consent consent;

    if (notice_form_of(exchange_request(x)) == NOTICE_HTML &&
        consent_of(x->conn, &x->asker, url, decision, &consent)) {
        consent_form(&consent, loop_unix(x->conn->flow->parts.loop), out);
    }
}

enum step warning_leave(struct exchange *x, const struct cop_url *url,
    const struct decision *decision)
{
    struct consent consent;
    struct buf cookie;
    enum step step;

    buf_init(&cookie, COOKIE_MAX);
    if (consent_of(x->conn, &x->asker, url, decision, &consent)) {
        consent_cookie(&consent, loop_unix(x->conn->flow->parts.loop), &cookie);
    }
    step = answer_lead(
        x, 303, url->text, cookie.failed ? COP_LIT("") : buf_slice(&cookie));
    buf_fini(&cookie);
    return step;
}
