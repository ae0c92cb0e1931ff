/*
 * lineages: a process that was attached with its children, and the sessions that come of it.
 *
 * follow knows who is there and who is next (follow.h); each is attached beside the loop like anybody, one of a lineage at a
 * time: others that ask come in between. As long as one is under way its lineage is there, for the family is lent to it.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon_private.h"

int lineages_begin(struct daemon *d, struct watch *w, enum hold hold, struct err *e)
{
	struct lineage *l = calloc(1, sizeof(*l));
	int r = l ? follow_new(&l->follow, w, e) : err_set(e, ENOMEM, "out of memory");

	if (r) {
		free(l);
		return r;
	}
	l->options = *watch_options(w);
	l->root = watch_pid(w);
	l->held = hold != HOLD_NONE;
	l->next = d->lineages;
	d->lineages = l;
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] == w)
			d->of[i] = l;
	return 0;
}

uint64_t lineages_due(const struct daemon *d)
{
	uint64_t soonest = 0;

	for (const struct lineage *l = d->lineages; l; l = l->next)
		if (!l->opening && !l->over && (!soonest || follow_due(l->follow) < soonest))
			soonest = follow_due(l->follow);
	return soonest;
}

static bool has_room(const struct daemon *d)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (!d->watches[i])
			return true;
	return false;
}

static int open_next(struct daemon *d, struct lineage *l, const struct follow_child *next, struct err *e)
{
	const struct attach_wish wish = { .lineage = l, .child = *next, .options = l->options };

	if (sessions_find(d, next->pid) || attaching_has(&d->attaching, next->pid))
		return err_set(e, EBUSY, "%d is attached by itself", next->pid);
	if (!has_room(d))
		return err_set(e, EBUSY, "the daemon has %d sessions already", MOST_WATCHES);
	return attaching_add(&d->attaching, d->ops, &wish, e);
}

static void turn(struct daemon *d, struct lineage *l, uint64_t now)
{
	struct follow_child next;

	while (!l->opening && follow_next(l->follow, now, &next)) {
		struct err e = { "" };
		int r = open_next(d, l, &next, &e);

		if (r)
			follow_opened(l->follow, next.pid, NULL, r, &e);
		l->opening = r == 0;
	}
	l->over = !l->opening && follow_is_over(l->follow);
}

void lineages_turn(struct daemon *d, uint64_t now)
{
	struct lineage **at = &d->lineages;

	while (*at) {
		struct lineage *l = *at;

		if (!l->over && !l->opening)
			turn(d, l, now);
		if (!l->over || l->opening) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		follow_free(l->follow);
		free(l);
	}
}

void lineages_attached(struct daemon *d, struct attached *a)
{
	struct lineage *l = a->lineage;
	struct err ignored;

	l->opening = false;
	if (!a->r && !l->over)
		a->r = sessions_add(d, a->watch, l, HOLD_NONE, &a->e);
	if (a->watch && (a->r || l->over)) {
		watch_close(a->watch, "detached", &ignored);
		a->watch = NULL;
	}
	follow_opened(l->follow, a->pid, a->watch, a->r, &a->e);
}

/* The root first: what it forks from then on counts nowhere. */
static int end(struct daemon *d, struct lineage *l, const char *why, struct err *e)
{
	struct watch *root = sessions_find(d, l->root);
	struct err ignored;
	int r = 0;

	l->over = true;
	if (root && sessions_lineage(d, root) == l)
		r = sessions_drop(d, root, why, e);
	follow_leave(l->follow, d->ops, &l->options);
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] && d->of[i] == l)
			sessions_drop(d, d->watches[i], why, &ignored);
	return r;
}

int lineages_detach(struct daemon *d, struct watch *w, const char *why, struct err *e)
{
	struct lineage *l = sessions_lineage(d, w);
	const pid_t pid = watch_pid(w);
	int r;

	if (l && l->root == pid)
		return end(d, l, why, e);
	r = sessions_drop(d, w, why, e);
	if (l)
		follow_let_go(l->follow, pid);
	return r;
}

void lineages_ended(struct daemon *d, struct watch *w, const char *why)
{
	struct lineage *l = sessions_lineage(d, w);
	const pid_t pid = watch_pid(w);
	struct err ignored = { "" };

	sessions_drop(d, w, why, &ignored);
	if (l)
		follow_ended(l->follow, pid);
	if (l && l->held && l->root == pid)
		end(d, l, "the process that was attached went away", &ignored);
}

void lineages_free(struct daemon *d, const char *why)
{
	while (d->lineages) {
		struct lineage *l = d->lineages;
		struct err ignored;

		end(d, l, why, &ignored);
		d->lineages = l->next;
		follow_free(l->follow);
		free(l);
	}
}

static json_t *describe(const struct lineage *l)
{
	struct follow_counts n;

	follow_counted(l->follow, &n);
	return json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o}", "root", (int)l->root, "now", (int)n.now, "watched",
			 (json_int_t)n.watched, "missed", (json_int_t)n.missed, "refused", (json_int_t)n.refused, "others",
			 (json_int_t)n.others, "failed", (json_int_t)n.failed, "why", client_text(n.why));
}

json_t *lineages_describe(const struct daemon *d)
{
	json_t *all = json_array();

	for (const struct lineage *l = d->lineages; l; l = l->next)
		if (!l->over)
			json_array_append_new(all, describe(l));
	return all;
}
