/*
 * group: neighbouring ticks that become one line. Serves this folder only.
 *
 * It adds up what they change and tells that at once. Memory: the figures of all sites of the recording, twice, and the
 * names of its ticks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "change.h"
#include "memspy/buf.h"
#include "memspy/err.h"
#include "tick_text.h"

enum { GROUP_ROWS_MOST = 16 << 20, GROUP_LINE_MOST = 48 << 20 /* well below LINE_MOST */ };

struct group {
	struct buf head;		/* the last tick without its lists, not closed */
	struct buf lists[LIST_CHANGES]; /* names, sites and amounts as they come */
	struct buf rows;		/* of the changes, once they are made */
	bool at_peak;			/* with these rows */
	size_t rows_of;			/* how many ticks are in the rows */
	/* As of the last tick added, and as it was before the first of them. */
	struct sites sites;
	struct changes changes;
	struct told told;
	uint32_t *touched; /* sites with a change */
	bool *is_touched;
	size_t touched_count, touched_room;
	size_t ticks_bytes; /* of all ticks, without their names */
	size_t ticks;
};

void group_done(struct group *g);
/* A tick that is written already: what comes is added to that. */
int group_pass(struct group *g, const char *line, size_t length, struct err *e);
/* It is worth its line, or would get too long with `more` bytes. */
int group_is_whole(struct group *g, size_t more, bool *ret, struct err *e);
int group_add(struct group *g, const char *line, size_t length, struct err *e);
/* Adds the line without a newline, and empties the group. */
int group_write(struct group *g, struct buf *to, struct err *e);
