/* Notices: whatever is said, the answer is well-formed, and "<!x" never becomes
 * markup. The lines are detail, contact, and three fields of the request. */
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "gateway/http/h1_read.h"
#include "gateway/http/syntax.h"
#include "gateway/notice/notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define REQUIRE(holds) ((holds) ? (void)0 : abort())

static void check(struct cop_slice response, enum notice_form form)
{
    struct h1_reader *reader = NULL;
    struct cop_slice body;
    size_t used;

    REQUIRE(h1_reader_new(H1_RESPONSE, 8192, 64, &reader) == COP_OK);
    REQUIRE(h1_read(reader, response, &used, &body) == H1_HEAD);
    REQUIRE(h1_reader_head(reader)->length == response.n - used);
    h1_reader_free(&reader);
    if (form == NOTICE_JSON) {
        json_t *object =
            json_loadb(response.p + used, response.n - used, 0, NULL);

        REQUIRE(object != NULL);
        json_decref(object);
    } else if (form == NOTICE_HTML) {
        REQUIRE(memmem(response.p, response.n, "<!x", 3) == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const enum field_id ids[] = {
        FIELD_SEC_FETCH_DEST, FIELD_ACCEPT, FIELD_ACCEPT_LANGUAGE};
    struct cop_slice rest = {(const char *)data, n};
    struct http_head head = {.minor = 1, .fields_n = 3};
    struct cop_slice line = http_cut(rest, '\n', &rest);
    char *detail = strndup(line.n != 0 ? line.p : "", line.n);
    struct notice_facts facts = {.request = &head, .detail = detail};
    struct buf out;

    facts.reason = (enum cop_reason)(n != 0 ? data[0] % COP_REASONS : 0);
    facts.contact = http_cut(rest, '\n', &rest);
    for (uint32_t i = 0; i < head.fields_n; i++) {
        head.fields[i].id = ids[i];
        head.fields[i].value = http_cut(rest, '\n', &rest);
    }
    buf_init(&out, 1 << 20);
    notice_error(&out, &facts, notice_status_of(facts.reason));
    check(buf_slice(&out), notice_form_of(&head));
    buf_fini(&out);
    free(detail);
    return 0;
}
