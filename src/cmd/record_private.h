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
	bool verbose, follow;
	bool in_family; /* the daemon follows its children */
	int signals;
	bool is_program; /* we started it: its end is the end we wait for */
	/* how it goes */
	struct progress last;
	bool ended;
	enum recorder_end end;
	char why[512];
	struct kin *kin; /* its children, when they are followed */
};

/* Told by whoever records. */
void record_tell(void *own, const struct progress *p, enum recorder_end end, const char *why);
/* The closing lines, and what run answers. */
int record_close(struct job *j, struct err *e);

int record_here(struct job *j, struct err *e);
int record_there(struct job *j, struct err *e); /* CLIENT_NONE, or -ENOENT: the daemon does not have it */
int record_program(struct job *j, char *const program[], struct err *e);
/* Children that hold memory and were not recorded are named. */
void record_say_children(const struct job *j);

/*
 * kin: the children of a recorded process, each recorded into a file of its own beside the first.
 */
struct kin;
int kin_new(struct kin **ret, const struct job *j, const struct watch *first, struct err *e);
void kin_free(struct kin *k); /* closes all watches */
uint64_t kin_due(const struct kin *k);
/* Appends what poll is to wait for; at most KIN_FDS. */
enum { KIN_FDS = 40 };
struct pollfd;
size_t kin_fds(const struct kin *k, struct pollfd *to);
void kin_turn(struct kin *k, uint64_t now);
void kin_first_ended(struct kin *k); /* its watch is closed */
bool kin_is_over(const struct kin *k);
void kin_end(struct kin *k, const char *why); /* all recordings, well */
void kin_close(const struct kin *k);		/* the closing lines */

/* Records what is open already, to its end, and closes it. */
int record_watch(struct job *j, struct watch *w, struct err *e);
