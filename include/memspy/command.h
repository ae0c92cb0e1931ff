/*
 * command: one entry per command, and what its user wrote.
 *
 * Parsing, usage errors, help and the man page all come from the entry: a command says once what it takes and
 * then asks for values by name. A value that was not given is the default of its option, read by the same
 * parser; asking for a name the entry does not have is a bug and aborts.
 *
 * run answers 0, a named outcome below, or -errno with a sentence in *e. It prints results to stdout, talk to
 * stderr, and never its own error: main says that, once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/buf.h"
#include "memspy/err.h"

enum {
	COMMAND_GONE = READ_GONE, /* the target went away early; *e says so; exit 3 */
	COMMAND_USAGE = 100,	  /* the command line makes no sense; *e says why; exit 2 */
};

enum option_kind {
	OPTION_FLAG,	 /* args_flag */
	OPTION_SIZE,	 /* args_size: bytes */
	OPTION_DURATION, /* args_seconds */
	OPTION_NUMBER,	 /* args_number */
	OPTION_STRING,	 /* args_text */
	OPTION_PATH,	 /* args_text; not empty */
	OPTION_CHOICE,	 /* args_text: one of choices */
	OPTION_LIST,	 /* args_list: some of choices, by commas; bit i is the i-th choice */
};

struct command_option {
	const char *name; /* without the dashes; NULL ends the table */
	char letter;	  /* 0: none */
	enum option_kind kind;
	const char *argument; /* how help calls the value: "N", "SIZE", "FILE"; NULL: by kind */
	const char *fallback; /* as one would write it; NULL: none */
	const char *choices;  /* "auto|dlopen|map" */
	double min, max;      /* of sizes, seconds and numbers; both 0: no bounds */
	const char *does;     /* one sentence without a full stop */
};

struct command_example {
	const char *line; /* what to type; NULL ends the table */
	const char *does;
};

enum {
	NEEDS_PID = 1 << 0,   /* --pid N, required */
	TAKES_PID = 1 << 1,   /* --pid N, if given */
	TAKES_PROGRAM = 1 << 2, /* what stands behind "--" is a program and its arguments */
	HIDDEN = 1 << 3,      /* not in help */
	TAKES_PIDS = 1 << 4,  /* --pid N, any number of times */
};

struct args;

struct command {
	const char *name;
	const char *args;  /* what follows the options: "FILE", "A B"; NULL: nothing */
	size_t min_args, max_args;
	const char *does;  /* one line */
	const char *about; /* more of it, for help and the man page; paragraphs by empty lines; may be NULL */
	const struct command_option *options;
	const struct command_example *examples;
	unsigned needs;
	int (*run)(const struct args *a, struct err *e);
};

extern const struct command *const commands[]; /* NULL-terminated; in the order of help */
const struct command *command_find(const char *name);

/* argv[0] is the command's name. COMMAND_USAGE with a sentence; *ret_help: help was asked for, *ret is not set. */
int args_parse(struct args **ret, bool *ret_help, const struct command *c, int argc, char *const argv[], struct err *e);
void args_free(struct args *a);

bool args_given(const struct args *a, const char *option);
bool args_flag(const struct args *a, const char *option);
uint64_t args_size(const struct args *a, const char *option);
double args_seconds(const struct args *a, const char *option);
int64_t args_number(const struct args *a, const char *option);
const char *args_text(const struct args *a, const char *option); /* NULL: not given and no default */
unsigned args_list(const struct args *a, const char *option);
bool args_is(const struct args *a, const char *option, const char *choice); /* of a choice */

pid_t args_pid(const struct args *a); /* 0: not given */
const pid_t *args_pids(const struct args *a, size_t *ret_count); /* in the order in which they were written, each once */
size_t args_count(const struct args *a);
const char *args_at(const struct args *a, size_t i);
char *const *args_program(const struct args *a); /* NULL: none; else NULL-terminated */

/* For what only the command can see: returns COMMAND_USAGE. */
int args_wrong(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Help, each appended to `to`. */
void help_all(struct buf *to);
void help_command(struct buf *to, const struct command *c);
void help_man(struct buf *to);

/* The nearest of the NULL-terminated names, or NULL when none is near. */
const char *suggest(const char *wrong, const char *const names[]);
