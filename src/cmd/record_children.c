/*
 * What a recording of one process leaves out: the children that hold memory, such as the workers of a server.
 */
#include <stdio.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "memspy/proc.h"
#include "memspy/units.h"
#include "record_private.h"
#include "say_private.h"

enum { LOOKED_AT = 64, NAMED = 3, WORTH_BYTES = 1 << 20 };

struct other {
	pid_t pid;
	uint64_t bytes;
};

static int by_bytes(const void *a, const void *b)
{
	const struct other *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : -(x->bytes > y->bytes);
}

/* Shared pages divided by those who share them, where the kernel tells. */
static uint64_t held_by(pid_t pid)
{
	struct memory m = { 0 };
	struct err ignored;

	if (proc_memory(pid, true, &m, &ignored))
		return 0;
	return m.has_detail ? m.pss : m.rss_anon;
}

static void say_one(const struct other *o, const char *before)
{
	_cleanup_(freep) char *title = NULL;
	struct err ignored;

	if (proc_title(o->pid, &title, &ignored))
		title = NULL;
	fprintf(stderr, "%s%d %s %s", before, o->pid, say_safely(title ? title : ""), units_bytes(o->bytes).text);
}

void record_say_children(const struct job *j)
{
	const char *remedy = j->in_family ? "memspy record --pid N records one of them" : "--follow-fork records children, too";
	_cleanup_(freep) pid_t *pids = NULL;
	struct other others[LOOKED_AT];
	size_t count, found = 0;
	uint64_t bytes = 0;
	struct err ignored;

	if (proc_children(j->pid, &pids, &count, &ignored))
		return;
	for (size_t i = 0; i < count && i < LOOKED_AT; i++) {
		others[found] = (struct other){ pids[i], held_by(pids[i]) };
		bytes += others[found].bytes;
		found += others[found].bytes >= WORTH_BYTES;
	}
	if (!found)
		return;
	qsort(others, found, sizeof(others[0]), by_bytes);
	fprintf(stderr, "memspy: not in it: %zu child%s of %d with %s", found, found == 1 ? "" : "ren", j->pid, units_bytes(bytes).text);
	for (size_t i = 0; i < found && i < NAMED; i++)
		say_one(&others[i], i ? ", " : " (");
	fprintf(stderr, "%s); %s\n", found > NAMED ? ", …" : "", remedy);
}
