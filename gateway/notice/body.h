/* The bodies of notices, one writer a form. All write complete UTF-8. */
#ifndef GATEWAY_NOTICE_BODY_H
#define GATEWAY_NOTICE_BODY_H

#include "gateway/notice/told.h"
#include "rules/base/buf.h"

void body_html(struct buf *out, const struct told *told);
void body_text(struct buf *out, const struct told *told);
void body_json(struct buf *out, const struct told *told);
void body_image(struct buf *out, const struct told *told);
/* A comment that is one in scripts and style sheets alike. */
void body_comment(struct buf *out, const struct told *told);

#endif
