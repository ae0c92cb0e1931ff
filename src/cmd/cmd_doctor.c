#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "memspy/command.h"
#include "memspy/preflight.h"
#include "memspy/python.h"
#include "memspy/terminal.h"
#include "say_private.h"

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

static void print_table(const struct preflight *p)
{
	static const char *const words[] = { [PREFLIGHT_OK] = "ok", [PREFLIGHT_NOTE] = "--", [PREFLIGHT_NO] = "NO" };
	static const char *const colours[] = { [PREFLIGHT_OK] = "\033[32m", [PREFLIGHT_NOTE] = "\033[33m", [PREFLIGHT_NO] = "\033[31m" };
	bool colour = terminal_has_colour(STDOUT_FILENO);

	for (size_t i = 0; i < p->count; i++) {
		const struct preflight_check *c = &p->checks[i];

		printf("  %s%s%s   %s", colour ? colours[c->answer] : "", words[c->answer], colour ? "\033[0m" : "", say_safely(c->text));
		if (c->remedy[0])
			printf("   → %s", say_safely(c->remedy));
		putchar('\n');
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
		printf("memspy can attach to %d.   Next: memspy record --pid %d --duration 60 -o heap.json\n", all.pid, all.pid);
	return r;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.does = "tell what would stop memspy from attaching, and the remedy",
	.about = "Looks at the process and at the kernel's rules without touching either: nothing is stopped or written. "
		 "ok is fine, -- is good to know, NO is in the way. The exit code is 0 when memspy can attach and 1 when it cannot.",
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
