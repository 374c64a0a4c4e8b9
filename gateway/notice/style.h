/* The one style sheet of notices, and the policy that allows it and nothing
 * else. */
#ifndef GATEWAY_NOTICE_STYLE_H
#define GATEWAY_NOTICE_STYLE_H

#include "cop/slice.h"
#include "rules/base/buf.h"

/* What stands in <style>, to the byte. */
struct cop_slice style_text(void);
/* The value of Content-Security-Policy for a page with that style: no script,
 * no image, no frame, no request of any kind but, with `has_form`, a form's to
 * the same host. The hash is made from style_text(), so they cannot differ. */
void style_policy(struct buf *out, bool has_form);

#endif
