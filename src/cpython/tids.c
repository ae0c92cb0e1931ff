#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/proc.h"
#include "python_private.h"

/* A thread's id in the target's own pid namespace; 0: not known. */
static pid_t inner_tid(FILE *status)
{
	char line[512];

	while (fgets(line, sizeof(line), status)) {
		char *last;

		if (strncmp(line, "NSpid:", 6))
			continue;
		last = strrchr(line, '\t');
		return last ? (pid_t)strtol(last + 1, NULL, 10) : 0;
	}
	return 0;
}

void tids_done(struct tids *t)
{
	free(t->outer);
	free(t->inner);
}

int tids_read(const struct python *p, struct tids *t, struct err *e)
{
	int q = proc_threads(p->pid, &t->outer, &t->count, e);

	if (q || !p->other_pid_namespace)
		return q;
	t->inner = calloc(t->count + 1, sizeof(*t->inner));
	if (!t->inner)
		return err_set(e, ENOMEM, "out of memory for threads");
	for (size_t i = 0; i < t->count; i++) {
		_cleanup_(fclosep) FILE *f = NULL;
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", p->pid, t->outer[i]);
		f = fopen(path, "re");
		if (f)
			t->inner[i] = inner_tid(f);
	}
	return 0;
}

pid_t tids_find(const struct tids *t, uint64_t inner)
{
	const pid_t *ids = t->inner ? t->inner : t->outer;

	for (size_t i = 0; inner && i < t->count; i++)
		if ((uint64_t)ids[i] == inner)
			return t->outer[i];
	return 0;
}
