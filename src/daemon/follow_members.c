/*
 * follow_members: where descendants are found: at the places of a family, and in the kernel's lists of children.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "follow_private.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"

#define SCAN_NS 100000000u
#define UNKNOWN_NS 2000000000u /* a place whose child nobody can tell is empty after that */

enum { SCAN_COST_FACTOR = 50 }; /* lists of many threads take time: at most so many parts of ours */

struct member *members_find(struct follow *f, pid_t pid)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->members[i].id.pid == pid)
			return &f->members[i];
	return NULL;
}

struct member *members_add(struct follow *f, pid_t pid, uint64_t now)
{
	struct member m = { .since_ns = now, .state = MEMBER_NEW };
	struct err ignored;

	if (f->count == MOST_MEMBERS || proc_identify(pid, &m.id, &ignored))
		return NULL;
	f->members[f->count] = m;
	return &f->members[f->count++];
}

void members_leave_place(struct member *m)
{
	if (!m->line)
		return;
	m->line->known &= ~(1ull << m->place);
	m->line->since_ns[m->place] = 0;
	family_give_back(m->line->family, m->place);
	m->line = NULL;
	m->place = 0;
}

void members_drop(struct follow *f, struct member *m)
{
	members_leave_place(m);
	*m = f->members[--f->count];
}

uint64_t members_program(pid_t pid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return stat(path, &st) == 0 ? (uint64_t)st.st_dev << 40 ^ (uint64_t)st.st_ino : 0;
}

static bool settle(struct line *line, unsigned place, struct member *m)
{
	if (!m || m->line || (m->state != MEMBER_NEW && m->state != MEMBER_TRYING))
		return false;
	m->line = line;
	m->place = place;
	m->unseen = true;
	m->state = MEMBER_READY;
	line->known |= 1ull << place;
	return true;
}

static bool is_there(const struct follow *f, pid_t pid)
{
	return !f->same_pids || kill(pid, 0) == 0 || errno == EPERM;
}

static void look_at_place(struct follow *f, struct line *line, unsigned place, uint64_t now)
{
	pid_t taker = family_taker(line->family, place);
	struct member *m = NULL;

	if (!line->since_ns[place])
		line->since_ns[place] = now;
	if (taker > 0 && family_is_at(line->family, place, taker)) {
		m = members_find(f, taker);
		m = m ? m : members_add(f, taker, now);
	}
	for (size_t i = 0; !m && i < f->count; i++) /* those of another pid namespace */
		if (f->members[i].state == MEMBER_NEW && !f->members[i].line &&
		    family_is_at(line->family, place, f->members[i].id.pid))
			m = &f->members[i];
	if (settle(line, place, m))
		return;
	if ((taker > 0 && !is_there(f, taker)) || now - line->since_ns[place] > UNKNOWN_NS) {
		f->counts.missed++;
		line->since_ns[place] = 0;
		family_give_back(line->family, place);
	}
}

void members_of_places(struct follow *f, uint64_t now)
{
	for (struct line *line = f->lines; line < f->lines + MOST_LINES; line++) {
		uint64_t taken = line->family ? family_taken(line->family) & ~line->known : 0;

		for (; taken; taken &= taken - 1)
			look_at_place(f, line, (unsigned)__builtin_ctzll(taken), now);
	}
}

void members_scan(struct follow *f, uint64_t now)
{
	const size_t count = f->count;
	uint64_t cost;

	for (size_t i = 0; i < count; i++) {
		_cleanup_(freep) pid_t *children = NULL;
		struct err ignored;
		size_t n;

		if (proc_children(f->members[i].id.pid, &children, &n, &ignored))
			continue;
		for (size_t k = 0; k < n; k++)
			if (!members_find(f, children[k]))
				members_add(f, children[k], now);
	}
	cost = clock_now_ns() - now;
	f->scan_ns = now + cost + (cost * SCAN_COST_FACTOR > SCAN_NS ? cost * SCAN_COST_FACTOR : SCAN_NS);
}
