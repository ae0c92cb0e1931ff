/*
 * What the page tells apart, within its limits. A small stack loses its callers, not its bytes: it becomes its line,
 * behind a frame that says so, and where its line is small, too, its file. So the sums by line stay exact down to small
 * lines, and those by file always.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/rows.h"
#include "page_private.h"

struct merge {
	const struct page_history *h;
	const struct page_weights *weights;
	const struct page_limits *limits;
	const struct names *from;
	size_t sites;
	uint32_t *to_stack, *to_frame; /* new ids by old ones; 0: not yet */
	struct page_groups *to;
};

static void merge_done(struct merge *m)
{
	free(m->to_stack);
	free(m->to_frame);
}

void page_groups_done(struct page_groups *g)
{
	names_free(g->names);
	free(g->at);
	free(g->of_site);
	free(g->frame_weights);
	*g = (struct page_groups){ 0 };
}

static const struct site *site_at(const struct merge *m, size_t i)
{
	return &series_sample(m->h->series)->sites[i];
}

/* Names may be as long as a target likes; the page shows so much of them. Not cut within a character. */
static int put_string(struct merge *m, uint32_t old, uint32_t *ret, struct err *e)
{
	const char *text = names_text(m->from, old);
	size_t length = strlen(text), most = m->limits->most_name;
	_cleanup_(freep) char *cut = NULL;

	*ret = 0;
	if (length == 0)
		return 0;
	if (length <= most)
		return names_string(m->to->names, text, length, ret, e);
	while (most && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	if (asprintf(&cut, "%.*s… (%zu bytes)", (int)most, text, length) < 0)
		return err_set(e, ENOMEM, "out of memory for a report");
	return names_string(m->to->names, cut, strlen(cut), ret, e);
}

static int put_frame(struct merge *m, uint32_t old, uint32_t *ret, struct err *e)
{
	struct frame f = names_frame_at(m->from, old), g = { .line = f.line, .kind = f.kind };
	int r;

	*ret = m->to_frame[old];
	if (*ret)
		return 0;
	r = put_string(m, f.function, &g.function, e);
	if (r == 0)
		r = put_string(m, f.file, &g.file, e);
	if (r == 0)
		r = names_frame(m->to->names, &g, ret, e);
	m->to_frame[old] = r == 0 ? *ret : 0;
	return r;
}

/* Callers first, so that no stack is deeper than the loop that makes it. */
static int put_stack(struct merge *m, uint32_t old, uint32_t *ret, struct err *e)
{
	uint32_t path[4097];
	size_t depth = 0;
	int r = 0;

	for (uint32_t s = old; s && !m->to_stack[s] && depth < 4097; s = names_stack_at(m->from, s).parent)
		path[depth++] = s;
	while (depth && r == 0) {
		uint32_t s = path[--depth], frame;

		r = put_frame(m, names_stack_at(m->from, s).frame, &frame, e);
		if (r == 0)
			r = names_stack(m->to->names, m->to_stack[names_stack_at(m->from, s).parent], frame,
					&m->to_stack[s], e);
	}
	*ret = m->to_stack[old];
	return r;
}

static int put_under(struct merge *m, uint32_t parent, const struct frame *f, uint32_t *ret, struct err *e)
{
	uint32_t frame;
	int r = names_frame(m->to->names, f, &frame, e);

	return r == 0 ? names_stack(m->to->names, parent, frame, ret, e) : r;
}

/* A small stack: a frame that says so, then its line or its file. */
static int put_small(struct merge *m, const struct site *s, uint32_t *ret, struct err *e)
{
	static const char what[] = "(small stacks: callers merged)", lines[] = "(small lines of this file)";
	uint32_t leaf = rows_leaf(m->from, s->stack), top, frame;
	struct frame merged = { .kind = FRAME_MERGED }, line = names_frame_at(m->from, leaf);
	int r = names_string(m->to->names, what, strlen(what), &merged.function, e);

	if (r == 0)
		r = put_under(m, 0, &merged, &top, e);
	if (r == 0 && m->weights->of_line[leaf] > m->limits->small_line) {
		r = put_frame(m, leaf, &frame, e);
		return r == 0 ? names_stack(m->to->names, top, frame, ret, e) : r;
	}
	if (r == 0)
		r = put_string(m, line.file, &line.file, e);
	if (r == 0)
		r = names_string(m->to->names, lines, strlen(lines), &line.function, e);
	line.line = 0;
	m->to->merged_lines++;
	return r == 0 ? put_under(m, top, &line, ret, e) : r;
}

static int put_site(struct merge *m, size_t i, uint32_t *ret, struct err *e)
{
	const struct site *s = site_at(m, i);

	*ret = 0;
	if (s->stack == 0)
		return 0;
	if (m->weights->of_site[i] > m->limits->small_site)
		return put_stack(m, s->stack, ret, e);
	m->to->merged_sites++;
	estimate_add(&m->to->merged_live, &s->live);
	return put_small(m, s, ret, e);
}

struct thread {
	uint32_t id, place;
	double weight;
};

static int by_id(const void *one, const void *other)
{
	const struct thread *a = one, *b = other;

	return a->id < b->id ? -1 : a->id > b->id;
}

static int by_weight(const void *one, const void *other)
{
	const struct thread *a = one, *b = other;

	return a->weight < b->weight ? 1 : a->weight > b->weight ? -1 : by_id(one, other);
}

/* Threads by weight; the smallest of very many share place 0 with what was merged in the target. */
static int find_threads(struct merge *m, struct thread **ret, size_t *ret_count, struct err *e)
{
	struct thread *all = calloc(m->sites + 1, sizeof(*all));
	size_t count = 0;

	if (!all)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < m->sites; i++)
		all[i] = (struct thread){ .id = site_at(m, i)->thread, .weight = m->weights->of_site[i] };
	qsort(all, m->sites, sizeof(*all), by_id);
	for (size_t i = 0; i < m->sites; i++)
		if (count && all[count - 1].id == all[i].id)
			all[count - 1].weight += all[i].weight;
		else
			all[count++] = all[i];
	qsort(all, count, sizeof(*all), by_weight);
	m->to->thread_count = 1;
	for (size_t i = 0; i < count; i++)
		if (all[i].id && m->to->thread_count <= PAGE_THREADS_MOST) {
			all[i].place = (uint32_t)m->to->thread_count;
			m->to->threads[m->to->thread_count++] = all[i].id;
		}
	qsort(all, count, sizeof(*all), by_id);
	*ret = all;
	*ret_count = count;
	return 0;
}

struct member {
	uint32_t stack, thread, site;
};

static int by_group(const void *one, const void *other)
{
	const struct member *a = one, *b = other;

	if (a->stack != b->stack)
		return a->stack < b->stack ? -1 : 1;
	return a->thread < b->thread ? -1 : a->thread > b->thread;
}

static int make_groups(struct merge *m, struct err *e)
{
	_cleanup_(freep) struct member *members = calloc(m->sites + 1, sizeof(*members));
	_cleanup_(freep) struct thread *threads = NULL;
	struct page_groups *to = m->to;
	size_t thread_count = 0;
	int r;

	to->at = calloc(m->sites + 1, sizeof(*to->at));
	to->of_site = calloc(m->sites + 1, sizeof(*to->of_site));
	if (!members || !to->at || !to->of_site)
		return err_set(e, ENOMEM, "out of memory for a report");
	r = find_threads(m, &threads, &thread_count, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < m->sites && r == 0; i++) {
		struct thread key = { .id = site_at(m, i)->thread };
		const struct thread *found = bsearch(&key, threads, thread_count, sizeof(key), by_id);

		members[i] = (struct member){ .thread = found->place, .site = (uint32_t)i };
		r = put_site(m, i, &members[i].stack, e);
	}
	if (r < 0)
		return r;
	qsort(members, m->sites, sizeof(*members), by_group);
	for (size_t i = 0; i < m->sites; i++) {
		if (i == 0 || by_group(&members[i], &members[i - 1]) != 0)
			to->at[to->count++] = (struct page_group){ members[i].stack, members[i].thread };
		to->of_site[members[i].site] = (uint32_t)to->count - 1;
	}
	return 0;
}

/* What goes through each frame. One that is in a stack several times is counted as often: it is a rank, no figure. */
static int weigh_frames(struct merge *m, struct err *e)
{
	struct page_groups *to = m->to;
	uint32_t stacks = names_stacks(to->names);
	_cleanup_(freep) double *of_stack = calloc((size_t)stacks + 1, sizeof(*of_stack));

	to->frame_weights = calloc((size_t)names_frames(to->names) + 1, sizeof(*to->frame_weights));
	if (!of_stack || !to->frame_weights)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (size_t i = 0; i < m->sites; i++)
		of_stack[to->at[to->of_site[i]].stack] += m->weights->of_site[i];
	for (uint32_t s = stacks; s; s--) {
		to->frame_weights[names_stack_at(to->names, s).frame] += of_stack[s];
		of_stack[names_stack_at(to->names, s).parent] += of_stack[s];
	}
	return 0;
}

int page_groups_make(struct page_groups *ret, const struct page_history *h, const struct page_weights *weights,
		     const struct page_limits *limits, struct err *e)
{
	_cleanup_(merge_done) struct merge m = {
		.h = h, .weights = weights, .limits = limits, .from = series_names(h->series), .to = ret,
		.sites = weights->site_count,
	};
	int r;

	*ret = (struct page_groups){ 0 };
	m.to_stack = calloc((size_t)names_stacks(m.from) + 1, sizeof(*m.to_stack));
	m.to_frame = calloc((size_t)names_frames(m.from) + 1, sizeof(*m.to_frame));
	if (!m.to_stack || !m.to_frame)
		return err_set(e, ENOMEM, "out of memory for a report");
	r = names_new(&ret->names, e);
	if (r == 0)
		r = make_groups(&m, e);
	return r == 0 ? weigh_frames(&m, e) : r;
}
