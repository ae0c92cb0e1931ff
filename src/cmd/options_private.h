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

/* A value as one may write it: "60", "FILE", "live|allocated". */
const char *option_example(const struct command_option *o);
/* 0, or a fault whose sentence does not name the option. text is lent for as long as the value lives. */
int option_read(const struct command_option *o, const char *text, struct value *v, struct err *e);
