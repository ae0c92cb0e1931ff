/*
 * fake_session: a session of nobody, for tests of what stands above sessions. It grows by 1000 bytes a tick.
 *
 * That it was closed well can be seen from outside: it then leaves a file closed-PID in MEMSPY_RUNTIME_DIR.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memspy/clock.h"
#include "memspy/session_ops.h"

struct session {
	pid_t pid;
	struct names *names;
	uint32_t stack;
	unsigned ticks;
};

static int fake_open(struct session **ret, pid_t pid, const struct session_options *o, struct err *e)
{
	struct session *s = calloc(1, sizeof(*s));
	struct frame frame = { .line = 7 };
	uint32_t id = 0;

	if (!s)
		abort();
	if (o->sample_bytes == 4242) { /* a process that refuses, with bytes in its name that are not text */
		free(s);
		return err_set(e, EPERM, "cannot attach to %d: \xff\xfe says no", pid);
	}
	if (o->sample_bytes == 4343) /* one that takes its time */
		usleep(800000);
	s->pid = pid;
	if (names_new(&s->names, e) || names_string(s->names, "remember", 8, &frame.function, e) ||
	    names_frame(s->names, &frame, &id, e) || names_stack(s->names, 0, id, &s->stack, e))
		abort();
	*ret = s;
	return 0;
}

static int fake_tick(struct session *s, struct sample *ret, struct err *e)
{
	uint64_t bytes = ++s->ticks * 1000;

	(void)e;
	ret->time_ns = clock_now_ns();
	ret->memory.rss = 1 << 20;
	ret->has_heap = true;
	ret->sample_bytes = 512 << 10;
	ret->sites = calloc(1, sizeof(*ret->sites));
	ret->site_count = 1;
	ret->sites[0].stack = s->stack;
	ret->sites[0].live = (struct estimate){ .bytes = bytes, .blocks = 1, .samples = 1, .sure_bytes = bytes };
	ret->sites[0].alloc = ret->sites[0].live;
	return 0;
}

static const struct names *fake_names(const struct session *s)
{
	return s->names;
}

static void fake_about(const struct session *s, struct recording_about *ret)
{
	ret->pid = s->pid;
	ret->name = "fake \xff";
	ret->python = "3.12.1";
	ret->domains = "malloc";
}

static void fake_facts(const struct session *s, struct session_facts *ret)
{
	(void)s;
	*ret = (struct session_facts){ .way = "nowhere", .held_ns = 210000, .slots = 3 };
}

static int fake_close(struct session *s, struct err *e)
{
	char path[200];

	(void)e;
	snprintf(path, sizeof(path), "%s/closed-%d", getenv("MEMSPY_RUNTIME_DIR"), s->pid);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	names_free(s->names);
	free(s);
	return 0;
}

static const struct session_ops fake_session = {
	.open = fake_open, .tick = fake_tick, .names = fake_names, .about = fake_about, .facts = fake_facts, .close = fake_close,
};
