#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memspy/command.h"
#include "memspy/preflight.h"
#include "memspy/python.h"
#include "memspy/terminal.h"
#include "memspy/text.h"
#include "say_private.h"

enum { INDENT = 20 }; /* behind the answer and the name of a check */
enum { NEXT_COLUMNS = 90 }; /* what the last line takes with pids of seven digits */

static void because(struct preflight *list, const char *why)
{
	list->checks[list->count - 1].why = why;
}

/* Whom the samples will be told of, and where they are taken. */
static int look_at_python(struct python *python, struct remote *remote, struct preflight *list, struct err *e)
{
	static const char *const hooking[] = {
		[HOOK_NOTHING] = "all of it goes to malloc and is seen there",
		[HOOK_DIVERT] = "small blocks are pymalloc's, and are seen in the interpreter's tables",
		[HOOK_BOTH] = "others than pymalloc (debug hooks, tracemalloc, mimalloc, …) are in the tables: memspy wraps both sides",
	};
	struct python_allocators allocators;
	struct probe_python table;
	int r = python_probe_table(python, remote, &table, e);

	if (r) {
		preflight_add(list, "stacks", PREFLIGHT_NO, r < 0 ? -r : EAGAIN, r < 0 ? "" : "try again", "%s",
			      r < 0 ? e->text : "it changed while memspy looked");
	} else {
		preflight_add(list, "stacks", PREFLIGHT_OK, 0, "",
			      "each of its threads can be asked for its Python lines");
		r = python_allocators(python, remote, &allocators, e);
	}
	because(list, "an allocation is told by the lines that its own thread is on");
	if (list->checks[list->count - 1].answer == PREFLIGHT_NO)
		return r;
	if (r)
		preflight_add(list, "allocators", PREFLIGHT_NO, r < 0 ? -r : EAGAIN, "", "%s", e->text);
	else
		preflight_add(list, "allocators", allocators.hooking == HOOK_BOTH ? PREFLIGHT_NOTE : PREFLIGHT_OK, 0, "", "%s",
			      hooking[allocators.hooking]);
	because(list, "where memspy stands decides what it costs: behind pymalloc's back free needs no hook");
	return r;
}

/* What only reading the process can tell: is it a CPython, and one that we know? The first line of the table. */
static int look_inside(pid_t pid, struct preflight *list, struct err *e)
{
	struct remote *remote = NULL;
	struct maps *maps = NULL;
	struct python *python = NULL;
	int r = maps_read(&maps, pid, e);

	if (!r)
		r = remote_new_live(&remote, pid, e);
	if (!r)
		r = python_find(&python, pid, remote, maps, e);
	if (!r)
		preflight_add(list, "python", PREFLIGHT_OK, 0, "", "%d is CPython %s (%s, %s)", pid, python_version_text(python),
			      python_object(python)->path, python_build(python));
	else if (r < 0)
		preflight_add(list, "python", PREFLIGHT_NO, -r, "", "%s", e->text);
	else
		preflight_add(list, "python", PREFLIGHT_NO, EAGAIN, "try again", "%d changed while memspy looked", pid);
	because(list, "its threads, frames and names are read by the layout of its version");
	if (!r)
		r = look_at_python(python, remote, list, e);
	python_free(python);
	remote_free(remote);
	maps_free(maps);
	return r;
}

static bool has_obstacle(const struct preflight *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->checks[i].answer == PREFLIGHT_NO)
			return true;
	return false;
}

/* Behind what is printed already; on a terminal long ones go on below, behind the same indent. */
static void print_folded(const char *lead, const char *text)
{
	const unsigned columns = terminal_columns(STDOUT_FILENO);
	struct buf line = { 0 }, folded = { 0 };

	buf_printf(&line, "%s%s\n", lead, text);
	text_fold(&folded, &line, columns > 2 * INDENT ? columns - INDENT : 0, 0);
	for (const char *from = folded.data ? folded.data : "", *end; (end = strchr(from, '\n')); from = end + 1)
		printf("%*s%.*s\n", from == folded.data ? 0 : INDENT, "", (int)(end - from), from);
	buf_done(&folded);
	buf_done(&line);
}

static void print_table(const struct preflight *p)
{
	static const char *const words[] = { [PREFLIGHT_OK] = "ok", [PREFLIGHT_NOTE] = "--", [PREFLIGHT_NO] = "NO" };
	static const char *const colours[] = { [PREFLIGHT_OK] = "\033[32m", [PREFLIGHT_NOTE] = "\033[33m", [PREFLIGHT_NO] = "\033[31m" };
	bool colour = terminal_has_colour(STDOUT_FILENO);

	for (size_t i = 0; i < p->count; i++) {
		const struct preflight_check *c = &p->checks[i];

		printf("  %s%s%s  %-13s ", colour ? colours[c->answer] : "", words[c->answer], colour ? "\033[0m" : "", c->name);
		print_folded("", say_safely(c->text));
		if (c->answer != PREFLIGHT_OK && c->why[0]) {
			printf("%*s", INDENT, "");
			print_folded("why: ", c->why);
		}
		if (c->remedy[0]) {
			printf("%*s", INDENT, "");
			print_folded("→ ", say_safely(c->remedy));
		}
	}
}

static void print_json(const struct preflight *p, const char *refusal)
{
	static const char *const words[] = { [PREFLIGHT_OK] = "ok", [PREFLIGHT_NOTE] = "note", [PREFLIGHT_NO] = "no" };
	struct buf text = { 0 };

	buf_printf(&text, "{\"pid\":%d,\"can_attach\":%s,\"refusal\":", p->pid, refusal ? "false" : "true");
	buf_json_string(&text, refusal ? refusal : "");
	buf_puts(&text, ",\"checks\":[");
	for (size_t i = 0; i < p->count; i++) {
		buf_printf(&text, "%s\n{\"check\":\"%s\",\"answer\":\"%s\",\"text\":", i ? "," : "", p->checks[i].name,
			   words[p->checks[i].answer]);
		buf_json_string(&text, p->checks[i].text);
		buf_puts(&text, ",\"why\":");
		buf_json_string(&text, p->checks[i].why);
		buf_puts(&text, ",\"remedy\":");
		buf_json_string(&text, p->checks[i].remedy);
		buf_putc(&text, '}');
	}
	buf_puts(&text, "\n]}\n");
	if (!text.failed)
		fputs(text.data, stdout);
	buf_done(&text);
}

static int run(const struct args *a, struct err *e)
{
	struct preflight kernel = { 0 }, all = { .pid = args_pid(a) };
	struct err inside = { "" };
	int r = preflight_run(args_pid(a), &kernel, e), python = 0;

	if (r)
		return r;
	if (!has_obstacle(&kernel))
		python = look_inside(args_pid(a), &all, &inside);
	for (size_t i = 0; i < kernel.count && all.count < PREFLIGHT_MAX; i++)
		all.checks[all.count++] = kernel.checks[i];
	r = python < 0 ? err_set(e, -python, "%s", inside.text) : preflight_refuse(&all, e);
	if (args_is(a, "format", "json"))
		print_json(&all, r ? e->text : NULL);
	else
		print_table(&all);
	if (r == 0 && args_is(a, "format", "table"))
		printf("memspy can attach to %d.%s   Next: memspy record --pid %d --duration 60 -o heap.json\n", all.pid,
		       terminal_is(STDOUT_FILENO) && terminal_width(STDOUT_FILENO) < NEXT_COLUMNS ? "\n" : "", all.pid);
	return r;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.does = "tell what would stop memspy from attaching, and the remedy",
	.about = "Looks at the process and at the kernel's rules without touching either: nothing is stopped or written. "
		 "ok is fine, -- is good to know, NO is in the way; for these two there is a line on why it matters, and → the remedy "
		 "where there is one. The exit code is 0 when memspy can attach and 1 when it cannot.",
	.options = (const struct command_option[]){
		{ .name = "format", .kind = OPTION_CHOICE, .choices = "table|json", .fallback = "table", .does = "how to print it" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy doctor --pid 4711", "can memspy attach to it?" },
		{ "memspy doctor --pid 4711 --format json", "the same for programs" },
		{ 0 },
	},
	.needs = NEEDS_PID,
	.run = run,
};
