/*
 * session_live: one real process, from attach to detach.
 *
 * The chain of DESIGN, held in one hand: preflight, find the interpreter, bring the probe in, arm it, make its hooks
 * reachable; then a look at every tick; then everything back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/claim.h"
#include "memspy/cleanup.h"
#include "memspy/family.h"
#include "memspy/preflight.h"
#include "session_private.h"

#define MOST_VIEW_BYTES (4ull << 30)

/* Our descriptor of its memory outlives an exec, the memory does not: then everything we knew is gone. */
static bool has_executed(struct session *s)
{
	struct err ignored;
	uint64_t word;

	return remote_read_u64(s->remote, s->probe.base, &word, &ignored) == READ_GONE;
}

static int close_session(struct session *s, struct err *e)
{
	int r = 0;

	if (s->patches && !s->gone && proc_is_same(&s->id) && !has_executed(s))
		r = session_hooks_off(s, e);
	sampler_free(s->sampler);
	patches_free(s->patches);
	heap_free(s->heap);
	injected_done(&s->probe);
	python_free(s->python);
	maps_free(s->maps);
	remote_free(s->remote);
	closep(&s->claim);
	free(s->cmdline);
	free(s->title);
	free(s);
	return r;
}

/* All that can be refused is refused here, before anything is touched. */
static int find(struct session *s, struct err *e)
{
	struct probe_python unused;
	struct preflight checks;
	int r = preflight_run(s->id.pid, &checks, e);

	if (!r)
		r = preflight_refuse(&checks, e);
	if (!r)
		r = proc_identify(s->id.pid, &s->id, e);
	if (!r)
		r = claim_process(s->id.pid, &s->claim, e);
	if (!r)
		r = remote_new_live(&s->remote, s->id.pid, e);
	if (!r)
		r = maps_read(&s->maps, s->id.pid, e);
	if (!r)
		r = python_find(&s->python, s->id.pid, s->remote, s->maps, e);
	if (!r)
		r = python_probe_table(s->python, s->remote, &unused, e);
	if (!r)
		r = session_about_read(s, e);
	if (!r)
		r = proc_memory(s->id.pid, false, &s->memory_at_attach, e);
	return r;
}

/* A place for a child costs addresses only; the target may have a limit for those, then its children have none. */
static int bring_in(struct session *s, struct err *e)
{
	uint64_t bytes = s->options.table_bytes, most = bytes ? MOST_VIEW_BYTES / bytes : 1;
	unsigned tables = most < 1 + s->options.places ? (unsigned)most : 1 + s->options.places;
	const bool has_tables = python_version(s->python) >= 0x03000000 && !python_is_free_threaded(s->python);
	const raddr beside = has_tables ? python_object(s->python)->start : 0;
	int r = inject(&s->probe, s->id.pid, s->remote, s->maps, beside, s->options.inject, bytes, tables ? tables : 1, e);

	if (r == -ENOMEM && tables > 1)
		r = inject(&s->probe, s->id.pid, s->remote, s->maps, beside, s->options.inject, bytes, 1, e);
	return r;
}

static int enter(struct session *s, struct err *e)
{
	int r = bring_in(s, e);

	if (!r && python_is_free_threaded(s->python))
		injected_free_threaded(&s->probe);
	if (!r)
		r = heap_new(&s->heap, &s->probe, e);
	if (!r)
		r = session_hooks_on(s, e);
	if (!r)
		r = sampler_new(&s->sampler, s->id.pid, s->heap, s->python, s->remote, e);
	return r;
}

/* Takes what probe has mapped. */
static int open_by(struct session **ret, pid_t pid, int (*way)(struct session *s, struct err *e), const struct injected *probe,
		   const struct session_options *o, struct err *e)
{
	struct session *s = calloc(1, sizeof(*s));
	struct err ignored;
	int r;

	if (!s)
		return err_set(e, ENOMEM, "out of memory");
	s->id.pid = pid;
	s->claim = -1;
	s->options = *o;
	if (probe)
		s->probe = *probe;
	r = find(s, e);
	if (!r)
		r = way(s, e);
	if (!r) {
		*ret = s;
		return 0;
	}
	close_session(s, &ignored);
	if (r == READ_GONE)
		return err_set(e, ESRCH, "%d went away while memspy was attaching", pid);
	if (r == READ_TORN)
		return err_set(e, EAGAIN, "%d changed while memspy looked at it; try again", pid);
	return r;
}

static int open_session(struct session **ret, pid_t pid, const struct session_options *o, struct err *e)
{
	return open_by(ret, pid, enter, NULL, o, e);
}

static int join(struct session *s, struct err *e)
{
	int r;

	if (python_is_free_threaded(s->python))
		injected_free_threaded(&s->probe);
	s->inherited = true;
	r = heap_new(&s->heap, &s->probe, e);
	if (!r)
		r = session_hooks_inherited(s, e);
	if (!r)
		r = sampler_new(&s->sampler, s->id.pid, s->heap, s->python, s->remote, e);
	return r;
}

static int open_child(struct session **ret, pid_t pid, const struct family *f, unsigned place, const struct session_options *o,
		      struct err *e)
{
	struct injected probe;
	int r = injected_place(&probe, family_probe(f), place, e);

	return r ? r : open_by(ret, pid, join, &probe, o, e);
}

static struct family *family(const struct session *s)
{
	struct family *f;
	struct err ignored;

	if (s->probe.tables < 2 || !s->options.places || family_new(&f, &s->probe, &ignored))
		return NULL;
	return f;
}

static int tick(struct session *s, struct sample *ret, struct err *e)
{
	int r;

	heap_renew(s->heap);
	if (has_executed(s)) {
		s->gone = true;
		r = sampler_take(s->sampler, ret, e);
		return r < 0 ? r : READ_GONE;
	}
	r = session_hooks_rescan(s, e);
	if (r < 0 && proc_is_same(&s->id))
		return r;
	r = sampler_take(s->sampler, ret, e);
	if (r == READ_GONE || (!r && !proc_is_same(&s->id))) {
		s->gone = true;
		return READ_GONE;
	}
	return r;
}

static const struct names *names(const struct session *s)
{
	return sampler_names(s->sampler);
}

static void facts(const struct session *s, struct session_facts *ret)
{
	static const char *const ways[] = { [INJECT_MAP] = "mapped, no code of the target run",
					    [INJECT_DLOPEN] = "dlopen at a safe point" };

	*ret = (struct session_facts){
		.way = s->inherited ? "as the child of a followed process" : s->probe.reused ? "the probe of an earlier session" : ways[s->probe.way],
		.held_ns = s->probe.held_ns,
		.slots = patches_counts(s->patches).slots,
	};
}

const struct session_ops session_live = {
	.stop_at_start = session_stop_at_start,
	.open = open_session,
	.open_child = open_child,
	.family = family,
	.tick = tick,
	.names = names,
	.about = session_about_tell,
	.facts = facts,
	.close = close_session,
};
