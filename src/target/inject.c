#include "memspy/inject.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "inject_private.h"
#include "memspy/clock.h"

enum {
	TRY_LIMIT_NS = 20000000,
	ONLY_WAY_LIMIT_NS = 2000000000, /* when there is no other way to fall back on */
};

static int come_in(struct injected *ret, struct entering *in, enum inject_way way, struct err *e)
{
	struct injected i = { 0 };
	int r = image_own(&i.image, e);

	tracee_warm();
	if (!r)
		inject_sweep(in, &i);
	if (!r)
		r = inject_again(in, &i, e);
	if (r == READ_TORN) { /* none there */
		in->orphan = inject_orphan(in, &i.image);
		in->spare = in->orphan ? inject_spare_table(in) : 0;
		r = gadgets_find(&in->gadgets, in->maps, in->remote, e);
		if (!r)
			r = way == INJECT_DLOPEN && !in->orphan ? inject_by_dlopen(in, &i, e) : inject_by_map(in, &i, e);
		if (r < 0 && r != -ETIMEDOUT && r != -EBUSY && way == INJECT_AUTO && !in->orphan) { /* docs/decisions/0001: map first */
			snprintf(i.note, sizeof(i.note), "%.*s", (int)sizeof(i.note) - 1, e->text);
			r = inject_by_dlopen(in, &i, e);
			if (r < 0) /* the first is what stands in the way; the second may have had a bad moment */
				err_add(e, r, "%s; and by dlopen", i.note);
		}
	}
	if (r) {
		injected_done(&i);
		return r;
	}
	if (!i.reused)
		i.tables = in->tables;
	i.table_bytes = i.view_bytes / i.tables;
	*ret = i;
	return 0;
}

struct visit {
	struct injected *ret;
	struct entering *in;
	enum inject_way way;
	struct err *e;
	int r;
};

static void *visit(void *own)
{
	struct visit *v = own;

	v->r = come_in(v->ret, v->in, v->way, v->e);
	return NULL;
}

/*
 * In a thread of its own: the kernel lets go of everything a thread traces when it ends. A thread of the target that
 * sleeps uninterruptibly cannot be let go otherwise; it would stop for us when it wakes, with nobody there to see it.
 * Signals wait meanwhile: a Ctrl-Z must not suspend us while we hold somebody.
 */
int inject(struct injected *ret, pid_t pid, struct remote *remote, const struct maps *maps, raddr beside, enum inject_way way,
	   uint64_t table_bytes, unsigned tables, struct err *e)
{
	struct entering in = { .pid = pid, .remote = remote, .maps = maps, .beside = beside, .table_bytes = table_bytes * tables,
			       .tables = tables, .patience_ns = way == INJECT_AUTO ? TRY_LIMIT_NS : ONLY_WAY_LIMIT_NS };
	struct visit v = { .ret = ret, .in = &in, .way = way, .e = e };
	sigset_t all, before;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, visit, &v);
	if (!r)
		pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? err_sys(e, r, "cannot start a thread") : v.r;
}

void injected_done(struct injected *i)
{
	if (i->view)
		munmap(i->view, i->view_bytes);
	i->view = NULL;
}

/* Of a shared mapping mremap makes a second one where it is told that the first has no length. */
static int map_again(struct injected *ret, const struct injected *from, uint64_t offset, uint64_t bytes, struct err *e)
{
	void *view = mremap((char *)from->view + offset, 0, bytes, MREMAP_MAYMOVE);

	if (view == MAP_FAILED)
		return err_sys(e, errno, "cannot map the table");
	*ret = *from;
	ret->view = view;
	ret->view_bytes = bytes;
	return 0;
}

int injected_again(struct injected *ret, const struct injected *from, struct err *e)
{
	return map_again(ret, from, 0, from->view_bytes, e);
}

int injected_place(struct injected *ret, const struct injected *from, unsigned place, struct err *e)
{
	int r = map_again(ret, from, place * from->table_bytes, from->table_bytes, e);

	if (r)
		return r;
	ret->table += place * from->table_bytes;
	ret->tables = 1;
	ret->reused = true;
	ret->tid = 0;
	ret->held_ns = 0;
	return 0;
}
