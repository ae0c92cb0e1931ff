/*
 * How a recording ended, for the person who waited for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memspy/command.h"
#include "memspy/report.h"
#include "memspy/terminal.h"
#include "memspy/units.h"
#include "fault_private.h"
#include "progress_private.h"
#include "record_private.h"

void record_tell(void *own, const struct progress *p, enum recorder_end end, const char *why)
{
	struct job *j = own;

	j->last = *p;
	if (end == RECORDER_GOES_ON) {
		progress_show(p);
		return;
	}
	j->ended = true;
	j->end = end;
	snprintf(j->why, sizeof(j->why), "%s", why);
}

/* "target killed by signal 9" without its first word; "" when nobody knows */
static const char *how(const struct job *j)
{
	const char *rest = strncmp(j->why, "target ", 7) == 0 ? j->why + 7 : "";

	rest += strncmp(rest, "it ", 3) == 0 ? 3 : 0; /* "target it executed another program" */
	return strcmp(rest, "went away") == 0 ? "" : rest;
}

static void say_done(const struct job *j)
{
	const struct progress *p = &j->last;

	fprintf(stderr, "memspy: %s, %llu tick%s, %s in %s", units_seconds(p->elapsed_s).text, (unsigned long long)p->ticks,
		p->ticks == 1 ? "" : "s", units_bytes(p->file_bytes).text, j->output.path);
	if (j->end != RECORDER_GONE)
		fprintf(stderr, "; the target kept running\n");
	else
		fprintf(stderr, "; the program %s%s\n", strncmp(how(j), "killed", 6) == 0 ? "was " : "",
			*how(j) ? how(j) : "ended");
}

/* The five largest lines. The recording stands without them: a fault here is said, not returned. */
static void say_lines(const struct job *j)
{
	struct buf lines = { 0 };
	struct err e = { "" };

	if (report_closing(j->output.path, terminal_columns(STDOUT_FILENO), &lines, &e) < 0)
		fault_say(NULL, "no summary: %s", e.text);
	else if (!lines.failed && lines.data)
		printf("\n%s", lines.data);
	fflush(stdout);
	buf_done(&lines);
}

int record_close(struct job *j, struct err *e)
{
	const char *path = j->output.path;

	progress_clear();
	if (j->last.ticks && j->end != RECORDER_FAILED && !(j->end == RECORDER_GONE && !j->is_program))
		say_done(j);
	if (j->last.ticks)
		say_lines(j);
	if (j->kin && j->last.ticks)
		kin_close(j->kin);
	else if (!j->kin && j->last.ticks && j->end == RECORDER_DONE)
		record_say_children(j);
	if (j->end == RECORDER_FAILED && j->last.ticks)
		return err_set(e, EIO, "%s; %s holds everything up to %s", j->why, path,
			       units_seconds(j->last.elapsed_s).text);
	if (j->end == RECORDER_FAILED)
		return err_set(e, EIO, "%s", j->why);
	if (j->end == RECORDER_GONE && !j->last.ticks)
		return err_set(e, ESRCH, "%d went away before anything could be recorded", j->pid);
	if (j->end == RECORDER_GONE && !j->is_program) {
		err_set(e, ESRCH, "%d went away after %.1f s%s%s%s; %s holds everything up to then", j->pid, j->last.elapsed_s,
			*how(j) ? " (" : "", how(j), *how(j) ? ")" : "", path);
		return COMMAND_GONE;
	}
	return 0;
}
