/*
 * A recording that is being written: a tick takes the place of the closing, so what we took for the end was not.
 */
#include "series_private.h"

int series_more(struct series *s, struct err *e)
{
	size_t length;
	char *line;
	int r;

	if (s->end || !(s->closed || s->torn) || s->end_place == 0)
		return 0;
	/* The newline before the closing, or the comma that stands there now: the rest of that line is nothing. */
	r = lines_go_on(&s->lines, s->end_place - 1, e);
	if (r == 0)
		r = lines_next(&s->lines, &line, &length, e);
	if (r < 0)
		return err_add(e, r, "%s", s->path);
	s->closed = s->torn = false;
	return 0;
}
