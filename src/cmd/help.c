#include <stdio.h>
#include <string.h>

#include "memspy/command.h"
#include "options_private.h"
#include "wrap_private.h"

enum { WIDTH = 80, COLUMN = 28, NAME_COLUMN = 12 };

static const char exit_codes[] = "0 done, 1 could not do it, 2 bad usage, 3 the target went away early\n"
				 "(what was recorded up to then is kept)";

static const char *argument_of(const struct command_option *o)
{
	static const char *const by_kind[] = {
		[OPTION_FLAG] = NULL,  [OPTION_SIZE] = "SIZE", [OPTION_DURATION] = "TIME",  [OPTION_NUMBER] = "N",
		[OPTION_STRING] = "TEXT", [OPTION_PATH] = "FILE", [OPTION_CHOICE] = NULL, [OPTION_LIST] = "LIST",
	};

	if (o->argument)
		return o->argument;
	return o->kind == OPTION_CHOICE ? o->choices : by_kind[o->kind];
}

/* What help shows of a command's options: its own and the common ones. i counts from 0; NULL behind the last. */
static const struct command_option *option_at(const struct command *c, size_t i)
{
	bool pid = c->needs & (NEEDS_PID | TAKES_PID | TAKES_PIDS);

	if (pid && i == 0)
		return &option_pid;
	for (const struct command_option *o = c->options; o && o->name; o++)
		if (i-- == (size_t)pid)
			return o;
	return i == (size_t)pid ? &option_help : NULL;
}

static void usage(struct buf *to, const struct command *c)
{
	buf_printf(to, "memspy %s", c->name);
	if (c->needs & NEEDS_PID)
		buf_puts(to, " --pid N");
	if (c->needs & TAKES_PID)
		buf_puts(to, " [--pid N]");
	if (c->needs & TAKES_PIDS)
		buf_puts(to, " [--pid N]…");
	buf_puts(to, " [options]");
	if (c->args)
		buf_printf(to, " %s", c->args);
	if (c->needs & TAKES_PROGRAM)
		buf_puts(to, " [-- PROGRAM [ARG…]]");
}

/* "what it does (default: 512K; one of a, b)" */
static void describe(struct buf *to, const struct command_option *o)
{
	bool list = o->kind == OPTION_LIST && !o->argument;

	buf_puts(to, o->does);
	if (list) {
		buf_puts(to, "; any of ");
		for (const char *p = o->choices; *p; p++)
			buf_puts(to, *p == '|' ? ", " : (char[]){ *p, '\0' });
	}
	if (o->fallback)
		buf_printf(to, " (default: %s)", o->fallback);
}

static void option_line(struct buf *to, const struct command_option *o)
{
	const char *argument = argument_of(o);
	struct buf text = { 0 };
	char left[100];
	int n;

	n = o->letter ? snprintf(left, sizeof(left), "  -%c, --%s", o->letter, o->name) :
			snprintf(left, sizeof(left), "      --%s", o->name);
	if (argument)
		n += snprintf(left + n, sizeof(left) - (size_t)n, " %s", argument);
	if (n + 2 > COLUMN)
		buf_printf(to, "%s\n%*s", left, COLUMN, "");
	else
		buf_printf(to, "%-*s", COLUMN, left);
	describe(&text, o);
	wrap(to, text.data ? text.data : "", COLUMN, COLUMN, WIDTH);
	buf_done(&text);
}

static void examples(struct buf *to, const struct command *c)
{
	if (!c->examples)
		return;
	buf_puts(to, "\nExamples:\n");
	for (const struct command_example *x = c->examples; x->line; x++)
		buf_printf(to, "  # %s\n  %s\n", x->does, x->line);
}

void help_command(struct buf *to, const struct command *c)
{
	const struct command_option *o;

	buf_printf(to, "%s: %s\n\nUsage: ", c->name, c->does);
	usage(to, c);
	buf_putc(to, '\n');
	if (c->about) {
		buf_putc(to, '\n');
		wrap(to, c->about, 0, 0, WIDTH);
	}
	buf_puts(to, "\nOptions:\n");
	for (size_t i = 0; (o = option_at(c, i)); i++)
		option_line(to, o);
	examples(to, c);
}

void help_all(struct buf *to)
{
	buf_puts(to, "memspy shows where the memory of a running Python process goes, from outside, while it\n"
		     "runs: no restart, no package in the target.\n\n"
		     "Usage: memspy COMMAND [options]\n\nCommands:\n");
	for (size_t i = 0; commands[i]; i++)
		if (!(commands[i]->needs & HIDDEN))
			buf_printf(to, "  %-*s%s\n", NAME_COLUMN, commands[i]->name, commands[i]->does);
	buf_puts(to, "\nThe first answer, in a minute:\n"
		     "  memspy record --pid 4711 --duration 60 -o heap.json\n"
		     "  memspy report heap.json\n\n"
		     "  memspy help COMMAND   options and examples of a command\n"
		     "  memspy --version      which memspy this is\n\n"
		     "Sizes are written 4096, 512K, 16M, 1G; times 60, 0.5, 5m, 2h, 1d.\nExit codes: ");
	buf_printf(to, "%s.\n", exit_codes);
}

/* ---- the man page ---- */

/* Text for troff: a backslash, a minus and a dot at the beginning of a line mean something there. */
static void roff(struct buf *to, const char *text)
{
	for (bool start = true; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			buf_puts(to, "\\&");
		if (*text == '\\')
			buf_puts(to, "\\e");
		else if (*text == '-')
			buf_puts(to, "\\-");
		else if (*text == '\n' && text[1] == '\n')
			buf_puts(to, "\n.PP");
		else
			buf_putc(to, *text);
		start = *text == '\n';
	}
}

static void man_option(struct buf *to, const struct command_option *o)
{
	const char *argument = argument_of(o);
	struct buf text = { 0 };

	buf_puts(to, ".TP\n");
	if (o->letter)
		buf_printf(to, "\\fB\\-%c\\fR, ", o->letter);
	buf_puts(to, "\\fB\\-\\-");
	roff(to, o->name);
	buf_puts(to, "\\fR");
	if (argument) {
		buf_puts(to, " \\fI");
		roff(to, argument);
		buf_puts(to, "\\fR");
	}
	buf_putc(to, '\n');
	describe(&text, o);
	roff(to, text.data ? text.data : "");
	buf_putc(to, '\n');
	buf_done(&text);
}

static void man_command(struct buf *to, const struct command *c)
{
	struct buf line = { 0 };
	const struct command_option *o;

	usage(&line, c);
	buf_puts(to, ".SS \"");
	roff(to, line.data ? line.data : "");
	buf_puts(to, "\"\n");
	roff(to, c->does);
	buf_putc(to, '\n');
	if (c->about) {
		buf_puts(to, ".PP\n");
		roff(to, c->about);
		buf_putc(to, '\n');
	}
	for (size_t i = 0; (o = option_at(c, i)); i++)
		if (o != &option_help)
			man_option(to, o);
	if (c->examples)
		buf_puts(to, ".PP\nExamples:\n");
	for (const struct command_example *x = c->examples; x && x->line; x++) {
		buf_puts(to, ".TP\n\\fB");
		roff(to, x->line);
		buf_puts(to, "\\fR\n");
		roff(to, x->does);
		buf_putc(to, '\n');
	}
	buf_done(&line);
}

void help_man(struct buf *to)
{
	buf_puts(to, ".\\\" Made from the command table by \"memspy help --man\"; change the table, not this page.\n"
		     ".TH MEMSPY 1 \"\" \"memspy " MEMSPY_VERSION "\" \"User Commands\"\n"
		     ".SH NAME\nmemspy \\- where the memory of a running Python process goes\n"
		     ".SH SYNOPSIS\n.B memspy\n\\fICOMMAND\\fR [\\fIoptions\\fR]\n"
		     ".SH DESCRIPTION\n"
		     "memspy attaches to a running CPython from outside, samples its allocations and records, over\n"
		     "time, which lines of Python hold the memory. The target needs no restart and no package.\n"
		     ".SH COMMANDS\n");
	for (size_t i = 0; commands[i]; i++)
		if (!(commands[i]->needs & HIDDEN))
			man_command(to, commands[i]);
	buf_puts(to, ".SH SIZES AND TIMES\n"
		     "Sizes are bytes, or written 512K, 16M, 1G (powers of 1024). Times are seconds, fractions\n"
		     "allowed, or written 30s, 5m, 2h, 1d.\n.SH EXIT STATUS\n");
	roff(to, exit_codes);
	buf_puts(to, ".\n.SH ENVIRONMENT\n.TP\n.B NO_COLOR\nno colour anywhere\n.TP\n.B XDG_RUNTIME_DIR\n"
		     "where the control socket lives for anyone but root, in memspy/\n"
		     ".TP\n.B MEMSPY_RUNTIME_DIR\nanother directory for the control socket, the daemon\\(aqs lock and its log\n"
		     ".SH FILES\n.TP\n.I /run/memspy/control.sock\nthe control socket of root's daemon\n");
}
