/* Folders of source files for tests: written from pairs of name and text below
 * a folder of their own, removed with it. Include once per program. */
#ifndef TESTS_UNIT_SOURCES_H
#define TESTS_UNIT_SOURCES_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct sources_dir {
    char path[64];
};

static inline int sources_dir_make(struct sources_dir *dir)
{
    (void)snprintf(dir->path, sizeof(dir->path), "/tmp/cop-sources-XXXXXX");
    return mkdtemp(dir->path) != NULL;
}

/* Write a file; folders in its name are made. */
static inline int sources_dir_put(
    const struct sources_dir *dir, const char *name, const char *text)
{
    char path[512];
    FILE *file;
    int ok;

    (void)snprintf(path, sizeof(path), "%s/%s", dir->path, name);
    for (char *slash = path + strlen(dir->path) + 1;
         (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "w");
    if (file == NULL) {
        return 0;
    }
    ok = fputs(text, file) >= 0;
    return fclose(file) == 0 && ok;
}

static inline int sources_dir_unlink(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void sources_dir_remove(const struct sources_dir *dir)
{
    (void)nftw(dir->path, sources_dir_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
