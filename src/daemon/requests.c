/*
 * What the daemon can be asked. Every value of a request is a claim: its type and range are checked here.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "daemon_private.h"
#include "memspy/cleanup.h"
#include "memspy/log.h"
#include "memspy/proc.h"

static int number(const json_t *request, const char *name, double min, double max, double *ret, struct err *e)
{
	const json_t *value = json_object_get(request, name);

	if (!json_is_number(value) || !isfinite(json_number_value(value)) || json_number_value(value) < min ||
	    json_number_value(value) > max)
		return err_set(e, EINVAL, "the request has no good \"%s\"", name);
	*ret = json_number_value(value);
	return 0;
}

static int read_pid(const json_t *request, pid_t *ret, struct err *e)
{
	double pid;
	int r = number(request, "pid", 1, 1 << 22, &pid, e);

	if (!r)
		*ret = (pid_t)pid;
	return r;
}

/* ---- attach ---- */

static int read_options(const json_t *request, struct session_options *o, struct err *e)
{
	double sample, domains, table, inject, interval;
	int r = number(request, "sample_bytes", 0, 1LL << 40, &sample, e);

	if (!r)
		r = number(request, "domains", 1, (1 << DOMAIN_COUNT) - 1, &domains, e);
	if (!r)
		r = number(request, "table_bytes", 1 << 16, 1LL << 36, &table, e);
	if (!r)
		r = number(request, "inject", INJECT_AUTO, INJECT_MAP, &inject, e);
	if (!r)
		r = number(request, "interval", 0.01, 86400, &interval, e);
	if (!r)
		*o = (struct session_options){ (uint64_t)sample, (unsigned)domains, (uint64_t)table,
					       (enum inject_way)inject, interval,
					       json_is_true(json_object_get(request, "follow")) ? MOST_FOLLOWED : 0 };
	return r;
}

/* Of one that is followed: whom it came of, and whose child it is now; of the one that was attached: itself, and nobody. */
static void describe_kin(const struct lineage *l, const struct watch *w, json_t *to)
{
	struct proc_status status;
	struct err ignored;

	if (!l)
		return;
	json_object_set_new(to, "root", json_integer(l->root));
	if (watch_pid(w) != l->root && !proc_status_read(watch_pid(w), &status, &ignored))
		json_object_set_new(to, "parent", json_integer(status.parent));
}

static json_t *describe(const struct daemon *d, const struct watch *w)
{
	json_t *told;
	struct recording_about about = { 0 };
	struct session_facts facts;
	struct progress p;
	const struct sample *last = watch_last(w);

	watch_about(w, &about);
	watch_facts(w, &facts);
	watch_progress(w, &p);
	told = json_pack("{s:i, s:o, s:o, s:I, s:s, s:s, s:I, s:i, s:f, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:i}",
			 "pid", (int)watch_pid(w), "name", client_text(about.name),
			 "python", client_text(about.python),
			 "sample_bytes", (json_int_t)(last && last->has_heap ? last->sample_bytes : watch_options(w)->sample_bytes),
			 "domains", about.domains ? about.domains : "", "way", facts.way ? facts.way : "",
			 "held_ns", (json_int_t)facts.held_ns, "slots", (int)facts.slots, "seconds", p.elapsed_s,
			 "ticks", (json_int_t)p.ticks, "rss", (json_int_t)p.rss_bytes, "has_heap", (int)p.has_heap,
			 "heap", (json_int_t)p.heap_bytes, "heap_low", (json_int_t)p.heap_low_bytes,
			 "heap_high", (json_int_t)p.heap_high_bytes, "lost", (json_int_t)p.lost,
			 "table", (json_int_t)(last ? last->table_bytes : 0), "recordings", (int)watch_recordings(w));
	if (told)
		describe_kin(sessions_lineage(d, w), w, told);
	return told;
}

static enum hold hold_of(const json_t *value)
{
	if (json_is_string(value) && strcmp(json_string_value(value), "shared") == 0)
		return HOLD_SHARED;
	return json_is_true(value) ? HOLD_ALONE : HOLD_NONE;
}

static int serve_attach(struct daemon *d, struct client *c, const json_t *request, struct err *e)
{
	enum hold hold = hold_of(json_object_get(request, "hold"));
	struct attach_wish wish = { .asker = c, .hold = hold };
	pid_t pid;
	int r = read_pid(request, &pid, e);

	if (!r)
		r = read_options(request, &wish.options, e);
	if (r)
		return r;
	wish.child.pid = pid;
	if (sessions_find(d, pid))
		return err_set(e, EALREADY, "%d is attached already; memspy status shows it", pid);
	if (attaching_has(&d->attaching, pid))
		return err_set(e, EALREADY, "%d is being attached already; memspy status shows it in a moment", pid);
	return attaching_add(&d->attaching, d->ops, &wish, e);
}

/* Nobody is told of a session whose client is gone: then there is none. */
void request_attached(struct daemon *d, struct attached *a)
{
	struct client *c = a->asker;
	struct err ignored;

	if (a->lineage) {
		lineages_attached(d, a);
		return;
	}
	if (!a->r && c)
		a->r = sessions_add(d, a->watch, NULL, a->hold, &a->e);
	if (!a->r && c && a->options.places && lineages_begin(d, a->watch, a->hold, &ignored))
		log_say("children of %d are not followed: %s", a->pid, ignored.text);
	if (a->r || !c) {
		if (a->watch)
			watch_close(a->watch, "detached", &ignored);
		if (c)
			client_refuse(c, a->r < 0 ? -a->r : ESRCH, a->e.text);
		return;
	}
	log_say("attached to %d", a->pid);
	if (a->hold != HOLD_NONE)
		c->holds = a->watch;
	client_say(c, json_pack("{s:b, s:o}", "ok", 1, "session", describe(d, a->watch)),
		   a->hold == HOLD_NONE, false);
}

static int find(struct daemon *d, const json_t *request, struct watch **ret, struct err *e)
{
	pid_t pid;
	int r = read_pid(request, &pid, e);

	if (r)
		return r;
	*ret = sessions_find(d, pid);
	if (!*ret && attaching_has(&d->attaching, pid))
		return err_set(e, EAGAIN, "%d is being attached; try again in a moment", pid);
	return *ret ? 0 : err_set(e, ENOENT, "%d is not attached; memspy status lists what is", pid);
}

static int serve_detach(struct daemon *d, struct client *c, const json_t *request, struct err *e)
{
	struct watch *w;
	int r = find(d, request, &w, e);

	if (!r)
		r = lineages_detach(d, w, "detached", e);
	if (r >= 0)
		client_say(c, json_pack("{s:b}", "ok", 1), true, false);
	return r;
}

/* Whoever looked says that it has done: the answer tells whether others still look. */
static int serve_leave(struct daemon *d, struct client *c, const json_t *request, struct err *e)
{
	struct watch *w;
	int r = find(d, request, &w, e);

	if (!r)
		r = sessions_leave(d, w, c, e);
	if (r < 0)
		return r;
	client_say(c, json_pack("{s:b, s:b}", "ok", 1, "stays", r == SESSION_STAYS), true, false);
	return 0;
}

static int serve_status(struct daemon *d, struct client *c, const json_t *request, struct err *e)
{
	json_t *sessions = json_array();

	(void)request;
	(void)e;
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i])
			json_array_append_new(sessions, describe(d, d->watches[i]));
	client_say(c, json_pack("{s:b, s:o, s:o}", "ok", 1, "sessions", sessions, "families", lineages_describe(d)), true, false);
	return 0;
}

/* ---- record ---- */

static json_t *progress_json(const struct progress *p)
{
	return json_pack("{s:f, s:f, s:I, s:f, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "elapsed", p->elapsed_s, "duration",
			 p->duration_s, "rss", (json_int_t)p->rss_bytes, "rss_per_minute", p->rss_per_minute, "has_heap",
			 (int)p->has_heap, "heap", (json_int_t)p->heap_bytes, "heap_low", (json_int_t)p->heap_low_bytes,
			 "heap_high", (json_int_t)p->heap_high_bytes, "ticks", (json_int_t)p->ticks, "bytes",
			 (json_int_t)p->file_bytes, "lost", (json_int_t)p->lost);
}

static void tell(void *own, const struct progress *p, enum recorder_end end, const char *why)
{
	struct client *c = own;

	if (end == RECORDER_GOES_ON) {
		client_say(c, json_pack("{s:o}", "progress", progress_json(p)), false, true);
		return;
	}
	c->recorder = NULL;
	c->records = NULL;
	client_say(c, json_pack("{s:b, s:i, s:o, s:o}", "ok", 1, "end", (int)end, "why", client_text(why), "progress",
				progress_json(p)), true, false);
}

static int serve_record(struct daemon *d, struct client *c, const json_t *request, struct err *e)
{
	struct recorder_options o = { 0 };
	double max;
	struct watch *w;
	int r = find(d, request, &w, e);

	if (!r)
		r = number(request, "duration", 0, 1e10, &o.duration_s, e);
	if (!r)
		r = number(request, "interval", 0.01, 86400, &o.interval_s, e);
	if (!r)
		r = number(request, "max_bytes", 0, 1e18, &max, e);
	if (r)
		return r;
	o.max_bytes = (uint64_t)max;
	if (c->in.fd < 0)
		return err_set(e, EINVAL, "the request brings no file");
	if (watch_recordings(w) >= MOST_RECORDERS)
		return err_set(e, EBUSY, "%d is recorded %d times already", watch_pid(w), MOST_RECORDERS);
	r = watch_record(w, &c->recorder, c->in.fd, &o, tell, c, e);
	if (r)
		return r;
	c->in.fd = -1;
	c->records = w;
	client_say(c, json_pack("{s:o}", "session", describe(d, w)), false, false);
	return 0;
}

void request_withdraw(struct daemon *d, struct client *c)
{
	struct watch *holds = c->holds;
	struct err e = { "" };

	c->holds = NULL;
	attaching_forget(&d->attaching, c);
	if (c->recorder)
		watch_record_end(c->records, c->recorder, "ended by request");
	/* A shared one is swept up once nobody uses it. */
	if (holds && !sessions_is_shared(d, holds))
		lineages_detach(d, holds, "detached", &e);
}

void request_serve(struct daemon *d, struct client *c, const char *line)
{
	static const struct {
		const char *name;
		int (*serve)(struct daemon *d, struct client *c, const json_t *request, struct err *e);
	} known[] = {
		{ "attach", serve_attach }, { "detach", serve_detach }, { "leave", serve_leave }, { "status", serve_status },
		{ "record", serve_record },
	};
	json_t *request = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *op = json_string_value(json_object_get(request, "op"));
	struct err e = { "" };
	int r = err_set(&e, EINVAL,
			"the daemon does not know this request; memspy and its daemon may differ in version");

	for (size_t i = 0; op && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, op) == 0)
			r = known[i].serve(d, c, request, &e);
	json_decref(request);
	if (r != 0)
		client_refuse(c, r < 0 ? -r : ESRCH, e.text);
}
