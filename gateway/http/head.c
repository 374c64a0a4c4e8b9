#include "gateway/http/head.h"

#include "gateway/http/syntax.h"

static const struct cop_slice names[FIELD_IDS] = {
#define HTTP_FIELD(symbol, name) [FIELD_##symbol] = {name, sizeof(name) - 1},
#include "gateway/http/field.tbl"
};

const struct http_field *http_field_find(
    const struct http_head *head, enum field_id id)
{
    for (uint32_t i = 0; i < head->fields_n; i++) {
        if (head->fields[i].id == id && !head->fields[i].dropped) {
            return &head->fields[i];
        }
    }
    return NULL;
}

enum field_id http_field_id(struct cop_slice name)
{
    for (int id = FIELD_OTHER + 1; id < FIELD_IDS; id++) {
        if (name.n == names[id].n && http_same(name, names[id])) {
            return (enum field_id)id;
        }
    }
    return FIELD_OTHER;
}

bool http_list_has(struct cop_slice list, struct cop_slice token)
{
    while (list.n != 0) {
        struct cop_slice member = http_cut(list, ',', &list);

        if (http_same(http_trim(member), token)) {
            return true;
        }
    }
    return false;
}
