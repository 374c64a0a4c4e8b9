#include "gateway/http/h1_lines.h"

#include <string.h>

#include "cop/url.h"
#include "gateway/http/syntax.h"

/* No longer target could be decided on, because none has a canonical form. */
enum { TARGET_MAX = COP_URL_MAX };

void h1_lines_init(struct h1_lines *lines, enum h1_section section,
    size_t bytes_max, uint32_t fields_max)
{
    *lines = (struct h1_lines){.section = section, .fields_max = fields_max};
    buf_init(&lines->text, bytes_max);
}

void h1_lines_fini(struct h1_lines *lines)
{
    if (lines->text.p != NULL) {
        explicit_bzero(lines->text.p, lines->text.cap);
    }
    buf_fini(&lines->text);
}

static bool has_prefix(struct cop_slice text, struct cop_slice prefix)
{
    return text.n >= prefix.n && memcmp(text.p, prefix.p, prefix.n) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.0" or "HTTP/1.1", whose letters have one case (RFC 9112 2.3). */
static enum http_fault check_version(struct cop_slice version)
{
    if (version.n != 8 || !has_prefix(version, COP_LIT("HTTP/")) ||
        !is_digit(version.p[5]) || version.p[6] != '.' ||
        !is_digit(version.p[7])) {
        return HTTP_FAULT_VERSION;
    }
    if (version.p[5] != '1' || version.p[7] > '1') {
        return HTTP_FAULT_VERSION_UNKNOWN;
    }
    return HTTP_FAULT_NONE;
}

/* method SP target SP version, with exactly one SP each (RFC 9112 3). */
static enum http_fault check_request_line(struct cop_slice line)
{
    struct cop_slice rest;
    struct cop_slice version;
    struct cop_slice method = http_cut(line, ' ', &rest);
    struct cop_slice target = http_cut(rest, ' ', &version);

    if (!http_is_token(method)) {
        return HTTP_FAULT_METHOD;
    }
    if (target.n > TARGET_MAX) {
        return HTTP_FAULT_TARGET_LONG;
    }
    if (target.n == 0 || version.n == 0) {
        return HTTP_FAULT_REQUEST_LINE;
    }
    if (!http_is_target(target)) {
        return HTTP_FAULT_TARGET_BYTES;
    }
    return check_version(version);
}

/* version SP status [SP [reason]] (RFC 9112 4). The grammar wants the second
 * SP even before an empty reason; servers leave it out, which has no other
 * reading. */
static enum http_fault check_status_line(struct cop_slice line)
{
    struct cop_slice rest;
    struct cop_slice reason;
    struct cop_slice version = http_cut(line, ' ', &rest);
    struct cop_slice status = http_cut(rest, ' ', &reason);
    enum http_fault fault = check_version(version);

    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    if (status.n != 3 || !is_digit(status.p[0]) || !is_digit(status.p[1]) ||
        !is_digit(status.p[2])) {
        return HTTP_FAULT_STATUS_LINE;
    }
    if (status.p[0] < '1' || status.p[0] > '5') {
        return HTTP_FAULT_STATUS_RANGE;
    }
    return HTTP_FAULT_NONE;
}

static enum http_fault check_field_line(struct cop_slice line)
{
    struct cop_slice value;
    struct cop_slice name = http_cut(line, ':', &value);

    /* RFC 9112 5.2: obs-fold is refused, not unfolded. */
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        return HTTP_FAULT_FOLDED;
    }
    if (name.n == line.n) {
        return HTTP_FAULT_NO_COLON;
    }
    if (name.n == 0) {
        return HTTP_FAULT_NAME_EMPTY;
    }
    /* RFC 9112 5.1: a server MUST refuse this with 400. */
    if (name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t') {
        return HTTP_FAULT_NAME_SPACE;
    }
    return http_is_token(name) ? HTTP_FAULT_NONE : HTTP_FAULT_NAME;
}

/* Refuse a first line that can only become wrong without waiting for its end:
 * whoever greets in another protocol waits for our answer to it. */
static enum http_fault check_beginning(const struct h1_lines *lines)
{
    struct cop_slice text = buf_slice(&lines->text);
    struct cop_slice http = COP_LIT("HTTP/");

    if (lines->lines != 0 || lines->section == H1_TRAILER_SECTION) {
        return HTTP_FAULT_NONE;
    }
    if (lines->section == H1_REQUEST_HEAD) {
        text.n = 1;
        return *text.p == '\r' || http_is_token(text) ? HTTP_FAULT_NONE
                                                      : HTTP_FAULT_METHOD;
    }
    http.n = text.n < http.n ? text.n : http.n;
    return has_prefix(text, http) ? HTTP_FAULT_NONE : HTTP_FAULT_STATUS_LINE;
}

/* Look at bytes up to `end` that were not yet: none may be a control, CR and
 * LF included, because the caller left out those that end a line. */
static enum http_fault check_bytes(struct h1_lines *lines, size_t end)
{
    for (size_t i = lines->seen; i < end; i++) {
        if (lines->text.p[i] == '\r') {
            return HTTP_FAULT_BARE_CR;
        }
        if (http_is_control(lines->text.p[i])) {
            return HTTP_FAULT_CONTROL;
        }
    }
    lines->seen = end > lines->seen ? end : lines->seen;
    return HTTP_FAULT_NONE;
}

static enum http_fault check_empty_line(struct h1_lines *lines, bool *whole)
{
    if (lines->lines != 0 || lines->section == H1_TRAILER_SECTION) {
        *whole = true;
        return HTTP_FAULT_NONE;
    }
    /* RFC 9112 2.2: at least one empty line before a request is ignored. */
    if (lines->section == H1_REQUEST_HEAD && !lines->skipped_empty) {
        lines->skipped_empty = true;
        buf_clear(&lines->text);
        lines->line = lines->seen = 0;
        return HTTP_FAULT_NONE;
    }
    return HTTP_FAULT_EMPTY_LINE;
}

static enum http_fault check_first_line(
    enum h1_section section, struct cop_slice line)
{
    return section == H1_REQUEST_HEAD ? check_request_line(line)
                                      : check_status_line(line);
}

/* text ends in LF: a line is whole. */
static enum http_fault end_line(struct h1_lines *lines, bool *whole)
{
    size_t end = lines->text.n;
    struct cop_slice line = {lines->text.p + lines->line, 0};
    enum http_fault fault;

    if (end < lines->line + 2 || lines->text.p[end - 2] != '\r') {
        return HTTP_FAULT_BARE_LF;
    }
    line.n = end - 2 - lines->line;
    if (line.n == 0) {
        return check_empty_line(lines, whole);
    }
    fault = check_bytes(lines, end - 2);
    if (fault != HTTP_FAULT_NONE) {
        return fault;
    }
    lines->seen = lines->line = end;
    lines->lines++;
    if (lines->lines == 1 && lines->section != H1_TRAILER_SECTION) {
        return check_first_line(lines->section, line);
    }
    return check_field_line(line);
}

static enum http_fault too_large(const struct h1_lines *lines)
{
    if (lines->section == H1_TRAILER_SECTION) {
        return HTTP_FAULT_TRAILERS_LARGE;
    }
    return lines->section == H1_REQUEST_HEAD && lines->lines == 0
               ? HTTP_FAULT_TARGET_LONG
               : HTTP_FAULT_HEAD_LARGE;
}

static enum http_fault check_count(const struct h1_lines *lines)
{
    bool is_trailer = lines->section == H1_TRAILER_SECTION;
    uint32_t others = is_trailer ? 0 : 1;

    if (lines->lines <= lines->fields_max + others) {
        return HTTP_FAULT_NONE;
    }
    return is_trailer ? HTTP_FAULT_TRAILERS_MANY : HTTP_FAULT_FIELDS_MANY;
}

/* Add a piece that holds LF at its end or nowhere. */
static enum http_fault add_piece(
    struct h1_lines *lines, struct cop_slice piece, bool *whole)
{
    enum http_fault fault;

    if (piece.n > lines->text.max - lines->text.n) {
        return too_large(lines);
    }
    buf_add_slice(&lines->text, piece);
    if (lines->text.failed) {
        return HTTP_FAULT_MEMORY;
    }
    fault = check_beginning(lines);
    if (fault == HTTP_FAULT_NONE) {
        /* The last byte may be the CR of a line's end that is to come. */
        fault = piece.p[piece.n - 1] == '\n'
                    ? end_line(lines, whole)
                    : check_bytes(lines, lines->text.n - 1);
    }
    return fault != HTTP_FAULT_NONE ? fault : check_count(lines);
}

enum http_fault h1_lines_take(
    struct h1_lines *lines, struct cop_slice bytes, size_t *used, bool *whole)
{
    enum http_fault fault = HTTP_FAULT_NONE;

    *used = 0;
    *whole = false;
    while (*used < bytes.n && !*whole && fault == HTTP_FAULT_NONE) {
        struct cop_slice piece = {bytes.p + *used, bytes.n - *used};
        const char *lf = memchr(piece.p, '\n', piece.n);

        if (lf != NULL) {
            piece.n = (size_t)(lf - piece.p) + 1;
        }
        fault = add_piece(lines, piece, whole);
        *used += piece.n;
    }
    return fault;
}
