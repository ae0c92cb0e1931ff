#include "memspy/report.h"

#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "report_private.h"

const char *const report_view_names[VIEW_COUNT] = {
	[VIEW_LIVE] = "live", [VIEW_ALLOCATED] = "allocated", [VIEW_PEAK] = "peak", [VIEW_LEAKS] = "leaks",
};

static void report_freep(struct report **r)
{
	report_free(*r);
}

void report_free(struct report *r)
{
	if (!r)
		return;
	series_free(r->series);
	rows_done(&r->rows);
	free(r->marked);
	free(r->parts);
	free(r);
}

static int keep_mark(struct report *r, struct err *e)
{
	const struct sample *s = series_sample(r->series);

	r->marked = calloc(s->site_count + 1, sizeof(*r->marked));
	if (!r->marked)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < s->site_count; i++)
		r->marked[i] = s->sites[i].live;
	r->marked_count = s->site_count;
	r->mark_seconds = series_seconds(r->series);
	return 0;
}

int report_read(struct report *r, const char *path, double mark, struct err *e)
{
	double last = 0;
	size_t ticks = 0;
	int code;

	r->path = path;
	code = series_open(&r->series, path, e);
	if (code == 0 && mark > 0)
		code = series_last_seconds(path, &last, e);
	if (code < 0)
		return code;
	while ((code = series_next(r->series, e)) == 0) {
		uint64_t rss = series_sample(r->series)->memory.rss;

		r->first_rss = ticks++ ? r->first_rss : rss;
		r->most_rss = rss > r->most_rss ? rss : r->most_rss;
		if (mark > 0 && !r->marked && series_seconds(r->series) >= mark * last)
			code = keep_mark(r, e);
		if (code < 0)
			return code;
	}
	if (code < 0)
		return code;
	if (ticks == 0)
		return err_set(e, ENODATA, "%s holds no moment yet: the recording ended, or was killed, before its "
			       "first tick", path);
	r->seconds = series_seconds(r->series);
	return 0;
}

/*
 * What was live at the mark and is no more, or is newer, is out. Blocks that took the place of others in between cannot
 * be told from those that stayed: the smaller of the two figures is the most that can have stayed.
 */
static struct estimate stayed(const struct report *r, size_t site)
{
	const struct estimate *now = &series_sample(r->series)->sites[site].live;

	if (site >= r->marked_count)
		return (struct estimate){ 0 };
	return r->marked[site].bytes < now->bytes ? r->marked[site] : *now;
}

static struct estimate figures(const struct report *r, size_t site)
{
	const struct site *s = &series_sample(r->series)->sites[site];

	switch (r->view) {
	case VIEW_ALLOCATED:
		return s->alloc;
	case VIEW_PEAK:
		return s->peak;
	case VIEW_LEAKS:
		return stayed(r, site);
	default:
		return s->live;
	}
}

int report_new(struct report **ret, const char *path, enum report_view view, enum rows_by by, struct err *e)
{
	_cleanup_(report_freep) struct report *r = calloc(1, sizeof(*r));
	const struct sample *s;
	int code;

	if (!r)
		return err_set(e, ENOMEM, "out of memory for a report");
	r->view = view;
	r->by = by;
	code = report_read(r, path, view == VIEW_LEAKS ? 0.9 : 0, e);
	if (code < 0)
		return code;
	s = series_sample(r->series);
	r->parts = calloc(s->site_count + 1, sizeof(*r->parts));
	if (!r->parts)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < s->site_count; i++)
		r->parts[i] = (struct part){ s->sites[i].stack, figures(r, i) };
	r->part_count = s->site_count;
	code = rows_build(&r->rows, by, series_names(r->series), r->parts, r->part_count, e);
	if (code < 0)
		return code;
	*ret = TAKE(r);
	return 0;
}
