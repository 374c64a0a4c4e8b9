/* One JSON object on one line (RFC 8259), never above LINE_MAX_BYTES: long
 * texts are cut between characters, members that have no room are left out,
 * and what comes out is valid whatever goes in. */
#ifndef GATEWAY_RECORD_LINE_H
#define GATEWAY_RECORD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cop/slice.h"

/* What a pipe takes in one piece (PIPE_BUF of Linux), line feed included. */
enum { LINE_MAX_BYTES = 4096 };

struct line {
    size_t n;
    unsigned depth; /* open objects and arrays, the line's own included */
    bool is_first;  /* nothing in the innermost one yet */
    char p[LINE_MAX_BYTES];
};

/* Start a line: its object is open. */
void line_open(struct line *line);
/* End it; all that was begun in it has been ended. */
void line_close(struct line *line);

/* Members of an object. `name` needs no escaping.
 * max    bytes of the value as written, quotes not counted */
void line_text(
    struct line *line, const char *name, struct cop_slice text, size_t max);
void line_word(struct line *line, const char *name, const char *word);
void line_number(struct line *line, const char *name, uint64_t number);
void line_true(struct line *line, const char *name);
/* RFC 3339, UTC; with milliseconds when ms >= 0. Left out when the year has
 * not four digits. */
void line_time(struct line *line, const char *name, int64_t unix_s, int ms);

/* An object ('{') or array ('[') as a member, at most three deep. Returns
 * false, with nothing begun, when there is no room. */
bool line_begin(struct line *line, const char *name, char bracket);
/* End what was begun with this bracket. */
void line_end(struct line *line, char bracket);
/* A text of an array: whole, or not at all. */
void line_item(struct line *line, const char *text);

#endif
