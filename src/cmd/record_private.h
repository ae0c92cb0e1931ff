/*
 * record_private: one recording, whoever holds the session: this process, the daemon, or a program we started.
 */
#pragma once

#include <sys/types.h>

#include "memspy/watch.h"

struct output {
	const char *path;
	bool force;
	int fd;	   /* -1: not open yet */
	bool made; /* there was no such file before */
};

/* Refuses what cannot become the file, before anything is done to a target. */
int output_prepare(struct output *o, const char *path, bool force, struct err *e);
int output_open(struct output *o, struct err *e); /* the descriptor stays o's */
/* Closes; a file that we made and that holds no tick is removed. */
void output_done(struct output *o, bool worth_keeping);

struct job {
	pid_t pid;
	struct output output;
	struct recorder_options recorder;
	struct session_options session;
	bool verbose;
	int signals;
	bool is_program; /* we started it: its end is the end we wait for */
	/* how it goes */
	struct progress last;
	bool ended;
	enum recorder_end end;
	char why[512];
};

/* Told by whoever records. */
void record_tell(void *own, const struct progress *p, enum recorder_end end, const char *why);
/* The closing lines, and what run answers. */
int record_close(struct job *j, struct err *e);

int record_here(struct job *j, struct err *e);
int record_there(struct job *j, struct err *e); /* CLIENT_NONE, or -ENOENT: the daemon does not have it */
int record_program(struct job *j, char *const program[], struct err *e);
/* Records what is open already, to its end, and closes it. */
int record_watch(struct job *j, struct watch *w, struct err *e);
