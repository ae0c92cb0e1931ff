#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "python_private.h"

enum { THREAD_BYTES_MAX = 4096 };

/* One thread's state as it was when the list was read. */
struct entry {
	raddr at;
	uint64_t id, native_id;
	bool has_gil;
};

struct entries {
	struct entry *all;
	size_t count, room;
};

static void entries_done(struct entries *s)
{
	free(s->all);
}

static int add(struct entries *s, struct entry one, struct err *e)
{
	if (s->count == s->room) {
		size_t room = s->room ? s->room * 2 : 16;
		struct entry *all = realloc(s->all, room * sizeof(*all));

		if (!all)
			return err_set(e, ENOMEM, "out of memory for threads");
		s->all = all;
		s->room = room;
	}
	s->all[s->count++] = one;
	return 0;
}

/* The state of the thread that has this interpreter's lock; 0: nobody. */
static int gil_holder(const struct python *p, struct remote *r, raddr interpreter, raddr *ret, struct err *e)
{
	const struct py_layout *l = &p->layout;
	raddr gil;
	uint32_t locked;
	int q;

	*ret = 0;
	if (p->current)
		return remote_read_u64(r, p->current, ret, e);
	q = remote_read_u64(r, interpreter + l->interpreter.gil.offset, &gil, e);
	if (q || !gil)
		return q;
	q = remote_read_u32(r, gil + l->gil.locked.offset, &locked, e);
	if (q || (int32_t)locked <= 0)
		return q;
	return remote_read_u64(r, gil + l->gil.holder.offset, ret, e);
}

static int list_threads(const struct python *p, struct remote *r, raddr interpreter, struct entries *s, struct err *e)
{
	const struct py_layout *l = &p->layout;
	uint8_t bytes[THREAD_BYTES_MAX];
	struct view v = { bytes, l->thread.size };
	raddr at, holder;
	int q;

	q = gil_holder(p, r, interpreter, &holder, e);
	if (!q)
		q = remote_read_u64(r, interpreter + l->interpreter.threads.offset, &at, e);
	while (!q && at && s->count < STACK_THREADS_MAX) {
		struct entry one = { .at = at, .has_gil = at == holder };
		uint64_t back;

		q = remote_read(r, at, bytes, l->thread.size, e);
		if (q)
			break;
		if (!view_get(v, l->thread.interpreter, &back) || back != interpreter ||
		    !view_get(v, l->thread.id, &one.id) || !view_get(v, l->thread.next, &at))
			return READ_TORN;
		if (l->thread.native_id.size && !view_get(v, l->thread.native_id, &one.native_id))
			return READ_TORN;
		q = add(s, one, e);
	}
	return q;
}

static int list_all(const struct python *p, struct remote *r, struct entries *s, struct err *e)
{
	raddr interpreter;
	int q = remote_read_u64(r, p->interpreters, &interpreter, e);

	s->count = 0;
	for (int i = 0; !q && interpreter && i < STACK_INTERPRETERS_MAX; i++) {
		q = list_threads(p, r, interpreter, s, e);
		if (!q)
			q = remote_read_u64(r, interpreter + p->layout.interpreter.next.offset, &interpreter, e);
	}
	return q;
}

/*
 * The interpreter's own note is asked first (3.11+). In the child of a fork it may be the parent's; libc's note in the
 * thread's descriptor never is.
 */
static pid_t thread_tid(const struct python *p, struct remote *r, const struct tids *tids, const struct entry *t)
{
	struct err ignored;
	uint32_t tid;
	pid_t found = tids_find(tids, t->native_id);

	if (found || !p->tid_offset || !t->id || remote_read_u32(r, t->id + p->tid_offset, &tid, &ignored))
		return found;
	return tids_find(tids, tid);
}

static void thread_name(const struct python *p, struct python_thread *t)
{
	_cleanup_(fclosep) FILE *f = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", p->pid, t->tid);
	f = t->tid ? fopen(path, "re") : NULL;
	if (f && fgets(t->name, sizeof(t->name), f))
		t->name[strcspn(t->name, "\n")] = '\0';
}

/*
 * READ_TORN: the code of a frame is none, or is gone; or the stack ends in a generator, and there somebody stands behind
 * nearly always: it was left while we looked.
 */
static int name_frames(struct python *p, struct remote *r, const struct raw_stack *s, struct python_thread *t,
		       bool may_end_in_generator, struct err *e)
{
	const struct code *code = NULL;

	t->frames = calloc(s->count + 1, sizeof(*t->frames));
	t->frame_count = 0;
	if (!t->frames)
		return err_set(e, ENOMEM, "out of memory for a stack");
	for (size_t i = 0; i < s->count; i++) {
		const struct raw_frame *f = &s->frames[i];
		uint32_t offset;
		bool built;
		int q;

		if (f->owner >= PY_OWNER_SKIP)
			continue;
		q = code_find(p, r, f->code, &code, e);
		if (!q)
			q = raw_frame_offset(p, r, f, code, &offset, &built, e);
		if (q)
			return q;
		if (!built)
			continue;
		t->frames[t->frame_count] = (struct python_frame){ .function = code->function, .file = code->file };
		python_place(p, code->lines, code->lines_length, code->first_line, offset, &t->frames[t->frame_count++].place);
	}
	return code && code->is_generator && !may_end_in_generator && !s->truncated ? READ_TORN : 0;
}

static int read_stack(struct python *p, struct remote *r, const struct entry *one, struct raw_stack *s,
		      struct python_thread *t, struct err *e)
{
	enum { TRIES = 60, LONG_ONE = 20 };
	int q = READ_TORN;

	for (int try = 1; q == READ_TORN && try <= TRIES; try += s->torn ? LONG_ONE : 1) {
		free(t->frames);
		t->frames = NULL;
		q = raw_stack_walk(p, r, one->at, s, e);
		if (!q)
			q = name_frames(p, r, s, t, try == TRIES && !s->torn, e);
	}
	t->truncated = s->truncated;
	t->torn = s->torn || q == READ_TORN;
	if (q != READ_TORN)
		return q;
	t->frame_count = 0;
	return 0;
}

static int read_threads(struct python *p, struct remote *r, const struct entries *entries, struct python_stacks *ret,
			struct err *e)
{
	_cleanup_(raw_stack_done) struct raw_stack stack = { 0 };
	_cleanup_(tids_done) struct tids tids = { 0 };
	int q = raw_stack_init(&stack, e);

	if (!q)
		q = tids_read(p, &tids, e);
	if (q)
		return q;
	ret->threads = calloc(entries->count + 1, sizeof(*ret->threads));
	if (!ret->threads)
		return err_set(e, ENOMEM, "out of memory for threads");
	/* The interpreter has the newest thread first; people look for the main thread first. */
	for (size_t i = entries->count; i-- > 0;) {
		const struct entry *one = &entries->all[i];
		struct python_thread *t = &ret->threads[ret->count++];

		t->has_gil = one->has_gil;
		t->tid = thread_tid(p, r, &tids, one);
		thread_name(p, t);
		q = read_stack(p, r, one, &stack, t, e);
		if (q)
			return q;
		if (t->torn && !t->tid) /* it ended while we looked */
			free(ret->threads[--ret->count].frames);
	}
	return 0;
}

int python_stacks(struct python *p, struct remote *r, struct python_stacks *ret, struct err *e)
{
	_cleanup_(entries_done) struct entries entries = { 0 };
	struct python_stacks stacks = { 0 };
	int q = READ_TORN;

	codes_forget(p);
	/* Threads come and go while the list is read; a list that changed is read again. */
	for (int try = 0; q == READ_TORN && try < 20; try++)
		q = list_all(p, r, &entries, e);
	if (!q)
		q = read_threads(p, r, &entries, &stacks, e);
	if (q) {
		python_stacks_done(&stacks);
		return q;
	}
	*ret = stacks;
	return 0;
}

void python_stacks_done(struct python_stacks *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->threads[i].frames);
	free(s->threads);
	*s = (struct python_stacks){ 0 };
}
