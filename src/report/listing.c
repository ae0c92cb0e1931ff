#include "memspy/listing.h"

#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "listing_parts.h"

static void listing_freep(struct listing **l)
{
	listing_free(*l);
}

void listing_free(struct listing *l)
{
	if (!l)
		return;
	moments_done(&l->moments);
	free(l->function);
	free(l->lines);
	free(l->starts);
	free(l->text);
	free(l);
}

struct counting {
	struct listing *l;
	uint32_t *of_frame; /* place in lines + 1 by frame; 0: not of this file */
	uint64_t *best;	    /* live bytes of the function that is named, by place */
	size_t *seen;	    /* site + 1 that was last added, by place */
};

static void counting_done(struct counting *c)
{
	free(c->of_frame);
	free(c->best);
	free(c->seen);
}

static int by_line(const void *one, const void *other)
{
	const struct listing_line *a = one, *b = other;

	return a->line < b->line ? -1 : a->line > b->line;
}

static int make_lines(struct counting *c, struct err *e)
{
	struct listing *l = c->l;
	const struct names *n = listing_names(l);
	size_t frames = names_frames(n), count = 0;

	l->lines = calloc(frames + 1, sizeof(*l->lines));
	c->of_frame = calloc(frames + 1, sizeof(*c->of_frame));
	c->best = calloc(frames + 1, sizeof(*c->best));
	c->seen = calloc(frames + 1, sizeof(*c->seen));
	if (!l->lines || !c->of_frame || !c->best || !c->seen)
		return err_set(e, ENOMEM, "out of memory for a listing");
	for (uint32_t i = 1; i <= frames; i++) {
		struct frame f = names_frame_at(n, i);

		if (listing_is_wanted(l, &f))
			l->lines[count++] = (struct listing_line){ .line = f.line, .function = f.function };
	}
	qsort(l->lines, count, sizeof(*l->lines), by_line);
	for (size_t i = 0; i < count; i++)
		if (l->count == 0 || l->lines[l->count - 1].line != l->lines[i].line)
			l->lines[l->count++] = l->lines[i];
	for (uint32_t i = 1; i <= frames; i++) {
		struct frame f = names_frame_at(n, i);
		struct listing_line key = { .line = f.line }, *found;

		found = listing_is_wanted(l, &f) ? bsearch(&key, l->lines, l->count, sizeof(key), by_line) : NULL;
		c->of_frame[i] = found ? (uint32_t)(found - l->lines) + 1 : 0;
	}
	return 0;
}

static void add_site(struct counting *c, size_t i)
{
	const struct moments *m = &c->l->moments;
	const struct names *n = listing_names(c->l);
	const struct site *site = &series_sample(m->series)->sites[i], *then = moments_before(m, i);
	struct estimate came = site->alloc;
	bool leaf = true;

	estimate_subtract(&came, &then->alloc);
	for (uint32_t stack = site->stack; stack; stack = names_stack_at(n, stack).parent) {
		uint32_t frame = names_stack_at(n, stack).frame, at = c->of_frame[frame];
		struct listing_line *line = at ? &c->l->lines[at - 1] : NULL;

		if (line && leaf) {
			estimate_add(&line->own, &site->live);
			if (site->live.bytes > c->best[at - 1]) {
				c->best[at - 1] = site->live.bytes;
				line->function = names_frame_at(n, frame).function;
			}
		}
		leaf &= names_frame_at(n, frame).kind != FRAME_PYTHON;
		if (!line || c->seen[at - 1] == i + 1)
			continue;
		c->seen[at - 1] = i + 1;
		estimate_add(&line->live, &site->live);
		estimate_add(&line->peak, &site->peak);
		estimate_add(&line->allocated, &site->alloc);
		estimate_add(&line->before, &then->live);
		estimate_add(&line->came, &came);
	}
}

static int count(struct listing *l, struct err *e)
{
	_cleanup_(counting_done) struct counting c = { .l = l };
	int r = make_lines(&c, e);

	for (size_t i = 0; r == 0 && i < series_sample(l->moments.series)->site_count; i++)
		add_site(&c, i);
	return r;
}

struct difference listing_growth(const struct listing *l, const struct listing_line *line)
{
	return estimate_growth(&line->before, &line->live, &line->came, series_sample(l->moments.series)->sample_bytes);
}

int listing_new(struct listing **ret, const char *path, const struct listing_ask *ask, struct err *e)
{
	_cleanup_(listing_freep) struct listing *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_set(e, ENOMEM, "out of memory for a listing");
	r = moments_open_ends(&l->moments, path, ask->from, ask->to, e);
	if (r == 0)
		r = listing_find(l, ask->what, e);
	if (r == 0)
		r = count(l, e);
	if (r == 0)
		r = listing_read_source(l, e);
	if (r == 0)
		*ret = TAKE(l);
	return r;
}
