#include "gateway/notice/choose.h"
#include "gateway/notice/notice.h"

#include "gateway/http/syntax.h"

enum { ACCEPT_BYTES_MAX = 2048 };

struct use {
    const char *word;
    enum notice_form form;
};

/* Destinations of the Fetch standard. A frame gets a line of text: the page is
 * made for a whole window, and says that it will not be framed. */
static const struct use destinations[] = {
    {"audio", NOTICE_EMPTY},
    {"audioworklet", NOTICE_SCRIPT},
    {"document", NOTICE_HTML},
    {"embed", NOTICE_TEXT},
    {"empty", NOTICE_JSON},
    {"fencedframe", NOTICE_TEXT},
    {"font", NOTICE_EMPTY},
    {"frame", NOTICE_TEXT},
    {"iframe", NOTICE_TEXT},
    {"image", NOTICE_IMAGE},
    {"json", NOTICE_JSON},
    {"manifest", NOTICE_EMPTY},
    {"object", NOTICE_TEXT},
    {"paintworklet", NOTICE_SCRIPT},
    {"report", NOTICE_EMPTY},
    {"script", NOTICE_SCRIPT},
    {"serviceworker", NOTICE_SCRIPT},
    {"sharedworker", NOTICE_SCRIPT},
    {"style", NOTICE_STYLE},
    {"track", NOTICE_EMPTY},
    {"video", NOTICE_EMPTY},
    {"webidentity", NOTICE_JSON},
    {"worker", NOTICE_SCRIPT},
    {"xslt", NOTICE_STYLE},
};

static const struct use types[] = {
    {"application/javascript", NOTICE_SCRIPT},
    {"application/json", NOTICE_JSON},
    {"application/problem+json", NOTICE_JSON},
    {"application/xhtml+xml", NOTICE_HTML},
    {"image/*", NOTICE_IMAGE},
    {"image/avif", NOTICE_IMAGE},
    {"image/png", NOTICE_IMAGE},
    {"image/svg+xml", NOTICE_IMAGE},
    {"image/webp", NOTICE_IMAGE},
    {"text/*", NOTICE_TEXT},
    {"text/css", NOTICE_STYLE},
    {"text/html", NOTICE_HTML},
    {"text/javascript", NOTICE_SCRIPT},
    {"text/plain", NOTICE_TEXT},
};

#define FIND(word, uses) find((word), (uses), sizeof(uses) / sizeof(*(uses)))

static const struct use *find(
    struct cop_slice word, const struct use *uses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (http_same(word, cop_slice_of(uses[i].word))) {
            return &uses[i];
        }
    }
    return NULL;
}

/* The known type with the highest weight, the first among equals. */
static const struct use *find_accepted(struct cop_slice list)
{
    const struct use *best = NULL;
    unsigned most = 0;

    list.n = list.n < ACCEPT_BYTES_MAX ? list.n : ACCEPT_BYTES_MAX;
    while (list.n != 0) {
        struct cop_slice type;
        unsigned weight = choose_weight(http_cut(list, ',', &list), &type);
        const struct use *use = FIND(type, types);

        if (use != NULL && weight > most) {
            best = use;
            most = weight;
        }
    }
    return best;
}

enum notice_form notice_form_of(const struct http_head *request)
{
    const struct http_field *field;
    const struct use *use = NULL;

    if (request == NULL) {
        return NOTICE_HTML;
    }
    field = http_field_find(request, FIELD_SEC_FETCH_DEST);
    if (field != NULL) {
        use = FIND(field->value, destinations);
    }
    field = http_field_find(request, FIELD_ACCEPT);
    if (use == NULL && field != NULL) {
        use = find_accepted(field->value);
    }
    if (use != NULL) {
        return use->form;
    }
    /* Whatever takes anything is a program; those that say so take JSON. */
    return http_field_find(request, FIELD_X_REQUESTED_WITH) != NULL
               ? NOTICE_JSON
               : NOTICE_TEXT;
}
