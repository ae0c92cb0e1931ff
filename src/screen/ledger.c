#include "memspy/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "ledger_private.h"
#include "memspy/cleanup.h"

enum { DEPTH_MOST = 4096 };

struct ledger_index {
	struct {
		uint32_t stack, thread;
	} key;
	size_t site;
	UT_hash_handle hh;
};

int ledger_init(struct ledger *l, struct err *e)
{
	*l = (struct ledger){ .marked = -1 };
	l->private = calloc(1, sizeof(*l->private));
	return l->private ? names_new(&l->names, e) : err_set(e, ENOMEM, "out of memory");
}

void ledger_done(struct ledger *l)
{
	struct ledger_index *i, *next;

	if (l->private) {
		HASH_ITER(hh, l->private->by_key, i, next) {
			HASH_DEL(l->private->by_key, i);
			free(i);
		}
		free(l->private->stack_of);
		own_code_done(&l->private->own_code);
		free(l->private->folder);
	}
	for (size_t n = 0; n < l->count; n++)
		free(l->sites[n].steps);
	free(l->private);
	free(l->sites);
	names_free(l->names);
	*l = (struct ledger){ .marked = -1 };
}

int ledger_own_code(struct ledger *l, uint32_t stack, uint32_t *ret, struct err *e)
{
	return own_code_of(&l->private->own_code, l->names, stack, ret, e);
}

int ledger_room(uint32_t **array, size_t *room, size_t index, struct err *e)
{
	size_t want = *room ? *room : 256;
	uint32_t *more;

	if (index < *room)
		return 0;
	while (want <= index)
		want *= 2;
	more = realloc(*array, want * sizeof(*more));
	if (!more)
		return err_set(e, ENOMEM, "out of memory for names");
	memset(more + *room, 0, (want - *room) * sizeof(*more));
	*array = more;
	*room = want;
	return 0;
}

void ledger_source(struct ledger *l)
{
	memset(l->private->stack_of, 0, l->private->stack_room * sizeof(*l->private->stack_of));
}

/* ---- names ---- */

static int copy_text(struct ledger *l, const struct names *from, uint32_t *string, struct err *e)
{
	const char *text = names_text(from, *string);

	return names_string(l->names, text, strlen(text), string, e);
}

static int copy_stack(struct ledger *l, const struct names *from, uint32_t stack, uint32_t *parent, struct err *e)
{
	struct frame f = names_frame_at(from, names_stack_at(from, stack).frame);
	uint32_t frame;
	int r = copy_text(l, from, &f.function, e);

	if (r == 0)
		r = copy_text(l, from, &f.file, e);
	if (r == 0)
		r = names_frame(l->names, &f, &frame, e);
	if (r == 0 && f.kind == FRAME_PYTHON)
		ledger_saw_file(l, names_text(l->names, f.file));
	return r == 0 ? names_stack(l->names, *parent, frame, parent, e) : r;
}

/* Up to a stack that is known, then down again: parents come first. */
static int our_stack(struct ledger *l, const struct names *from, uint32_t theirs, uint32_t *ret, struct err *e)
{
	struct ledger_private *p = l->private;
	uint32_t path[DEPTH_MOST], ours = 0;
	size_t depth = 0;
	int r = ledger_room(&p->stack_of, &p->stack_room, theirs, e);

	for (uint32_t at = theirs; r == 0 && at && depth < DEPTH_MOST; at = names_stack_at(from, at).parent) {
		if (p->stack_of[at]) {
			ours = p->stack_of[at] - 1;
			break;
		}
		path[depth++] = at;
	}
	while (r == 0 && depth) {
		r = copy_stack(l, from, path[--depth], &ours, e);
		if (r == 0)
			p->stack_of[path[depth]] = ours + 1;
	}
	*ret = ours;
	return r;
}

/* ---- sites ---- */

static int new_site(struct ledger *l, uint32_t stack, uint32_t thread, struct ledger_site **ret, struct err *e)
{
	struct ledger_private *p = l->private;
	struct ledger_index *i = calloc(1, sizeof(*i));

	if (i && l->count == p->site_room) {
		size_t room = p->site_room ? p->site_room * 2 : 256;
		struct ledger_site *sites = realloc(l->sites, room * sizeof(*sites));

		if (sites) {
			l->sites = sites;
			p->site_room = room;
		}
	}
	if (i && l->count < p->site_room) {
		i->key.stack = stack;
		i->key.thread = thread;
		i->site = l->count;
		HASH_ADD(hh, p->by_key, key, sizeof(i->key), i);
	}
	if (!i || l->count == p->site_room || !i->hh.tbl) {
		free(i);
		return err_set(e, ENOMEM, "out of memory for %zu sites", l->count);
	}
	l->sites[l->count] = (struct ledger_site){ .stack = stack, .thread = thread, .held_since = -1 };
	*ret = &l->sites[l->count++];
	return 0;
}

static int find_site(struct ledger *l, uint32_t stack, uint32_t thread, struct ledger_site **ret, struct err *e)
{
	struct ledger_index probe = { .key = { stack, thread } }, *found;

	HASH_FIND(hh, l->private->by_key, &probe.key, sizeof(probe.key), found);
	if (!found)
		return new_site(l, stack, thread, ret, e);
	*ret = &l->sites[found->site];
	return 0;
}

/* ---- a sample ---- */

static int add_sites(struct ledger *l, const struct names *names, const struct sample *s, struct err *e)
{
	for (size_t i = 0; i < l->count; i++)
		l->sites[i].live = l->sites[i].alloc = (struct estimate){ 0 };
	for (size_t i = 0; i < s->site_count; i++) {
		struct ledger_site *site = NULL;
		uint32_t stack;
		int r = our_stack(l, names, s->sites[i].stack, &stack, e);

		if (r == 0)
			r = find_site(l, stack, s->sites[i].thread, &site, e);
		if (r < 0)
			return r;
		estimate_add(&site->live, &s->sites[i].live);
		estimate_add(&site->alloc, &s->sites[i].alloc);
	}
	return ledger_keep_changed(l, e);
}

static void settle(struct ledger *l)
{
	l->live = (struct estimate){ 0 };
	for (size_t i = 0; i < l->count; i++) {
		struct ledger_site *site = &l->sites[i];

		estimate_add(&l->live, &site->live);
		if (site->live.bytes == 0)
			site->held_since = -1;
		else if (site->held_since < 0)
			site->held_since = l->seconds;
		if (l->samples == 0)
			site->first = ledger_now(site);
	}
}

int ledger_take(struct ledger *l, const struct names *names, const struct sample *s, double seconds, struct err *e)
{
	int r = s->has_heap ? add_sites(l, names, s, e) : 0;

	if (r < 0)
		return r;
	l->last = *s;
	l->last.sites = NULL;
	l->last.site_count = 0;
	l->seconds = l->samples && seconds < l->seconds ? l->seconds : seconds;
	if (l->samples == 0)
		l->began = l->seconds;
	settle(l);
	ledger_begin_step(l);
	l->samples++;
	history_add(&l->history, &(struct past){ l->seconds, s->memory.rss, l->live.bytes });
	return 0;
}
