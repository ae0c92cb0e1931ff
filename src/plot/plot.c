#include "memspy/plot.h"

#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "plot_private.h"

const char *const plot_theme_names[PLOT_THEME_COUNT] = {
	[PLOT_AUTO] = "auto", [PLOT_LIGHT] = "light", [PLOT_DARK] = "dark",
};

static void plot_freep(struct plot **p)
{
	plot_free(*p);
}

void plot_free(struct plot *p)
{
	if (!p)
		return;
	chart_done(&p->chart);
	free(p);
}

int plot_new(struct plot **ret, const struct plot_ask *ask, struct err *e)
{
	_cleanup_(plot_freep) struct plot *p = calloc(1, sizeof(*p));
	_cleanup_(tracks_done) struct tracks tracks = { 0 };
	int r = p ? 0 : err_set(e, ENOMEM, "out of memory for a plot");

	for (size_t i = 0; r == 0 && i < ask->path_count; i++)
		r = plot_read(&tracks, ask->paths[i], ask, e);
	if (r == 0)
		r = chart_make(&p->chart, &tracks, ask, e);
	if (r < 0)
		return r;
	*ret = TAKE(p);
	return 0;
}
