#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/command.h"
#include "options_private.h"

enum { FIRST_CODE = 256 };

/* PID_MAX_LIMIT of 64-bit kernels. */
const struct command_option option_pid = {
	.name = "pid", .letter = 'p', .kind = OPTION_NUMBER, .argument = "N", .min = 1, .max = 4194304,
	.does = "the process to look at",
};
const struct command_option option_help = { .name = "help", .letter = 'h', .kind = OPTION_FLAG, .does = "show this help" };

void args_free(struct args *a)
{
	if (!a)
		return;
	free(a->words);
	free(a);
}

static void args_freep(struct args **a)
{
	args_free(*a);
}

static void collect(struct args *a)
{
	for (const struct command_option *o = a->command->options; o && o->name && a->option_count < MOST_OPTIONS - 2; o++)
		a->options[a->option_count++] = o;
	if (a->command->needs & (NEEDS_PID | TAKES_PID | TAKES_PIDS))
		a->options[a->option_count++] = &option_pid;
	a->options[a->option_count++] = &option_help;
}

static int defaults(struct args *a, struct err *e)
{
	for (size_t i = 0; i < a->option_count; i++) {
		int r = a->options[i]->fallback ? option_read(a->options[i], a->options[i]->fallback, &a->values[i], e) : 0;

		if (r < 0) /* the table itself is wrong; the test of all tables finds it */
			return err_add(e, r, "default of --%s", a->options[i]->name);
	}
	return 0;
}

static int unknown_option(const struct args *a, const char *word, struct err *e)
{
	const char *names[MOST_OPTIONS + 1] = { NULL };
	char name[64];
	const char *near;

	for (size_t i = 0; i < a->option_count; i++)
		names[i] = a->options[i]->name;
	if (strncmp(word, "--", 2) != 0)
		return args_wrong(e, "there is no option %.40s; memspy help %s lists them", word, a->command->name);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	near = suggest(name, names);
	if (near)
		return args_wrong(e, "there is no option --%s; did you mean --%s?", name, near);
	return args_wrong(e, "there is no option --%s; memspy help %s lists them", name, a->command->name);
}

static size_t find_letter(const struct args *a, int letter)
{
	for (size_t i = 0; i < a->option_count; i++)
		if (a->options[i]->letter == letter)
			return i;
	abort();
}

static int lacks_value(const struct command_option *o, struct err *e)
{
	return args_wrong(e, "--%s needs a value; write --%s %.200s", o->name, o->name, option_example(o));
}

/* What getopt stumbled over, in words. */
static int complain(const struct args *a, int code, struct err *e)
{
	const char *word = a->words[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };

	if (optopt >= FIRST_CODE && code == ':')
		return lacks_value(a->options[optopt - FIRST_CODE], e);
	if (optopt >= FIRST_CODE)
		return args_wrong(e, "--%s takes no value", a->options[optopt - FIRST_CODE]->name);
	if (code == ':')
		return lacks_value(a->options[find_letter(a, optopt)], e);
	return unknown_option(a, optopt ? letter : word, e);
}

/* Each process once. */
static int add_pid(struct args *a, pid_t pid, struct err *e)
{
	for (size_t i = 0; i < a->pid_count; i++)
		if (a->pids[i] == pid)
			return 0;
	if (a->pid_count == MOST_PIDS)
		return args_wrong(e, "--pid: more than %d processes at once", MOST_PIDS);
	a->pids[a->pid_count++] = pid;
	return 0;
}

static int read_options(struct args *a, int argc, bool *ret_help, struct err *e)
{
	struct option longs[MOST_OPTIONS + 1] = { 0 };
	char shorts[2 * MOST_OPTIONS + 2] = ":";
	char *s = shorts + 1;
	int code;

	for (size_t i = 0; i < a->option_count; i++) {
		const struct command_option *o = a->options[i];

		longs[i].name = o->name;
		longs[i].has_arg = o->kind == OPTION_FLAG ? no_argument : required_argument;
		longs[i].val = FIRST_CODE + (int)i;
		if (o->letter) {
			*s++ = o->letter;
			if (o->kind != OPTION_FLAG)
				*s++ = ':';
		}
	}
	optind = 0; /* 0, not 1: glibc starts anew, also for a second command line in one process */
	opterr = 0;
	while ((code = getopt_long(argc, a->words, shorts, longs, NULL)) != -1) {
		size_t i;

		if (code == '?' || code == ':')
			return complain(a, code, e);
		i = code >= FIRST_CODE ? (size_t)(code - FIRST_CODE) : find_letter(a, code);
		if (a->options[i] == &option_help) {
			*ret_help = true;
			return 0;
		}
		if (option_read(a->options[i], optarg ? optarg : "", &a->values[i], e) < 0) {
			err_add(e, 0, "--%s", a->options[i]->name);
			return COMMAND_USAGE;
		}
		a->values[i].given = true;
		if (a->options[i] == &option_pid && (a->command->needs & TAKES_PIDS) && add_pid(a, (pid_t)a->values[i].number, e))
			return COMMAND_USAGE;
	}
	a->rest = a->words + optind;
	a->rest_count = (size_t)(argc - optind);
	return 0;
}

/* Other tools take the process as a bare number: who writes that is told how it is written here. */
static bool is_bare_pid(const struct args *a, const char *word)
{
	for (size_t i = 0; i < a->option_count; i++)
		if (a->options[i] == &option_pid)
			return *word && word[strspn(word, "0123456789")] == '\0';
	return false;
}

static int check_rest(const struct args *a, struct err *e)
{
	const struct command *c = a->command;

	if (a->rest_count > c->max_args && is_bare_pid(a, a->rest[c->max_args]))
		return args_wrong(e, "what is \"%.40s\"? a process is written --pid %.40s", a->rest[c->max_args], a->rest[c->max_args]);
	if (a->rest_count > c->max_args && c->max_args == 0 && (c->needs & TAKES_PROGRAM))
		return args_wrong(e, "what is \"%.40s\"? a program to start stands behind --", a->rest[0]);
	if (a->rest_count > c->max_args)
		return args_wrong(e, "what is \"%.40s\"? memspy help %s shows how to write it", a->rest[c->max_args], c->name);
	if (a->rest_count < c->min_args)
		return args_wrong(e, "needs %s; memspy help %s shows how to write it", c->args, c->name);
	if ((c->needs & NEEDS_PID) && !args_pid(a))
		return args_wrong(e, "needs --pid N: which process? pgrep -a python shows those of Python");
	return 0;
}

/* What stands behind "--" is the program's, not ours; getopt does not get to see it. */
static int split_program(struct args *a, int argc, struct err *e)
{
	if (!(a->command->needs & TAKES_PROGRAM))
		return argc;
	for (int i = 1; i < argc; i++) {
		if (strcmp(a->words[i], "--") != 0)
			continue;
		a->words[i] = NULL;
		a->program = a->words + i + 1;
		if (!*a->program)
			return -args_wrong(e, "there is no program behind --; write it there: -- python3 app.py");
		return i;
	}
	return argc;
}

int args_parse(struct args **ret, bool *ret_help, const struct command *c, int argc, char *const argv[], struct err *e)
{
	_cleanup_(args_freep) struct args *a = calloc(1, sizeof(*a));
	int r;

	*ret_help = false;
	if (!a)
		return err_set(e, ENOMEM, "out of memory");
	a->command = c;
	a->words = calloc((size_t)argc + 2, sizeof(*a->words));
	if (!a->words)
		return err_set(e, ENOMEM, "out of memory");
	memcpy(a->words, argv, (size_t)argc * sizeof(*argv));
	collect(a);
	r = defaults(a, e);
	if (r)
		return r;
	argc = split_program(a, argc, e);
	if (argc < 0)
		return COMMAND_USAGE;
	r = read_options(a, argc, ret_help, e);
	if (!r && !*ret_help)
		r = check_rest(a, e);
	if (r || *ret_help)
		return r;
	*ret = TAKE(a);
	return 0;
}
