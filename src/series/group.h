/*
 * group: neighbouring ticks that become one line. Serves this folder only.
 *
 * Memory: the rows of all its ticks, at most GROUP_ROWS_MOST and one tick, and an index of the sites in it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "sites_private.h"
#include "tick_text.h"

enum { GROUP_ROWS_MOST = 16 << 20, GROUP_LINE_MOST = 48 << 20 /* well below LINE_MOST */ };

struct group_row {
	size_t at; /* in rows */
	size_t length;
};

struct group {
	struct buf head;	     /* the last tick without its lists, not closed */
	struct buf lists[LIST_COUNT]; /* names as they come; of the sites all rows, those that were replaced, too */
	struct sites sites;
	struct group_row *rows; /* the last row, by place in sites */
	size_t row_room;
	size_t rows_bytes;  /* in force */
	size_t ticks_bytes; /* of all ticks, without their names */
	size_t ticks;
};

void group_done(struct group *g);
/* It is worth its line, or would get too long with `more` bytes. */
bool group_is_whole(const struct group *g, size_t more);
int group_add(struct group *g, const char *line, size_t length, struct err *e);
/* Adds the line without a newline, and empties the group. */
int group_write(struct group *g, struct buf *to, struct err *e);
