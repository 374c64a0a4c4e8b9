/* Lists into the model: their rows, their files, their entries. */
#include "rules/model/model.h"
#include "rules/read/entry.h"
#include "rules/read/list.h"

bool model_reserve_lists(struct model *model, size_t n)
{
    model->lists = arena_array(model->arena, n + 1, sizeof(model->lists[0]));
    model->room = n;
    model->files_room = n * LIST_FILES_MAX + 1;
    model->files =
        arena_array(model->arena, model->files_room, sizeof(model->files[0]));
    return model->lists != NULL && model->files != NULL;
}

struct model_list *model_add_list(struct model *model,
    const struct tables_list *list, const struct fact_list *fact,
    const struct place *place)
{
    struct model_list *out;

    if (model->lists_n >= model->room) {
        return NULL;
    }
    out = &model->lists[model->lists_n++];
    *out = (struct model_list){.t = *list, .fact = fact, .place = *place};
    return out;
}

uint32_t model_add_file(struct model *model, struct cop_slice name)
{
    for (size_t i = 0; i < model->files_n; i++) {
        if (cop_slice_eq(model->files[i], name)) {
            return (uint32_t)i;
        }
    }
    if (model->files_n == model->files_room) {
        return 0;
    }
    model->files[model->files_n] = name;
    return (uint32_t)model->files_n++;
}

/* Where the entries being read go. */
struct target {
    struct model *model;
    uint32_t index; /* of the list */
    uint32_t file;
};

static bool take(void *context, enum entry_object object, struct cop_slice text,
    uint32_t line)
{
    const struct target *target = context;
    const struct tables_entry entry = {
        .text = text,
        .list = target->index,
        .file = target->file,
        .line = line,
        .object = object,
    };

    return entries_add(&target->model->entries, &entry);
}

/* The entries that follow are of a file in the list's folder. */
static bool enter(void *context, const char *file)
{
    struct target *target = context;
    struct model *model = target->model;
    struct cop_slice name = arena_print(
        model->arena, "%s/%s", model->lists[target->index].fact->name.p, file);

    if (name.p == NULL) {
        return false;
    }
    target->file = model_add_file(model, name);
    return true;
}

/* Load one list; bytes of files read so far are added up in the sink. */
static enum cop_status load_list(
    struct model *model, size_t index, struct list_sink *sink)
{
    struct model_list *list = &model->lists[index];
    struct target target = {
        .model = model,
        .index = (uint32_t)index,
    };
    struct list_bytes bytes;
    enum cop_status status;

    if (list->fact->format != LIST_SQUIDGUARD) {
        target.file = model_add_file(model, list->fact->name);
    }
    list->first = model->entries.n;
    sink->take = take;
    sink->enter = enter;
    sink->context = &target;
    status = list_read(list->fact, sink, model->report, &bytes);
    sink->bytes_before += bytes.n;
    memcpy(list->digest, bytes.digest, sizeof(list->digest));
    list->n = model->entries.n - list->first;
    return status == COP_E_NOMEM ? status : COP_OK;
}

enum cop_status model_load_lists(struct model *model)
{
    struct list_sink sink = {
        .progress = model->options->progress,
        .progress_context = model->options->progress_context,
    };
    enum cop_status status = COP_OK;

    for (size_t i = 0; i < model->lists_n; i++) {
        if (model->lists[i].fact != NULL) {
            sink.bytes_total += list_file_bytes(model->lists[i].fact);
        }
    }
    for (size_t i = 0; i < model->lists_n && status == COP_OK; i++) {
        if (model->lists[i].fact != NULL) {
            status = load_list(model, i, &sink);
        }
    }
    if (sink.progress != NULL && sink.bytes_total > 0) {
        sink.progress(sink.progress_context, "reading lists", sink.bytes_before,
            sink.bytes_total);
    }
    return status;
}

/* ---- single objects ---- */

/* One colon comes before a port; an IPv6 address has several. */
static bool has_port(struct cop_slice text)
{
    size_t colons = 0;

    for (size_t i = 0; i < text.n; i++) {
        colons += text.p[i] == ':';
    }
    return colons == 1;
}

/* Of a URL that names a host and nothing else, the host, without brackets
 * around an address; of any other text, the text. */
static struct cop_slice host_of(struct cop_slice text, bool *is_host)
{
    struct cop_slice rest = text;

    for (size_t i = 0; i + 2 < text.n; i++) {
        if (memcmp(text.p + i, "://", 3) == 0) {
            rest = (struct cop_slice){text.p + i + 3, text.n - i - 3};
            break;
        }
    }
    if (rest.n > 0 && rest.p[rest.n - 1] == '/') {
        rest.n--;
    }
    if (rest.n > 1 && rest.p[0] == '[' && rest.p[rest.n - 1] == ']') {
        *is_host = true;
        return (struct cop_slice){rest.p + 1, rest.n - 2};
    }
    *is_host = memchr(rest.p, '/', rest.n) == NULL &&
               memchr(rest.p, '?', rest.n) == NULL && !has_port(rest);
    return *is_host ? rest : text;
}

struct object_target {
    struct target target;
    uint32_t line;
};

static bool take_object(
    void *context, enum entry_object object, struct cop_slice text)
{
    struct object_target *into = context;

    return take(&into->target, object, text, into->line);
}

enum cop_status model_add_object(struct model *model, struct model_list *list,
    const struct fact_entry *entry, enum entry_object plain,
    struct cop_slice file)
{
    struct object_target into = {
        .target = {.model = model,
            .index = (uint32_t)(list - model->lists),
            .file = model_add_file(model, file)},
        .line = entry->place.line,
    };
    struct entry_flaw flaw = {.what = "there is no host here"};
    bool is_host = false;
    struct cop_slice text = host_of(entry->text, &is_host);
    const struct entry_reader reader = {
        .format = is_host ? LIST_DOMAINS : LIST_URLS,
        .object = plain,
        .take = take_object,
        .context = &into,
    };
    size_t before = model->entries.n;

    list->first = list->n == 0 ? before : list->first;
    (void)entry_read(&reader, text, &flaw);
    if (model->entries.is_full) {
        return COP_E_NOMEM;
    }
    if (model->entries.n == before) {
        cop_report_at(model->report, COP_ERROR, "list", entry->place.file,
            entry->place.line, entry->place.column,
            "write a host or a URL: example.com, https://example.com/path",
            "%s", flaw.what);
    }
    list->n = model->entries.n - list->first;
    return COP_OK;
}
