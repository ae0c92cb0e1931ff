/*
 * attaching: the way in, beside the loop.
 *
 * It takes a tenth of a second, and seconds where threads do not stop or get no core: nobody else's tick is to wait for
 * that. Each is made in a thread, one after the other; the thread knows its own attach and nothing of the daemon.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "daemon_private.h"

struct attach {
	struct attach *next;
	struct follow_child child;
	const struct session_ops *ops;
	int ready;
	pthread_t thread;
	bool runs;
	struct attached answer;
};

static void *enter(void *own)
{
	struct attach *a = own;

	a->answer.r = watch_open_child(&a->answer.watch, a->ops, a->child.pid, a->child.family, a->child.place, &a->answer.options,
				       &a->answer.e);
	eventfd_write(a->ready, 1);
	return NULL;
}

/* The first in line. Without a thread it has its answer at once. */
static void start_first(struct attaching *a)
{
	struct attach *first = a->first;
	int r = first ? pthread_create(&first->thread, NULL, enter, first) : 0;

	if (!first)
		return;
	first->runs = r == 0;
	if (r) {
		first->answer.r = err_sys(&first->answer.e, r, "the daemon cannot start a thread");
		eventfd_write(a->ready, 1);
	}
}

bool attaching_has(const struct attaching *a, pid_t pid)
{
	for (const struct attach *i = a->first; i; i = i->next)
		if (i->answer.pid == pid)
			return true;
	return false;
}

int attaching_add(struct attaching *a, const struct session_ops *ops, const struct attach_wish *w, struct err *e)
{
	struct attach *new = calloc(1, sizeof(*new)), **end = &a->first;

	if (!new)
		return err_set(e, ENOMEM, "out of memory");
	*new = (struct attach){ .child = w->child, .ops = ops, .ready = a->ready,
				.answer = { .asker = w->asker, .lineage = w->lineage, .hold = w->hold, .pid = w->child.pid,
					    .options = w->options } };
	while (*end)
		end = &(*end)->next;
	*end = new;
	if (a->first == new)
		start_first(a);
	return 0;
}

void attaching_forget(struct attaching *a, const void *asker)
{
	for (struct attach *i = a->first; i; i = i->next)
		if (i->answer.asker == asker)
			i->answer.asker = NULL;
}

static void take_first(struct attaching *a, struct attached *ret)
{
	struct attach *first = a->first;

	if (first->runs)
		pthread_join(first->thread, NULL);
	*ret = first->answer;
	a->first = first->next;
	free(first);
}

bool attaching_next(struct attaching *a, struct attached *ret)
{
	eventfd_t count;

	if (!a->first || eventfd_read(a->ready, &count) < 0)
		return false;
	take_first(a, ret);
	start_first(a);
	return true;
}

bool attaching_stop(struct attaching *a, struct attached *ret)
{
	bool any = a->first;

	if (any)
		take_first(a, ret);
	while (a->first) {
		struct attach *waiting = a->first;

		a->first = waiting->next;
		free(waiting);
	}
	return any;
}
