/*
 * What an option's text means: by kind, within its bounds, or a sentence that shows how to write it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memspy/units.h"
#include "options_private.h"

/* The place of `word` (length bytes) in "a|b|c", or -1. */
static int choice_index(const char *choices, const char *word, size_t length)
{
	for (int i = 0;; i++) {
		size_t n = strcspn(choices, "|");

		if (n == length && strncmp(choices, word, n) == 0)
			return i;
		if (!choices[n])
			return -1;
		choices += n + 1;
	}
}

/* "a|b|c" as "a, b or c" */
static void say_choices(char *to, size_t room, const char *choices)
{
	size_t used = 0;

	to[0] = '\0';
	while (*choices && used < room) {
		size_t n = strcspn(choices, "|");
		const char *next = choices + n + (choices[n] == '|');

		used += (size_t)snprintf(to + used, room - used, "%.*s%s", (int)n, choices,
					 !*next ? "" : strchr(next, '|') ? ", " : " or ");
		choices = next;
	}
}

static int read_list(const struct command_option *o, const char *text, struct value *v, struct err *e)
{
	char known[200];

	v->list = 0;
	for (const char *p = text;; p++) {
		size_t n = strcspn(p, ",");
		int i = choice_index(o->choices, p, n);

		if (i < 0) {
			say_choices(known, sizeof(known), o->choices);
			return err_set(e, EINVAL, "\"%.*s\" is none of %s", (int)(n < 40 ? n : 40), p, known);
		}
		v->list |= 1u << i;
		p += n;
		if (!*p)
			return 0;
	}
}

static int read_choice(const struct command_option *o, const char *text, struct err *e)
{
	char known[200];

	if (choice_index(o->choices, text, strlen(text)) >= 0)
		return 0;
	say_choices(known, sizeof(known), o->choices);
	return err_set(e, EINVAL, "\"%.40s\" is not one of %s", text, known);
}

static struct units_text as_written(const struct command_option *o, double value)
{
	struct units_text t;

	if (o->kind == OPTION_SIZE)
		return units_size_option((uint64_t)value);
	snprintf(t.text, sizeof(t.text), "%.15g", value);
	return t;
}

static int within(const struct command_option *o, const char *text, double value, struct err *e)
{
	if (o->min == 0 && o->max == 0)
		return 0;
	if (value < o->min)
		return err_set(e, ERANGE, "%.40s is too little; the least is %s", text, as_written(o, o->min).text);
	if (o->max != 0 && value > o->max)
		return err_set(e, ERANGE, "%.40s is too much; the most is %s", text, as_written(o, o->max).text);
	return 0;
}

const char *option_example(const struct command_option *o)
{
	switch (o->kind) {
	case OPTION_CHOICE:
	case OPTION_LIST: return o->choices;
	case OPTION_SIZE: return "512K";
	case OPTION_DURATION: return "60";
	default: return o->argument ? o->argument : o->kind == OPTION_NUMBER ? "N" : o->kind == OPTION_PATH ? "FILE" : "TEXT";
	}
}

static int read_number(const struct command_option *o, const char *text, struct value *v, struct err *e)
{
	int r = units_parse_number(text, &v->number, e);

	const bool is_number = r == 0;

	if (is_number)
		r = within(o, text, (double)v->number, e);
	if (r < 0 && strcmp(o->name, "pid") == 0)
		return err_hint(e, r, "pgrep -a python shows those of Python");
	return is_number ? r : err_hint(e, r, "write a whole one");
}

int option_read(const struct command_option *o, const char *text, struct value *v, struct err *e)
{
	int r = 0;

	v->text = text;
	switch (o->kind) {
	case OPTION_FLAG:
	case OPTION_STRING:
		return 0;
	case OPTION_PATH:
		return *text ? 0 : err_set(e, EINVAL, "the name of the file is empty; write one, such as heap.json");
	case OPTION_CHOICE:
		return read_choice(o, text, e);
	case OPTION_LIST:
		return read_list(o, text, v, e);
	case OPTION_SIZE:
		r = units_parse_size(text, &v->bytes, e);
		return r < 0 ? r : within(o, text, (double)v->bytes, e);
	case OPTION_DURATION:
		r = units_parse_duration(text, &v->seconds, e);
		return r < 0 ? r : within(o, text, v->seconds, e);
	case OPTION_NUMBER:
		return read_number(o, text, v, e);
	}
	return r;
}
