/*
 * kin: children of a recorded process (--follow-fork), each in a file of its own: heap.json, heap.4712.json, …
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "memspy/follow.h"
#include "memspy/units.h"
#include "fault_private.h"
#include "progress_private.h"
#include "record_private.h"
#include "say_private.h"

enum { MOST_FILES = 256, SAID = 8, PATH_ROOM = 4096 };

struct child {
	pid_t pid;
	struct watch *watch; /* NULL: over */
	struct recorder *recorder;
	struct progress most; /* when its heap was largest */
	enum recorder_end end;
	char *path, *why, *name;
};

struct kin {
	const struct job *job;
	struct follow *follow;
	uint64_t end_ns; /* 0: none */
	struct child children[MOST_FILES];
	size_t count;
};

int kin_new(struct kin **ret, const struct job *j, const struct watch *first, struct err *e)
{
	struct kin *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return err_set(e, ENOMEM, "out of memory");
	k->job = j;
	if (j->recorder.duration_s > 0)
		k->end_ns = clock_now_ns() + (uint64_t)(j->recorder.duration_s * 1e9);
	r = follow_new(&k->follow, first, e);
	if (r) {
		free(k);
		return r;
	}
	*ret = k;
	return 0;
}

static void let_go(struct child *c)
{
	struct err late = { "" };

	if (c->watch && watch_close(c->watch, "detached", &late) < 0 && c->end != RECORDER_GONE)
		fault_say(NULL, "while detaching from %d: %s", c->pid, late.text);
	c->watch = NULL;
}

void kin_free(struct kin *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->count; i++) {
		let_go(&k->children[i]);
		free(k->children[i].path);
		free(k->children[i].why);
		free(k->children[i].name);
	}
	follow_leave(k->follow, &session_live, &k->job->session); /* the first one is closed: no more come */
	follow_free(k->follow);
	free(k);
}

uint64_t kin_due(const struct kin *k)
{
	uint64_t due = follow_due(k->follow);

	for (size_t i = 0; i < k->count; i++)
		if (k->children[i].watch && watch_due(k->children[i].watch) < due)
			due = watch_due(k->children[i].watch);
	return k->end_ns && k->end_ns < due ? k->end_ns : due;
}

size_t kin_fds(const struct kin *k, struct pollfd *to)
{
	size_t n = 0;

	for (size_t i = 0; i < k->count && n < KIN_FDS; i++)
		if (k->children[i].watch)
			to[n++] = (struct pollfd){ watch_fd(k->children[i].watch), POLLIN, 0 };
	return n;
}

static void tell(void *own, const struct progress *p, enum recorder_end end, const char *why)
{
	struct child *c = own;

	if (p->heap_bytes >= c->most.heap_bytes)
		c->most = *p;
	c->end = end;
	if (end != RECORDER_GOES_ON) {
		free(c->why);
		c->why = strdup(why);
		c->recorder = NULL;
	}
}

/* heap.json becomes heap.4712.json, and heap.4712.2.json if there is that one. */
static void name_file(const struct kin *k, pid_t pid, unsigned nth, char *to, size_t room)
{
	const char *path = k->job->output.path, *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
	const int stem = dot && dot > (slash ? slash + 1 : path) ? (int)(dot - path) : (int)strlen(path);
	char number[16] = "";

	if (nth > 1)
		snprintf(number, sizeof(number), ".%u", nth);
	snprintf(to, room, "%.*s.%d%s%s", stem, path, pid, number, path + stem);
}

static bool is_ours(const struct kin *k, const char *path)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->children[i].path && strcmp(k->children[i].path, path) == 0)
			return true;
	return false;
}

/* A file of an earlier recording is replaced with --force only; one of this recording never. */
static int open_file(const struct kin *k, struct child *c, int *ret_fd, struct err *e)
{
	char path[PATH_ROOM];
	int r = -EEXIST;

	/* A process that executes one program after the other has a file for each. */
	for (unsigned nth = 1; r == -EEXIST && nth <= MOST_FILES; nth++) {
		name_file(k, c->pid, nth, path, sizeof(path));
		if (!is_ours(k, path))
			r = recording_create(path, k->job->output.force, ret_fd, e);
	}
	if (r)
		return r;
	c->path = strdup(path);
	return c->path ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int record(struct kin *k, struct child *c, uint64_t now, struct err *e)
{
	struct recorder_options o = k->job->recorder;
	int fd = -1, r = open_file(k, c, &fd, e);

	if (k->end_ns)
		o.duration_s = k->end_ns > now + 10000000u ? (double)(k->end_ns - now) / 1e9 : 0.01;
	if (!r)
		r = watch_record(c->watch, &c->recorder, fd, &o, tell, c, e);
	if (r && fd >= 0)
		close(fd);
	return r;
}

static void say(const struct kin *k, const struct child *c)
{
	if (k->count > SAID && !k->job->verbose)
		return;
	progress_clear();
	fprintf(stderr, "memspy: %d %s is recorded, too, in %s\n", c->pid, say_safely(c->name), c->path);
	if (k->count == SAID && !k->job->verbose)
		fprintf(stderr, "memspy: others are not announced\n");
}

static void open_child(struct kin *k, const struct follow_child *which, uint64_t now)
{
	struct recording_about about = { 0 };
	struct child *c = &k->children[k->count];
	struct err e = { "" };
	int r = k->count < MOST_FILES ? 0 : err_set(&e, EBUSY, "%d files have been written already", MOST_FILES);

	if (!r) {
		*c = (struct child){ .pid = which->pid };
		r = watch_open_child(&c->watch, &session_live, which->pid, which->family, which->place, &k->job->session, &e);
	}
	follow_opened(k->follow, which->pid, r ? NULL : c->watch, r, &e);
	if (r)
		return;
	watch_about(c->watch, &about);
	c->name = strdup(about.name ? about.name : "");
	r = record(k, c, now, &e);
	if (r) {
		progress_clear();
		fault_say(NULL, "%d is not recorded: %s", c->pid, e.text);
		let_go(c);
		follow_let_go(k->follow, c->pid);
		free(c->path);
		free(c->name);
		return;
	}
	k->count++;
	say(k, c);
}

void kin_turn(struct kin *k, uint64_t now)
{
	struct follow_child which;

	for (size_t i = 0; i < k->count; i++) {
		struct child *c = &k->children[i];
		struct err e = { "" };
		int r = c->watch ? watch_turn(c->watch, now, &e) : 0;

		if (!c->watch || (!r && c->recorder))
			continue;
		let_go(c);
		if (r)
			follow_ended(k->follow, c->pid);
	}
	if (follow_next(k->follow, now, &which))
		open_child(k, &which, now);
}

void kin_first_ended(struct kin *k)
{
	follow_ended(k->follow, k->job->pid);
}

bool kin_is_over(const struct kin *k)
{
	return follow_is_over(k->follow) || (k->end_ns && clock_now_ns() >= k->end_ns);
}

void kin_end(struct kin *k, const char *why)
{
	for (size_t i = 0; i < k->count; i++) {
		if (k->children[i].watch && k->children[i].recorder)
			watch_record_end(k->children[i].watch, k->children[i].recorder, why);
		let_go(&k->children[i]);
	}
}

static int by_heap(const void *a, const void *b)
{
	const struct child *x = *(const struct child *const *)a, *y = *(const struct child *const *)b;

	return x->most.heap_bytes < y->most.heap_bytes ? 1 : -(x->most.heap_bytes > y->most.heap_bytes);
}

static void say_counts(const struct kin *k)
{
	struct follow_counts n;

	follow_counted(k->follow, &n);
	fprintf(stderr, "memspy: %llu child%s recorded", (unsigned long long)k->count, k->count == 1 ? "" : "ren");
	say_left_out(stderr, &n, n.why);
	fputc('\n', stderr);
}

void kin_close(const struct kin *k)
{
	const struct child *sorted[MOST_FILES];

	say_counts(k);
	if (!k->count)
		return;
	for (size_t i = 0; i < k->count; i++)
		sorted[i] = &k->children[i];
	qsort(sorted, k->count, sizeof(sorted[0]), by_heap);
	printf("\n   at most     ±      pid  since its fork or attach\n");
	for (size_t i = 0; i < k->count && i < SAID; i++) {
		const struct progress *p = &sorted[i]->most;
		double half = p->heap_bytes ? 50 * (double)(p->heap_high_bytes - p->heap_low_bytes) / (double)p->heap_bytes : 0;

		printf("%10s %3.0f %%  %7d  %s  %s\n", units_bytes(p->heap_bytes).text, half, sorted[i]->pid,
		       say_safely(sorted[i]->name), sorted[i]->path);
	}
	if (k->count > SAID)
		printf("  %zu more files beside %s\n", k->count - SAID, k->job->output.path);
}
