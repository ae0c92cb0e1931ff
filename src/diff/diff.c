#include "memspy/diff.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "diff_private.h"
#include "memspy/cleanup.h"

static void diff_freep(struct diff **d)
{
	diff_free(*d);
}

void diff_free(struct diff *d)
{
	if (!d)
		return;
	rows_done(&d->rows);
	if (!d->is_one) {
		report_free(d->before.report);
		free(d->parts);
	}
	report_free(d->after.report);
	names_free(d->merged);
	free(d->before.path);
	free(d->after.path);
	free(d);
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a difference");
}

/* ---- two moments of one recording ---- */

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int compare_moments(struct diff *d, const struct diff_ask *ask, struct err *e)
{
	const struct moment end = { MOMENT_BEFORE_END, 0 };
	const struct report_ask between = {
		.view = VIEW_GROWTH, .to = ask->after.at, .only_ends = true, .no_rows = true,
		.from = ask->before.at.kind == MOMENT_NOT_GIVEN ? end : ask->before.at,
	};
	int r = report_new(&d->after.report, ask->after.path, &between, e);

	if (r < 0)
		return r;
	d->before.report = d->after.report;
	d->names = report_names(d->after.report);
	d->parts = d->after.report->parts;
	d->part_count = d->after.report->part_count;
	return 0;
}

/* ---- two recordings ---- */

struct reading {
	struct diff_end *end;
	const struct diff_side *side;
	enum report_view view;
	int code;
	struct err e;
};

static void *read_end(void *of)
{
	struct reading *r = of;
	const struct report_ask ask = { .view = r->view, .to = r->side->at, .only_ends = true, .no_rows = true };

	r->code = report_new(&r->end->report, r->side->path, &ask, &r->e);
	return NULL;
}

/* Both at once: reading is nearly all there is to do. Where no thread can be had, one after the other. */
static int read_ends(struct diff *d, const struct diff_ask *ask, struct err *e)
{
	struct reading before = { .end = &d->before, .side = &ask->before, .view = ask->view };
	struct reading after = { .end = &d->after, .side = &ask->after, .view = ask->view };
	pthread_t thread;
	bool has_thread = pthread_create(&thread, NULL, read_end, &before) == 0;

	if (!has_thread)
		read_end(&before);
	read_end(&after);
	if (has_thread)
		pthread_join(thread, NULL);
	if (before.code < 0 || after.code < 0)
		*e = before.code < 0 ? before.e : after.e;
	return before.code < 0 ? before.code : after.code;
}

static int add_parts(struct diff *d, const struct diff_end *end, bool is_after, struct err *e)
{
	const struct report *r = end->report;
	_cleanup_(freep) uint32_t *of = NULL;
	int code = names_take(d->merged, report_names(r), &of, e);

	for (size_t i = 0; i < r->part_count && code == 0; i++) {
		struct part *to = &d->parts[d->part_count++];

		*to = (struct part){ .stack = of[r->parts[i].stack] };
		*(is_after ? &to->figures : &to->before) = r->parts[i].figures;
	}
	return code;
}

static int compare_recordings(struct diff *d, const struct diff_ask *ask, struct err *e)
{
	int r = read_ends(d, ask, e);

	if (r == 0)
		r = names_new(&d->merged, e);
	if (r < 0)
		return r;
	d->names = d->merged;
	d->parts = calloc(d->before.report->part_count + d->after.report->part_count + 1, sizeof(*d->parts));
	if (!d->parts)
		return no_memory(e);
	r = add_parts(d, &d->before, false, e);
	return r == 0 ? add_parts(d, &d->after, true, e) : r;
}

/* ---- rows ---- */

static int by_change(const void *one, const void *other)
{
	const struct row *a = one, *b = other;
	int64_t x = diff_size(row_bytes(a)), y = diff_size(row_bytes(b));
	int c;

	if (x != y)
		return x < y ? 1 : -1;
	if (a->own.bytes != b->own.bytes)
		return a->own.bytes < b->own.bytes ? 1 : -1;
	c = strcmp(a->file, b->file);
	if (c == 0)
		c = a->line < b->line ? -1 : a->line > b->line;
	if (c == 0)
		c = strcmp(a->function, b->function);
	return c ? c : a->stack < b->stack ? -1 : a->stack > b->stack;
}

static int make_rows(struct diff *d, struct err *e)
{
	size_t kept = 0;
	int r = rows_build(&d->rows, d->by, d->names, d->parts, d->part_count, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < d->rows.count; i++)
		if (d->rows.at[i].own.bytes || d->rows.at[i].before.bytes)
			d->rows.at[kept++] = d->rows.at[i];
	d->rows.count = kept;
	if (kept)
		qsort(d->rows.at, kept, sizeof(*d->rows.at), by_change);
	return 0;
}

static void describe(struct diff *d)
{
	const struct moments *before = &d->before.report->moments, *after = &d->after.report->moments;

	d->after.seconds = after->to_seconds;
	d->after.rss = report_sample(d->after.report)->memory.rss;
	d->after.every = report_sample(d->after.report)->sample_bytes;
	d->after.lost = losses_total(&report_sample(d->after.report)->lost);
	d->before.seconds = d->is_one ? before->from_seconds : before->to_seconds;
	d->before.rss = d->is_one ? before->rss_before : report_sample(d->before.report)->memory.rss;
	d->before.every = report_sample(d->before.report)->sample_bytes;
	d->before.lost = d->is_one ? 0 : losses_total(&report_sample(d->before.report)->lost);
}

int diff_new(struct diff **ret, const struct diff_ask *ask, struct err *e)
{
	_cleanup_(diff_freep) struct diff *d = calloc(1, sizeof(*d));
	int r;

	if (!d || !(d->before.path = strdup(ask->before.path)) || !(d->after.path = strdup(ask->after.path)))
		return no_memory(e);
	d->view = ask->view;
	d->by = ask->by;
	d->is_one = is_same_file(ask->before.path, ask->after.path);
	if (d->is_one && ask->view != VIEW_LIVE)
		return err_set(e, EINVAL, "two moments of one recording are compared by what was live; what happened between them is "
			       "memspy report --view %s --from --to", report_view_names[ask->view]);
	r = d->is_one ? compare_moments(d, ask, e) : compare_recordings(d, ask, e);
	if (r == 0)
		r = make_rows(d, e);
	if (r < 0)
		return r;
	describe(d);
	*ret = TAKE(d);
	return 0;
}

/* ---- how sure ---- */

struct difference diff_interval_of(const struct diff *d, const struct estimate *before, const struct estimate *after,
				   const struct estimate *came)
{
	return d->is_one ? estimate_growth(before, after, came, d->after.every) :
			   estimate_difference(before, after, d->before.every, d->after.every);
}

struct difference diff_interval(const struct diff *d, const struct row *row)
{
	return diff_interval_of(d, &row->before, &row->own, &row->came);
}

struct difference diff_sum_interval(const struct diff *d)
{
	return diff_interval_of(d, &d->rows.sum_before, &d->rows.sum, &d->rows.sum_came);
}

const char *diff_state(const struct row *row, const struct difference *change, bool *ret_sure)
{
	*ret_sure = change->low > 0 || change->high < 0;
	if (row_bytes(row) == 0) {
		*ret_sure = change->low == 0 && change->high == 0;
		return "same";
	}
	if (row->before.bytes == 0)
		return "new";
	if (row->own.bytes == 0)
		return "gone";
	return row_bytes(row) > 0 ? "grew" : "shrank";
}
