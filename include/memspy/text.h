/*
 * text: names and figures as people read them, in columns.
 *
 * Names of the target are claims: what comes out of here is safe on a terminal, whatever went in. Columns are counted in
 * characters.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/estimate.h"
#include "memspy/rows.h"

/* The bytes of the character that text begins with; 0: it is not UTF-8. */
size_t text_character(const char *text, uint32_t *ret);
/* For a terminal: control characters, what turns the direction of text, what is not UTF-8 become visible escapes. */
void text_escape(struct buf *to, const char *text);
/* The same in at most TEXT_NAME columns, cut from the right: what nobody would read to its end. */
enum { TEXT_NAME = 160 };
void text_name(struct buf *to, const char *text);
/* A name escaped, in at most so many columns, cut from the left: its end tells it apart. For the caller to free; NULL: no
 * memory. */
char *text_end(const char *text, size_t columns);
/* A line of escaped text and a newline; in at most `width` columns where that is not 0. */
void text_line(struct buf *to, const struct buf *line, size_t width);
/* Lines of escaped text, each with its newline; what is wider than `width` (0, or hardly any: nothing is) goes on in the next line,
 * before a word and behind so many spaces. */
void text_fold(struct buf *to, const struct buf *lines, size_t width, size_t margin);
/* The part of a path that tells files apart, escaped, in at most `room` columns; cut from the left. */
void text_path(struct buf *to, const char *path, size_t room);
size_t text_columns(const char *text); /* of escaped text */
void text_pad(struct buf *to, size_t columns); /* so many spaces */
void text_number(struct buf *to, uint64_t n, size_t columns); /* "307,900", right-aligned */
void text_percent(struct buf *to, uint64_t bytes, struct interval sure, size_t columns); /* half the interval: "5 %" */
/* The same of what grew or shrank; more than 100 % may have done the other. */
void text_growth_percent(struct buf *to, struct difference growth, size_t columns);
/* "shop/cache.py:88" */
void text_place(struct buf *to, const struct row *row, size_t room);
