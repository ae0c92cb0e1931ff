#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dump_private.h"
#include "memspy/cleanup.h"
#include "memspy/command.h"
#include "memspy/proc.h"
#include "memspy/python.h"
#include "say_private.h"

/* A process and its Python, looked at once. */
struct look {
	struct remote *remote;
	struct maps *maps;
	struct python *python;
	struct python_stacks stacks;
};

static void look_done(struct look *l)
{
	python_stacks_done(&l->stacks);
	python_free(l->python);
	maps_free(l->maps);
	remote_free(l->remote);
}

static int take_look(struct look *l, pid_t pid, struct err *e)
{
	struct proc_id id;
	int r = proc_identify(pid, &id, e);

	if (!r)
		r = remote_new_live(&l->remote, pid, e);
	if (!r)
		r = maps_read(&l->maps, pid, e);
	if (!r)
		r = python_find(&l->python, pid, l->remote, l->maps, e);
	if (!r)
		r = python_stacks(l->python, l->remote, &l->stacks, e);
	if (r == READ_TORN)
		return err_set(e, EAGAIN, "the threads of %d come and go too quickly to be listed: try again", pid);
	if (r == READ_GONE) {
		err_set(e, ESRCH, "%d went away", pid);
		return COMMAND_GONE;
	}
	return r;
}

static void print_thread(const struct python_thread *t)
{
	printf("\nthread %d %s%s\n", t->tid, say_safely(t->name), t->has_gil ? ", has the GIL" : "");
	for (size_t i = 0; i < t->frame_count; i++) {
		printf("    %s", say_safely(t->frames[i].function));
		printf("  %s:%d\n", say_safely(t->frames[i].file), t->frames[i].place.line);
	}
	if (t->truncated)
		printf("    … and callers of these: the stack is deeper than what is read\n");
	if (t->frame_count == 0 && !t->torn)
		printf("    (no Python frame)\n");
}

static void print_text(const struct look *l, pid_t pid)
{
	_cleanup_(freep) char *title = NULL;
	struct err ignored;

	printf("%d %s (CPython %s, %s)\n", pid, proc_title(pid, &title, &ignored) ? "" : say_safely(title),
	       python_version_text(l->python), python_build(l->python));
	for (size_t i = 0; i < l->stacks.count; i++)
		print_thread(&l->stacks.threads[i]);
}

static void add_number(struct buf *b, const char *key, int number, bool known)
{
	if (known)
		buf_printf(b, ",\"%s\":%d", key, number);
	else
		buf_printf(b, ",\"%s\":null", key);
}

static void add_columns(struct buf *b, const struct python_place *at)
{
	add_number(b, "end_line", at->end_line, at->end_line > 0);
	add_number(b, "column", at->column, at->column >= 0);
	add_number(b, "end_column", at->end_column, at->end_column >= 0);
}

static void add_frames(struct buf *b, const struct python_thread *t, bool columns)
{
	for (size_t i = 0; i < t->frame_count; i++) {
		buf_puts(b, i ? ",\n    {\"function\":" : "\n    {\"function\":");
		buf_json_string(b, t->frames[i].function);
		buf_puts(b, ",\"file\":");
		buf_json_string(b, t->frames[i].file);
		buf_printf(b, ",\"line\":%d", t->frames[i].place.line);
		if (columns)
			add_columns(b, &t->frames[i].place);
		buf_puts(b, "}");
	}
}

static int print_json(const struct look *l, pid_t pid, bool columns, struct err *e)
{
	_cleanup_(buf_done) struct buf b = { 0 };

	buf_printf(&b, "{\"pid\":%d,\"python\":\"%s\",\"threads\":[", pid, python_version_text(l->python));
	for (size_t i = 0; i < l->stacks.count; i++) {
		const struct python_thread *t = &l->stacks.threads[i];

		buf_printf(&b, "%s\n  {\"tid\":%d,\"name\":", i ? "," : "", t->tid);
		buf_json_string(&b, t->name);
		buf_printf(&b, ",\"gil\":%s,\"truncated\":%s,\"torn\":%s,\"frames\":[", t->has_gil ? "true" : "false",
			   t->truncated ? "true" : "false", t->torn ? "true" : "false");
		add_frames(&b, t, columns);
		buf_puts(&b, "]}");
	}
	buf_puts(&b, "]}\n");
	if (b.failed)
		return err_set(e, ENOMEM, "out of memory for the stacks");
	fputs(b.data, stdout);
	return 0;
}

static int run(const struct args *a, struct err *e)
{
	_cleanup_(look_done) struct look l = { 0 };
	size_t torn = 0;
	bool json = args_is(a, "format", "json"), columns = args_flag(a, "columns");
	int r;

	if (columns && args_flag(a, "heap"))
		return args_wrong(e, "--columns is of stacks, and --heap of memory: leave one out");
	if (columns && !json)
		return args_wrong(e, "--columns is for programs: add --format json");
	if (args_flag(a, "heap"))
		return dump_heap(args_pid(a), json, e);
	r = take_look(&l, args_pid(a), e);
	if (r)
		return r;
	if (json)
		r = print_json(&l, args_pid(a), columns, e);
	else
		print_text(&l, args_pid(a));
	for (size_t i = 0; i < l.stacks.count; i++)
		torn += l.stacks.threads[i].torn;
	if (torn)
		fprintf(stderr, "memspy: %zu of %zu threads did not hold still: their innermost frames are missing\n", torn,
			l.stacks.count);
	if (!r && (fflush(stdout) || ferror(stdout)))
		return err_sys(e, errno ? errno : EIO, "cannot write the stacks");
	return r;
}

const struct command cmd_dump = {
	.name = "dump",
	.does = "print the Python stacks of all threads now, or the heap",
	.about = "Innermost frame first. The process is read from outside while it runs: nothing is stopped and nothing is loaded "
		 "into it. Of a thread that calls and returns faster than it can be read only the outer frames are printed.\n\n"
		 "With --heap: the lines that hold memory now, of a process that memspy attach watches.",
	.options = (const struct command_option[]){
		{ .name = "format", .kind = OPTION_CHOICE, .choices = "text|json", .fallback = "text", .does = "how to print it" },
		{ .name = "heap", .kind = OPTION_FLAG, .does = "instead of stacks: what is live now, by line, of an attached process" },
		{ .name = "columns", .kind = OPTION_FLAG,
		  .does = "with json: where on its lines each frame is (CPython 3.11 and later)" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy dump --pid 4711", "what is 4711 doing?" },
		{ "memspy dump --pid 4711 --format json", "the same for programs" },
		{ "memspy attach --pid 4711; sleep 60; memspy dump --heap --pid 4711", "what does it hold that it did not before?" },
		{ 0 },
	},
	.needs = NEEDS_PID,
	.run = run,
};
