#include "memspy/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>

#include "follow_private.h"
#include "memspy/clock.h"

#define LOOK_NS 20000000u
#define FORKING_NS 150000000u  /* a new child has called a hook by then, or never will */
#define TRY_NS 20000000u       /* then twice that, and so on */
#define UP_NS 10000000000u     /* an interpreter is up by then */
#define PYTHON_NS 2000000000u  /* a shell or env in front of it has made way by then */

enum { MOST_TRIES = 64 };

static struct line *add_line(struct follow *f, struct family *family)
{
	for (struct line *line = f->lines; family && line < f->lines + MOST_LINES; line++)
		if (!line->family) {
			*line = (struct line){ .family = family };
			return line;
		}
	family_free(family);
	return NULL;
}

int follow_new(struct follow **ret, const struct watch *first, struct err *e)
{
	struct follow *f = calloc(1, sizeof(*f));
	struct proc_status status;
	struct err ignored;
	struct member *m;

	if (!f)
		return err_set(e, ENOMEM, "out of memory");
	f->same_pids = proc_status_read(watch_pid(first), &status, &ignored) == 0 && !status.other_pid_namespace;
	f->first = watch_pid(first);
	m = members_add(f, f->first, clock_now_ns());
	if (m)
		m->state = MEMBER_WATCHED;
	add_line(f, watch_family(first));
	*ret = f;
	return 0;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < MOST_LINES; i++)
		family_free(f->lines[i].family);
	free(f);
}

uint64_t follow_due(const struct follow *f)
{
	return f->look_ns;
}

static unsigned at_work(const struct follow *f)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->members[i].state == MEMBER_WATCHED || f->members[i].state == MEMBER_OPENING;
	return n;
}

/* Those that are gone without having been watched. */
static void bury(struct follow *f, bool also_idle)
{
	for (size_t i = f->count; i-- > 0;) {
		struct member *m = &f->members[i];

		if (m->state == MEMBER_WATCHED || m->state == MEMBER_OPENING || (m->state == MEMBER_IDLE && !also_idle) ||
		    proc_is_same(&m->id))
			continue;
		f->counts.missed += m->unseen && !m->refused;
		members_drop(f, m);
	}
}

static void consider(struct follow *f, struct member *m, uint64_t now)
{
	if (m->state == MEMBER_NEW && now - m->since_ns > FORKING_NS) {
		m->state = MEMBER_TRYING;
		m->try_ns = m->since_ns = now;
		for (size_t i = 0; i < MOST_LINES && !m->refused; i++)
			m->refused = f->lines[i].family && family_refused(f->lines[i].family, m->id.pid);
	} else if (m->state == MEMBER_IDLE && m->program != members_program(m->id.pid)) {
		members_leave_place(m);
		m->state = MEMBER_NEW;
		m->since_ns = now;
		m->tries = 0;
	}
}

static void look(struct follow *f, uint64_t now)
{
	bury(f, now >= f->scan_ns);
	members_of_places(f, now);
	if (now >= f->scan_ns) {
		members_scan(f, now);
		for (size_t i = 0; i < f->count; i++)
			consider(f, &f->members[i], now);
	}
	f->look_ns = now + LOOK_NS;
}

static bool is_due(const struct member *m, uint64_t now)
{
	return m->state == MEMBER_READY || (m->state == MEMBER_TRYING && m->try_ns <= now);
}

bool follow_next(struct follow *f, uint64_t now, struct follow_child *ret)
{
	if (now >= f->look_ns)
		look(f, now);
	for (size_t i = 0; i < f->count; i++) {
		struct member *m = &f->members[i];

		if (!is_due(m, now))
			continue;
		if (at_work(f) > MOST_FOLLOWED) { /* the first one is one more */
			f->counts.refused += !m->refused;
			m->refused = true;
			continue;
		}
		*ret = (struct follow_child){ m->id.pid, m->line ? m->line->family : NULL, m->place };
		m->state = MEMBER_OPENING;
		return true;
	}
	return false;
}

static void set_idle(struct member *m)
{
	m->state = MEMBER_IDLE;
	m->program = members_program(m->id.pid);
}

/* It is no Python (yet), or one that cannot be attached. */
static void try_later(struct follow *f, struct member *m, int r, const struct err *e)
{
	const uint64_t now = clock_now_ns();
	const bool pointless = r == -EPERM || r == -EACCES || r == -EBUSY;

	m->state = MEMBER_TRYING;
	if (!pointless && now - m->since_ns < (r == -EAGAIN ? UP_NS : PYTHON_NS) && m->tries < MOST_TRIES) {
		m->try_ns = now + (TRY_NS << (m->tries < 5 ? m->tries : 5));
		m->tries++;
		return;
	}
	if (r == -ENOTSUP) {
		f->counts.others++;
	} else {
		f->counts.failed++;
		snprintf(f->counts.why, sizeof(f->counts.why), "%.*s", (int)sizeof(f->counts.why) - 1, e->text);
	}
	set_idle(m);
}

void follow_opened(struct follow *f, pid_t pid, const struct watch *w, int r, const struct err *e)
{
	struct member *m = members_find(f, pid);

	if (!m)
		return;
	if (w) {
		m->state = MEMBER_WATCHED;
		m->tries = 0;
		m->unseen = false;
		f->counts.watched++;
		f->counts.refused -= m->refused;
		m->refused = false;
		if (!m->line)
			add_line(f, watch_family(w));
	} else if (!proc_is_same(&m->id)) {
		f->counts.missed += m->unseen && !m->refused;
		members_drop(f, m);
	} else if (m->line) { /* it has started another program meanwhile */
		members_leave_place(m);
		m->state = MEMBER_NEW;
		m->since_ns = clock_now_ns();
	} else {
		try_later(f, m, r, e);
	}
}

void follow_ended(struct follow *f, pid_t pid)
{
	struct member *m = members_find(f, pid);

	if (!m)
		return;
	members_leave_place(m);
	if (!proc_is_same(&m->id)) {
		members_drop(f, m);
		return;
	}
	m->state = MEMBER_NEW;
	m->since_ns = clock_now_ns();
}

/* Its place stays its own: the probe in it still has that table mapped. */
void follow_let_go(struct follow *f, pid_t pid)
{
	struct member *m = members_find(f, pid);

	if (m)
		set_idle(m);
}

bool follow_is_over(const struct follow *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->members[i].state != MEMBER_IDLE)
			return false;
	for (size_t i = 0; i < MOST_LINES; i++)
		if (f->lines[i].family && family_taken(f->lines[i].family) & ~f->lines[i].known)
			return false;
	return true;
}

void follow_counted(const struct follow *f, struct follow_counts *ret)
{
	*ret = f->counts;
	ret->now = 0;
	for (size_t i = 0; i < f->count; i++) {
		const struct member *m = &f->members[i];

		ret->now += m->state == MEMBER_WATCHED && m->id.pid != f->first;
		ret->missed += m->unseen && !m->refused;
	}
	for (size_t i = 0; i < MOST_LINES; i++) {
		const struct line *line = &f->lines[i];

		if (!line->family)
			continue;
		ret->refused += family_counts(line->family).refused;
		ret->missed += (uint64_t)__builtin_popcountll(family_taken(line->family) & ~line->known);
	}
}
