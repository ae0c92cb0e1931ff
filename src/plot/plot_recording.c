/* A recording of memspy as a track. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memspy/cleanup.h"
#include "memspy/rows.h"
#include "memspy/series.h"
#include "memspy/text.h"
#include "plot_log.h"
#include "plot_private.h"

enum { NAME_COLUMNS = 26, TITLE_COLUMNS = 80 };

struct seen { /* of a site */
	struct estimate live;
	bool in_function;
};

struct reader {
	const struct plot_ask *ask;
	struct series *series;
	struct track *track;
	struct plot_log *log; /* which lines are the largest is known at the end only */
	uint64_t number;      /* of the tick */
	struct seen *seen;
	size_t count, room;
	struct estimate function; /* live, of every stack that it is in */
	bool found, was_there;
	struct bar bar;
	struct moments window; /* only its times */
	bool has_window;
};

static void reader_done(struct reader *r)
{
	series_free(r->series);
	plot_log_free(r->log);
	free(r->seen);
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory for a plot");
}

/* ---- what a site belongs to ---- */

/* "Shop.serve" is serve as well. */
static bool is_called(const char *function, const char *name)
{
	size_t length = strlen(function), end = strlen(name);

	return strcmp(function, name) == 0 ||
	       (length > end && function[length - end - 1] == '.' && strcmp(function + length - end, name) == 0);
}

static bool has_function(const struct reader *r, uint32_t stack)
{
	const struct names *n = series_names(r->series);

	for (; stack; stack = names_stack_at(n, stack).parent)
		if (is_called(rows_function(n, names_stack_at(n, stack).frame), r->ask->function))
			return true;
	return false;
}

static int see_new_sites(struct reader *r, const struct sample *s, struct err *e)
{
	if (s->site_count > r->room) {
		size_t room = s->site_count * 2;
		struct seen *seen = realloc(r->seen, room * sizeof(*seen));

		if (!seen)
			return no_memory(e);
		r->seen = seen;
		r->room = room;
	}
	for (; r->count < s->site_count; r->count++) {
		uint32_t stack = s->sites[r->count].stack;

		r->seen[r->count] = (struct seen){ .in_function = r->ask->function && has_function(r, stack) };
		r->found |= r->seen[r->count].in_function;
	}
	return 0;
}

static int add_changes(struct reader *r, struct err *e)
{
	const struct sample *s = series_sample(r->series);
	size_t count;
	const uint32_t *changed = series_changed(r->series, &count);
	int code = see_new_sites(r, s, e);

	for (size_t i = 0; i < count && code == 0; i++) {
		struct seen *seen = &r->seen[changed[i]];
		const struct estimate *now = &s->sites[changed[i]].live;

		if (seen->in_function) {
			estimate_subtract(&r->function, &seen->live);
			estimate_add(&r->function, now);
		}
		if (r->log && now->bytes != seen->live.bytes)
			code = plot_log_add(r->log, changed[i], now->bytes, r->number, e);
		seen->live = *now;
	}
	return code;
}

/* ---- moments ---- */

/* Where the function's live bytes begin and end. */
static int follow_function(struct reader *r, double t, bool ends, struct err *e)
{
	bool is_there = r->function.bytes > 0;

	if (is_there)
		r->bar.to = t;
	if (is_there && !r->was_there)
		r->bar.from = t;
	if (r->was_there && (!is_there || ends)) {
		r->was_there = false;
		return track_bar(r->track, r->track->function, r->bar, e);
	}
	r->was_there = is_there;
	return 0;
}

static int add_tick(struct reader *r, struct err *e)
{
	const struct sample *s = series_sample(r->series);
	struct series_heap heap = series_heap(r->series);
	struct tick m = {
		.t = series_seconds(r->series), .number = r->number, .rss = s->memory.rss, .has_heap = s->has_heap,
		/* What a file says of its interval is a claim, too. */
		.heap = { heap.live, heap.low < heap.live ? heap.low : heap.live, heap.high > heap.live ? heap.high : heap.live },
	};
	int code = r->log || r->ask->function ? add_changes(r, e) : 0;

	if (code == 0 && r->ask->function && s->has_heap) {
		struct interval sure = estimate_interval(&r->function, s->sample_bytes);

		m.function = (struct level){ r->function.bytes, sure.low, sure.high };
		if (r->function.bytes == 0) /* nothing is there: what may hide behind nothing is no news */
			m.function = (struct level){ 0 };
		code = follow_function(r, m.t, false, e);
	}
	r->number++;
	r->track->lost = losses_total(&s->lost);
	return code < 0 ? code : track_tick(r->track, &m, e);
}

static int describe(struct reader *r, struct err *e)
{
	const struct recording_about *a = series_about(r->series);
	_cleanup_(buf_done) struct buf name = { 0 };
	_cleanup_(buf_done) struct buf about = { 0 };
	uint64_t every = series_sample(r->series)->sample_bytes;
	time_t at = (time_t)(a->wall_ns / 1000000000u);
	struct tm local;
	char when[32];

	text_escape(&name, *a->name ? a->name : *a->cmdline ? a->cmdline : "process");
	r->track->name = text_end(name.data ? name.data : "", TITLE_COLUMNS);
	if (a->wall_ns && localtime_r(&at, &local) && strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local))
		buf_printf(&about, "%s, ", when);
	buf_printf(&about, "pid %d, CPython ", a->pid);
	text_escape(&about, *a->python ? a->python : "?");
	if (r->has_window)
		buf_printf(&about, ", %.1f to %.1f s of %s, ", r->window.from_seconds, r->window.to_seconds,
			   units_seconds(r->window.last_seconds).text);
	else
		buf_printf(&about, ", %s, ", units_seconds(series_seconds(r->series)).text);
	if (every && every % 1024 == 0 && every < 1024 * 1024)
		buf_printf(&about, "sampled every %llu KiB", (unsigned long long)every / 1024);
	else if (every)
		buf_printf(&about, "sampled every %s", units_bytes(every).text);
	else
		buf_puts(&about, "every allocation counted");
	r->track->begin = (double)a->wall_ns / 1e9;
	r->track->limit = a->memory_limit;
	r->track->about = about.failed || name.failed ? NULL : TAKE(about.data);
	return r->track->name && r->track->about ? 0 : no_memory(e);
}

/* What is behind the window need not be read; what is before it leads there. */
static bool is_past(const struct reader *r)
{
	return r->has_window && r->number && series_seconds(r->series) >= r->window.to_seconds;
}

int plot_read_recording(struct tracks *to, const char *path, const struct plot_ask *ask, struct err *e)
{
	_cleanup_(reader_done) struct reader r = { .ask = ask };
	int code = tracks_add(to, &r.track, e);

	if (code == 0 && !(r.track->file = plot_file_name(path)))
		code = no_memory(e);
	if (code == 0 && ask->function && !(r.track->function = text_end(ask->function, NAME_COLUMNS)))
		code = no_memory(e);
	if (code == 0 && ask->lines)
		code = plot_log_new(&r.log, e);
	if (code == 0)
		code = series_open(&r.series, path, e);
	r.has_window = plot_has_window(ask);
	if (code == 0 && r.has_window)
		code = moments_find(&r.window, path, ask->from, ask->to, e);
	if (code < 0)
		return code;
	if (!ask->lines && !ask->function)
		series_skip_sites(r.series);
	while (!is_past(&r) && (code = series_next(r.series, e)) == 0)
		if ((code = add_tick(&r, e)) < 0)
			return code;
	if (code < 0)
		return code;
	if (r.track->count == 0)
		return err_set(e, ENODATA, "%s holds no moment yet: the recording ended, or was killed, before its first tick", path);
	if (ask->function && !r.found)
		return err_set(e, ENOENT, "no stack in %s has a function %.80s; memspy report --by function lists those there are",
			       path, ask->function);
	code = r.was_there ? follow_function(&r, r.bar.to, true, e) : 0;
	if (code == 0 && r.log)
		code = plot_log_lines(r.log, r.series, ask->lines, r.track, e);
	if (code == 0 && r.has_window)
		track_cut(r.track, r.window.from_seconds, r.window.to_seconds);
	return code < 0 ? code : describe(&r, e);
}
