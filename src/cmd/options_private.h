/*
 * options_private: the options that many commands share, and what the text of an option means.
 */
#pragma once

#include "memspy/command.h"

extern const struct command_option option_pid, option_help;

struct value {
	bool given;
	const char *text;
	uint64_t bytes;
	double seconds;
	int64_t number;
	unsigned list;
};

enum { MOST_OPTIONS = 40, MOST_PIDS = 64 };

struct args {
	const struct command *command;
	const struct command_option *options[MOST_OPTIONS]; /* the command's own, then the common ones */
	struct value values[MOST_OPTIONS];
	size_t option_count;
	char **words; /* a copy of argv that getopt may sort; the strings stay the caller's */
	char *const *rest;
	size_t rest_count;
	char *const *program;
	pid_t pids[MOST_PIDS];
	size_t pid_count;
};

/* A value as one may write it: "60", "FILE", "live|allocated". */
const char *option_example(const struct command_option *o);
/* 0, or a fault whose sentence does not name the option. text is lent for as long as the value lives. */
int option_read(const struct command_option *o, const char *text, struct value *v, struct err *e);
