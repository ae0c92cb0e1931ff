/* The curves of a chart, and the spots of a curve: how they are kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plot_chart_private.h"

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a plot");
}

void chart_done(struct chart *c)
{
	for (size_t i = 0; i < c->curve_count; i++) {
		free(c->curves[i].name);
		free(c->curves[i].spots);
	}
	for (size_t i = 0; i < c->lane_count; i++) {
		free(c->lanes[i].name);
		free(c->lanes[i].bars);
	}
	free(c->curves);
	free(c->lanes);
	free(c->title);
	free(c->about);
	free(c->note);
	*c = (struct chart){ 0 };
}

int chart_curve(struct chart *c, struct curve **ret, enum curve_kind kind, size_t colour, const char *name,
		struct err *e)
{
	struct curve *curves = realloc(c->curves, (c->curve_count + 1) * sizeof(*curves));

	if (!curves)
		return no_memory(e);
	c->curves = curves;
	*ret = &curves[c->curve_count];
	**ret = (struct curve){ .kind = kind, .colour = colour, .name = strdup(name) };
	if (!(*ret)->name)
		return no_memory(e);
	c->curve_count++;
	return 0;
}

int curve_spot(struct curve *c, const struct spot *s, struct err *e)
{
	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 256;
		struct spot *more = realloc(c->spots, room * sizeof(*more));

		if (!more)
			return no_memory(e);
		c->spots = more;
		c->room = room;
	}
	c->spots[c->count++] = *s;
	return 0;
}
