/*
 * top_private: the processes that are looked at live, and the loop that looks.
 *
 * Every session lives in the daemon: one that is there already is used and left alone, another is begun and held by a
 * connection of ours, so that it ends with us, however we end. What the session sees comes as a recording into memory,
 * which is read as it grows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/client.h"
#include "memspy/command.h"
#include "memspy/ending.h"
#include "memspy/ledger.h"
#include "memspy/screen.h"
#include "memspy/series.h"
#include "memspy/session_ops.h"

enum { FEED_QUIET, FEED_TOOK, FEED_ENDED }; /* named outcomes of feed_turn */

struct feed {
	pid_t pid;
	double interval_s;
	bool is_ours;	      /* we began the session */
	bool stays;	      /* behind feed_close: the session goes on without us */
	struct client *hold;  /* keeps it */
	struct client *stream; /* NULL: it has ended */
	int fd;		      /* memory that the recording goes to */
	uint64_t first_bytes; /* what its first tick took */
	bool is_long;	      /* it takes more memory than it may */
	bool has_end;	      /* all of it is there; its last ticks may not have been read */
	struct series *series;
	double base_seconds;  /* on our clock, of the first tick of the stream */
	struct ledger *ledger; /* lent */
	struct screen_process about; /* its strings are ours */
	size_t blocks;		     /* of lines that were printed of it */
	char how[ENDING_WORDS];   /* it ended: "killed by signal 9" */
	bool is_gone;	      /* the process went away; false: the session ended for another reason */
	/* the recording that a person asked for */
	struct client *writer;
	char *path;
	double written_s;
	uint64_t written_bytes, written_ticks;
};

double top_seconds(void); /* the clock that ledgers are fed with */

/* Finds the session or begins one, and asks for what it sees. */
int feed_open(struct feed *f, pid_t pid, const struct session_options *o, bool has_options, struct err *e);
/* A session that is there: one of a family. */
int feed_join(struct feed *f, pid_t pid, const struct session_options *o, struct err *e);
/*
 * The next tick of what has come: FEED_TOOK, and there may be more. FEED_QUIET: nothing more for now. FEED_ENDED: there never
 * will be. Or a fault. Ticks are left out only where they come faster than they are asked for, and have become too many.
 */
int feed_turn(struct feed *f, struct err *e);
/* Ends the session, if it was begun to be looked at, nobody else looks and the process is there; a fault says what is left of it. What f holds is freed in any case. */
int feed_close(struct feed *f, struct err *e);

/* From now on, into a file. path NULL: the first name that is free. */
int feed_write(struct feed *f, const char *path, bool force, struct err *e);
/* What is said of it meanwhile. Faults end the recording; *e has the sentence. */
int feed_write_turn(struct feed *f, struct err *e);
/* Ends it well and waits for that; the sentence in *said tells where it is. */
int feed_write_end(struct feed *f, struct buf *said, struct err *e);

/* Pythons whose title or command line contains the text. *ret is to be freed. */
int top_find(const char *name, pid_t **ret, size_t *ret_count, struct err *e);

struct top {
	struct feed *feeds;
	size_t count;
	struct screen *screen; /* on a terminal that can do it */
	struct board_look look; /* otherwise */
	bool is_json;
	size_t rows, blocks; /* blocks 0: for ever */
	int signals;
	bool follow; /* children that come are looked at, too */
	/* with --name: others that come are looked at, too */
	const char *name; /* NULL: these and no others. Lent */
	struct session_options options;
	pid_t *refused; /* not to be asked again and again */
	size_t refused_count;
	double look_again; /* seconds, on the clock of top_seconds */
};

/* Refuses processes that are attached already, without their children. */
int top_family(const struct top *t, struct err *e);
/* Takes up what has the name, or came of those that are followed, and is not here yet. A fault is only one of memory. */
int top_join(struct top *t, struct err *e);
/* Adds a process; what is in the way of it is a fault. */
int top_add(struct top *t, pid_t pid, bool has_options, struct err *e);

/* Each until a person or a signal ends it (0), until all processes went away (COMMAND_GONE), or a fault. */
int top_on_stage(struct top *t, struct err *e);
int top_plain(struct top *t, struct err *e);
