/* What was written, by name. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options_private.h"

int args_wrong(struct err *e, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return COMMAND_USAGE;
}

static const struct value *find(const struct args *a, const char *option)
{
	for (size_t i = 0; i < a->option_count; i++)
		if (strcmp(a->options[i]->name, option) == 0)
			return &a->values[i];
	fprintf(stderr, "memspy %s has no option --%s\n", a->command->name, option);
	abort();
}

bool args_given(const struct args *a, const char *option)
{
	return find(a, option)->given;
}

bool args_flag(const struct args *a, const char *option)
{
	return find(a, option)->given;
}

uint64_t args_size(const struct args *a, const char *option)
{
	return find(a, option)->bytes;
}

double args_seconds(const struct args *a, const char *option)
{
	return find(a, option)->seconds;
}

int64_t args_number(const struct args *a, const char *option)
{
	return find(a, option)->number;
}

const char *args_text(const struct args *a, const char *option)
{
	return find(a, option)->text;
}

unsigned args_list(const struct args *a, const char *option)
{
	return find(a, option)->list;
}

bool args_is(const struct args *a, const char *option, const char *choice)
{
	const char *text = find(a, option)->text;

	return text && strcmp(text, choice) == 0;
}

pid_t args_pid(const struct args *a)
{
	if (!(a->command->needs & (NEEDS_PID | TAKES_PID | TAKES_PIDS)))
		return 0;
	return (pid_t)find(a, "pid")->number;
}

const pid_t *args_pids(const struct args *a, size_t *ret_count)
{
	*ret_count = a->pid_count;
	return a->pids;
}

size_t args_count(const struct args *a)
{
	return a->rest_count;
}

const char *args_at(const struct args *a, size_t i)
{
	return a->rest[i];
}

char *const *args_program(const struct args *a)
{
	return a->program;
}
