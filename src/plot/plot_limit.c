/* How much memory the cgroup of a process may have: a line where it is within reach, words where it is not. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "plot_chart_private.h"

enum { REACH = 2 }; /* what is farther off than this would press the curves to the floor */

/* Several processes with one limit have one line. */
static bool is_told(const struct tracks *t, size_t number)
{
	for (size_t i = 0; i < number; i++)
		if (t->at[i].limit == t->at[number].limit)
			return true;
	return false;
}

static bool is_of_all(const struct tracks *t)
{
	for (size_t i = 1; i < t->count; i++)
		if (t->at[i].limit != t->at[0].limit)
			return false;
	return true;
}

static int add_line(struct chart *c, const struct track *t, const char *name, struct err *e)
{
	const double limit = (double)t->limit;
	struct curve *line;
	int r = chart_curve(c, &line, CURVE_DASHED, COLOUR_OTHER, name, e);

	if (r < 0)
		return r;
	snprintf(line->figure, sizeof(line->figure), "%s", units_bytes(t->limit).text);
	r = curve_spot(line, &(struct spot){ c->from, limit, limit, limit }, e);
	return r < 0 ? r : curve_spot(line, &(struct spot){ c->to, limit, limit, limit }, e);
}

/* RSS of several together is no measure of a limit: who shares one is not known, and shared pages count once for each. */
int chart_limits(struct chart *c, const struct tracks *t, const struct plot_ask *ask, struct err *e)
{
	const double reach = c->top * REACH;
	_cleanup_(buf_done) struct buf note = { 0 };
	bool any = false;
	int r = 0;

	buf_puts(&note, c->note);
	for (size_t i = 0; r == 0 && i < t->count; i++) {
		const struct track *one = &t->at[i];
		_cleanup_(buf_done) struct buf name = { 0 };

		if (one->limit == 0 || is_told(t, i))
			continue;
		buf_puts(&name, "memory limit");
		if (!is_of_all(t))
			buf_printf(&name, " of %s", one->file);
		if (ask->many == PLOT_EACH && (double)one->limit <= reach) {
			c->top = fmax(c->top, 1.06 * (double)one->limit);
			r = add_line(c, one, name.data ? name.data : "", e);
			continue;
		}
		buf_printf(&note, "%s%s: %s%s", note.length ? "; " : "", name.data, units_bytes(one->limit).text,
			   ask->many == PLOT_EACH ? ", above this picture" : " each");
		any = true;
	}
	if (r < 0 || !any)
		return r;
	free(c->note);
	c->note = note.failed ? NULL : TAKE(note.data);
	return c->note ? 0 : err_set(e, ENOMEM, "out of memory for a plot");
}
