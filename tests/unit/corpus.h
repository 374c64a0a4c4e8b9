/* Cases of the text files in tests/corpora; README.md there tells the form.
 * Include once per program. */
#ifndef TESTS_UNIT_CORPUS_H
#define TESTS_UNIT_CORPUS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/base/buf.h"

enum { CORPUS_VALUES = 64, CORPUS_BYTES = 1 << 20 };

struct corpus_case {
    char title[256]; /* with the value's number */
    char outcome[100];
    struct cop_slice bytes;
};

typedef void (*corpus_work)(const struct corpus_case *sample);

/* A case as its lines are. */
struct corpus_lines {
    char title[200];
    char outcome[100];
    char *values[CORPUS_VALUES];
    size_t values_n;
    struct buf text;
};

static inline char corpus_escape(const char **at)
{
    static const char letters[] = "rnt\\";
    static const char bytes[] = "\r\n\t\\";
    const char *letter = strchr(letters, **at);
    char hex[3] = "";

    if (**at != 'x') {
        assert_true(letter != NULL && **at != '\0');
        (*at)++;
        return bytes[letter - letters];
    }
    strncpy(hex, *at + 1, 2);
    assert_int_equal(strspn(hex, "0123456789abcdefABCDEF"), 2);
    *at += 3;
    return (char)strtoul(hex, NULL, 16);
}

/* Text without "{": escapes become bytes, up to `end`. */
static inline void corpus_plain(
    struct buf *out, const char *at, const char *end)
{
    while (at < end) {
        char c = *at++;

        buf_add_char(out, c == '\\' ? corpus_escape(&at) : c);
    }
}

/* "{N*text}": where it ends; NULL if this is nothing of the kind. */
static inline const char *corpus_repeat(struct buf *out, const char *at)
{
    char *star;
    unsigned long n = strtoul(at + 1, &star, 10);
    const char *end = strchr(at, '}');

    if (star == at + 1 || *star != '*' || end == NULL) {
        return NULL;
    }
    for (unsigned long i = 0; i < n; i++) {
        corpus_plain(out, star + 1, end);
    }
    return end + 1;
}

static inline bool corpus_skip(const char **at, const char *word)
{
    bool is_there = strncmp(*at, word, strlen(word)) == 0;

    *at += is_there ? strlen(word) : 0;
    return is_there;
}

/* Text into bytes; `value` without values of its own. */
static inline void corpus_expand(
    struct buf *out, const char *at, const char *value)
{
    static const char host[] = "library.example:8080";

    while (*at != '\0') {
        const char *end = *at == '{' ? corpus_repeat(out, at) : NULL;

        if (end != NULL) {
            at = end;
        } else if (value != NULL && corpus_skip(&at, "{?}")) {
            corpus_expand(out, value, NULL);
        } else if (corpus_skip(&at, "{host}")) {
            buf_print(out, "%s", host);
        } else if (corpus_skip(&at, "{to}")) {
            buf_print(out, "http://%s/ HTTP/1.1\r\nHost: %s\r\n", host, host);
        } else {
            end = at + 1 + (*at == '\\' && at[1] == 'x' ? 3 : *at == '\\');
            corpus_plain(out, at, end);
            at = end;
        }
    }
}

static inline void corpus_play(
    const struct corpus_lines *lines, size_t i, corpus_work work)
{
    struct corpus_case sample;
    struct buf bytes;

    buf_init(&bytes, CORPUS_BYTES);
    corpus_expand(
        &bytes, lines->text.p, lines->values_n > 0 ? lines->values[i] : NULL);
    assert_false(bytes.failed);
    snprintf(sample.title, sizeof(sample.title), "%.199s, value %zu",
        lines->title, i + 1);
    memcpy(sample.outcome, lines->outcome, sizeof(sample.outcome));
    sample.bytes = buf_slice(&bytes);
    work(&sample);
    buf_fini(&bytes);
}

/* The case is over: play it with each value. How many there were. */
static inline size_t corpus_end(struct corpus_lines *lines, corpus_work work)
{
    size_t n = lines->values_n > 0 ? lines->values_n : 1;

    if (lines->outcome[0] == '\0') {
        return 0;
    }
    buf_add_char(&lines->text, '\0');
    for (size_t i = 0; i < n; i++) {
        corpus_play(lines, i, work);
    }
    for (size_t i = 0; i < lines->values_n; i++) {
        free(lines->values[i]);
    }
    buf_fini(&lines->text);
    memset(lines, 0, sizeof(*lines));
    buf_init(&lines->text, CORPUS_BYTES);
    return n;
}

static inline void corpus_line(struct corpus_lines *lines, const char *line)
{
    if (lines->title[0] == '\0') {
        snprintf(lines->title, sizeof(lines->title), "%s", line);
    } else if (lines->outcome[0] == '\0') {
        snprintf(lines->outcome, sizeof(lines->outcome), "%s", line);
    } else if (line[0] == '?' && line[1] == ' ') {
        assert_true(lines->values_n < CORPUS_VALUES);
        lines->values[lines->values_n++] = strdup(line + 2);
    } else {
        buf_print(&lines->text, "%s", line);
    }
}

/* Play all cases of a file below tests/corpora; returns how many. */
static inline size_t corpus_each(const char *name, corpus_work work)
{
    struct corpus_lines lines = {.values_n = 0};
    char path[512];
    char *line = NULL;
    size_t cap = 0;
    size_t n = 0;
    FILE *file;

    snprintf(path, sizeof(path), TESTS_DIR "/corpora/%s", name);
    file = fopen(path, "r");
    assert_non_null(file);
    buf_init(&lines.text, CORPUS_BYTES);
    while (getline(&line, &cap, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0') {
            n += corpus_end(&lines, work);
        } else if (line[0] != '#') {
            corpus_line(&lines, line);
        }
    }
    n += corpus_end(&lines, work);
    buf_fini(&lines.text);
    free(line);
    fclose(file);
    return n;
}

#endif
