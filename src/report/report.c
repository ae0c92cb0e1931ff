#include "memspy/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/more.h"
#include "memspy/own_code.h"
#include "memspy/report_figures.h"

static int bucket_of(double seconds)
{
	int bucket = -1;

	while (bucket + 1 < LIFETIME_BUCKETS - 1 && (double)(1 << (bucket + 1)) / 1000 <= seconds + 1e-9)
		bucket++;
	return bucket;
}

double report_temporary_seconds(double asked)
{
	return bucket_of(asked) < 0 ? 0 : (double)(1 << bucket_of(asked)) / 1000;
}

static void report_freep(struct report **r)
{
	report_free(*r);
}

void report_free(struct report *r)
{
	if (!r)
		return;
	moments_done(&r->moments);
	rows_done(&r->rows);
	free(r->parts);
	names_free(r->own_names);
	free(r->more);
	free(r->path);
	free(r);
}

/* Where a view looks back to unless one says otherwise. */
static int beginning(const struct report_ask *ask, struct moment *ret, struct err *e)
{
	*ret = ask->from;
	if (ask->from.kind == MOMENT_NOT_GIVEN && ask->view == VIEW_LEAKS)
		*ret = (struct moment){ MOMENT_SHARE_OF_STRETCH, 0.9 };
	if (ask->from.kind != MOMENT_NOT_GIVEN && ask->view == VIEW_LIVE)
		return err_set(e, EINVAL, "the view live is of one moment: --to says which; for a stretch ask --view growth, leaks, "
			       "peak or allocated");
	return 0;
}

/* The largest there ever was is kept by the event; that of a stretch is the tick with the largest sum. */
static int end_at_peak(struct report *r, const struct report_ask *ask, struct moment *ret, struct err *e)
{
	*ret = (struct moment){ .kind = MOMENT_SINCE_START };
	r->peak_is_tick = true;
	return moments_largest(r->path, ask->from, ask->to, &ret->value, e);
}

static bool tells_more(enum report_view view)
{
	return view == VIEW_LEAKS || view == VIEW_CHURN || view == VIEW_LIFETIMES || view == VIEW_TEMPORARY;
}

/* The parts under names of their own, which may be added to. */
static int keep_own_code(struct report *r, struct err *e)
{
	_cleanup_(own_code_done) struct own_code own = { 0 };
	_cleanup_(freep) uint32_t *of = NULL;
	struct names *names;
	int code = names_new(&names, e);

	if (code == 0)
		code = names_take(names, report_names(r), &of, e);
	for (size_t i = 0; i < r->part_count && code == 0; i++)
		code = own_code_of(&own, names, of[r->parts[i].stack], &r->parts[i].stack, e);
	if (code < 0)
		names_free(names);
	else
		r->own_names = names;
	return code;
}

int report_new(struct report **ret, const char *path, const struct report_ask *ask, struct err *e)
{
	_cleanup_(report_freep) struct report *r = calloc(1, sizeof(*r));
	struct moment from, to = ask->to;
	int code;

	if (!r || !(r->path = strdup(path)))
		return err_set(e, ENOMEM, "out of memory for a report");
	r->view = ask->view;
	r->by = ask->by;
	r->temporary_bucket = bucket_of(ask->temporary_seconds);
	r->since_attach = ask->from.kind == MOMENT_NOT_GIVEN && ask->view != VIEW_LEAKS && ask->view != VIEW_GROWTH &&
			  ask->view != VIEW_CHURN;
	code = beginning(ask, &from, e);
	if (code == 0 && ask->view == VIEW_PEAK && ask->from.kind != MOMENT_NOT_GIVEN && !ask->unread)
		code = end_at_peak(r, ask, &to, e);
	if (code == 0 && ask->unread)
		code = moments_find(&r->moments, path, from, to, e);
	else if (code == 0)
		code = (ask->only_ends ? moments_open_ends : moments_open)(&r->moments, path, from, to, e);
	if (code < 0)
		return code;
	if (ask->unread) {
		*ret = TAKE(r);
		return 0;
	}
	r->part_count = report_sample(r)->site_count;
	r->parts = calloc(r->part_count + 1, sizeof(*r->parts));
	if (!r->parts)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < r->part_count; i++)
		r->parts[i] = report_part(r, i);
	if (ask->own_code)
		code = keep_own_code(r, e);
	if (code == 0 && !ask->no_rows)
		code = rows_build(&r->rows, r->by, report_names(r), r->parts, r->part_count, e);
	if (code == 0 && tells_more(r->view) && !ask->only_ends)
		code = more_new(&r->more, r, e);
	if (code < 0)
		return code;
	*ret = TAKE(r);
	return 0;
}
