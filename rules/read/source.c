#include "rules/read/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that is still to be read. */
struct folder {
    struct cop_slice path;
    struct cop_slice name; /* relative; empty for the one that was given */
    const struct folder *next;
};

struct walk {
    struct arena *arena;
    struct cop_report *report;
    const struct folder *folders;
    struct source *found; /* on the heap */
    size_t found_n;
    size_t found_cap;
    size_t folders_n;
};

static enum cop_status refuse(struct walk *walk, const char *path,
    enum cop_status status, const char *todo, const char *why)
{
    cop_report_at(walk->report, COP_ERROR,
        status == COP_E_LIMIT ? "limit" : "io", path, 0, 0, todo,
        "cannot read %s: %s", path, why);
    return status;
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name);
    size_t s = strlen(suffix);

    return n > s && strcmp(name + n - s, suffix) == 0;
}

/* The same, however it is written. */
static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name);
    size_t s = strlen(ending);

    return n > s && strcasecmp(name + n - s, ending) == 0;
}

static enum cop_status add_source(struct walk *walk, struct cop_slice path,
    struct cop_slice name, const struct stat *st)
{
    if (walk->found_n == SOURCES_MAX) {
        return refuse(walk, path.p, COP_E_LIMIT, "compile fewer at a time",
            "there are too many documents");
    }
    if (walk->found_n == walk->found_cap) {
        size_t cap = walk->found_cap == 0 ? 64 : walk->found_cap * 2;
        struct source *grown =
            realloc(walk->found, cap * sizeof(walk->found[0]));

        if (grown == NULL) {
            return COP_E_NOMEM;
        }
        walk->found = grown;
        walk->found_cap = cap;
    }
    walk->found[walk->found_n++] = (struct source){
        .path = path,
        .name = name,
        .bytes = (uint64_t)st->st_size,
        .device = (uint64_t)st->st_dev,
        .inode = (uint64_t)st->st_ino,
    };
    return COP_OK;
}

static enum cop_status add_folder(
    struct walk *walk, struct cop_slice path, struct cop_slice name)
{
    struct folder *folder = arena_alloc(walk->arena, sizeof(*folder));

    if (folder == NULL) {
        return COP_E_NOMEM;
    }
    if (++walk->folders_n > SOURCES_MAX || path.n > SOURCE_PATH_MAX) {
        return refuse(walk, path.p, COP_E_LIMIT, "compile fewer at a time",
            "there are too many folders");
    }
    *folder = (struct folder){path, name, walk->folders};
    walk->folders = folder;
    return COP_OK;
}

static void pass_over(
    struct walk *walk, const char *path, const char *todo, const char *why)
{
    cop_report_at(walk->report, COP_WARNING, "io", path, 0, 0, todo, "%s", why);
}

/* A name that is no folder: a document, or none. What looks like one and is
 * passed over is told, because a law that is left out closes nothing. */
static enum cop_status visit_file(
    struct walk *walk, struct cop_slice path, struct cop_slice name)
{
    bool is_document = has_suffix(path.p, ".yaml");
    struct stat st;

    if (!is_document &&
        (has_ending(path.p, ".yml") || has_ending(path.p, ".yaml"))) {
        pass_over(walk, path.p, "rename it to .yaml if it is a document",
            "this file is not read; documents end in .yaml");
    }
    if (stat(path.p, &st) != 0) {
        return is_document
                   ? refuse(walk, path.p, COP_E_IO, NULL, strerror(errno))
                   : COP_OK;
    }
    if (S_ISDIR(st.st_mode)) {
        pass_over(walk, path.p, "name the folder that it leads to as well",
            "this link to a folder is not followed; nothing below it is read");
        return COP_OK;
    }
    if (is_document && !S_ISREG(st.st_mode)) {
        return refuse(walk, path.p, COP_E_IO, "put a file in its place",
            "it is no regular file");
    }
    return is_document ? add_source(walk, path, name, &st) : COP_OK;
}

/* One name in a folder. */
static enum cop_status visit(
    struct walk *walk, const struct folder *folder, const char *entry)
{
    struct cop_slice path =
        arena_print(walk->arena, "%s/%s", folder->path.p, entry);
    struct cop_slice name = arena_print(walk->arena, "%s%s%s", folder->name.p,
        folder->name.n > 0 ? "/" : "", entry);
    struct stat st;

    if (path.p == NULL || name.p == NULL) {
        return COP_E_NOMEM;
    }
    if (lstat(path.p, &st) != 0) {
        return refuse(walk, path.p, COP_E_IO, NULL, strerror(errno));
    }
    return S_ISDIR(st.st_mode) ? add_folder(walk, path, name)
                               : visit_file(walk, path, name);
}

static enum cop_status read_folder(
    struct walk *walk, const struct folder *folder)
{
    enum cop_status status = COP_OK;
    DIR *dir = opendir(folder->path.p);

    if (dir == NULL) {
        return refuse(walk, folder->path.p, COP_E_IO, NULL, strerror(errno));
    }
    while (status == COP_OK) {
        const struct dirent *entry;

        errno = 0;
        entry = readdir(dir);
        if (entry == NULL) {
            status = errno == 0 ? COP_OK
                                : refuse(walk, folder->path.p, COP_E_IO, NULL,
                                      strerror(errno));
            break;
        }
        if (entry->d_name[0] != '.') {
            status = visit(walk, folder, entry->d_name);
        }
    }
    (void)closedir(dir);
    return status;
}

/* A path that was given: a folder, or a file whose name is its last part. */
static enum cop_status start(struct walk *walk, const char *path)
{
    struct cop_slice copy = arena_copy(walk->arena, cop_slice_of(path));
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (copy.p == NULL) {
        return COP_E_NOMEM;
    }
    if (stat(path, &st) != 0) {
        return refuse(
            walk, copy.p, COP_E_IO, "check the name", strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return add_folder(walk, copy, COP_LIT(""));
    }
    if (!S_ISREG(st.st_mode)) {
        return refuse(walk, copy.p, COP_E_IO, "name a file or a folder",
            "it is neither a file nor a folder");
    }
    return add_source(walk, copy,
        slash == NULL ? copy : arena_copy(walk->arena, cop_slice_of(slash + 1)),
        &st);
}

/* Same files together; of one file the longest name first, so that it does not
 * depend on the order of the paths which name stays. */
static int file_order(const void *a, const void *b)
{
    const struct source *x = a;
    const struct source *y = b;

    if (x->device != y->device) {
        return x->device < y->device ? -1 : 1;
    }
    if (x->inode != y->inode) {
        return x->inode < y->inode ? -1 : 1;
    }
    if (x->name.n != y->name.n) {
        return x->name.n > y->name.n ? -1 : 1;
    }
    return cop_slice_cmp(x->path, y->path);
}

static int name_order(const void *a, const void *b)
{
    const struct source *x = a;
    const struct source *y = b;
    int order = cop_slice_cmp(x->name, y->name);

    return order != 0 ? order : cop_slice_cmp(x->path, y->path);
}

static enum cop_status settle(struct walk *walk, struct sources *out)
{
    struct source *kept =
        arena_array(walk->arena, walk->found_n + 1, sizeof(*kept));
    size_t n = 0;

    if (kept == NULL) {
        return COP_E_NOMEM;
    }
    if (walk->found_n > 0) {
        qsort(walk->found, walk->found_n, sizeof(*kept), file_order);
    }
    for (size_t i = 0; i < walk->found_n; i++) {
        const struct source *source = &walk->found[i];

        if (n > 0 && kept[n - 1].device == source->device &&
            kept[n - 1].inode == source->inode) {
            continue;
        }
        kept[n++] = *source;
        out->bytes += source->bytes;
    }
    qsort(kept, n, sizeof(*kept), name_order);
    out->p = kept;
    out->n = n;
    return COP_OK;
}

enum cop_status sources_find(const char *const *paths, size_t n,
    struct arena *arena, struct cop_report *report, struct sources *out)
{
    struct walk walk = {.arena = arena, .report = report};
    enum cop_status status = COP_OK;

    *out = (struct sources){NULL, 0, 0};
    for (size_t i = 0; i < n && status == COP_OK; i++) {
        status = start(&walk, paths[i]);
    }
    while (status == COP_OK && walk.folders != NULL) {
        const struct folder *folder = walk.folders;

        walk.folders = folder->next;
        status = read_folder(&walk, folder);
    }
    if (status == COP_OK) {
        status = settle(&walk, out);
    }
    free(walk.found);
    return status;
}

enum cop_status source_read(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum cop_status status = COP_OK;
    ssize_t got = 1;

    buf_clear(out);
    if (fd < 0) {
        return COP_E_IO;
    }
    while (got > 0) {
        size_t room = out->max - out->n < 65536 ? out->max - out->n : 65536;
        char *p = room > 0 ? buf_room(out, room) : NULL;

        if (p == NULL) {
            status = COP_E_LIMIT;
            break;
        }
        got = read(fd, p, room);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        out->n += got > 0 ? (size_t)got : 0;
    }
    if (got < 0) {
        status = COP_E_IO;
    }
    int error = errno;

    (void)close(fd);
    errno = error;
    return status;
}
