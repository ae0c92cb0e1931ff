/*
 * watch: a session, its beat, and the recordings that are being made of it.
 *
 * The daemon's loop drives many of them, record drives one: poll watch_fd, and call watch_turn when it is
 * readable or watch_due has come. A watch knows nothing of sockets or terminals.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"
#include "memspy/session_ops.h"

struct watch;
struct recorder;

struct recorder_options {
	double duration_s; /* 0: until it is ended */
	double interval_s;
	uint64_t max_bytes; /* of the file; 0: no limit */
};

struct progress {
	double elapsed_s, duration_s;
	uint64_t rss_bytes;
	double rss_per_minute; /* since the recording began */
	bool has_heap;
	uint64_t heap_bytes, heap_low_bytes, heap_high_bytes;
	uint64_t ticks, file_bytes, lost;
};

enum recorder_end {
	RECORDER_GOES_ON,
	RECORDER_DONE,   /* its time is over, or it was ended */
	RECORDER_GONE,   /* the target went away */
	RECORDER_FAILED, /* it could not be written */
};

/* Told after every tick written, and once with another end than GOES_ON; `why` is then how and why it ended. */
typedef void recorder_tell(void *own, const struct progress *p, enum recorder_end end, const char *why);

int watch_open(struct watch **ret, const struct session_ops *ops, pid_t pid, const struct session_options *o, struct err *e);
/* The same of a child that took a place in a family (family.h); place 0: like watch_open. */
int watch_open_child(struct watch **ret, const struct session_ops *ops, pid_t pid, const struct family *family, unsigned place,
		     const struct session_options *o, struct err *e);
/* Ends all recordings well, then the session. why: "detached". */
int watch_close(struct watch *w, const char *why, struct err *e);

pid_t watch_pid(const struct watch *w);
int watch_fd(const struct watch *w);	   /* readable when the target is gone */
uint64_t watch_due(const struct watch *w); /* CLOCK_MONOTONIC */
/* 0, or READ_GONE: the target is gone (*e says how), all recordings have ended, close it. A fault: give up, too. */
int watch_turn(struct watch *w, uint64_t now, struct err *e);

/* Takes fd when it answers 0. The recorder is freed by the watch after its end was told. */
int watch_record(struct watch *w, struct recorder **ret, int fd, const struct recorder_options *o, recorder_tell *tell,
		 void *own, struct err *e);
/* Ends it well, after one last tick. */
void watch_record_end(struct watch *w, struct recorder *r, const char *why);

void watch_about(const struct watch *w, struct recording_about *ret);
void watch_facts(const struct watch *w, struct session_facts *ret);
const struct session_options *watch_options(const struct watch *w);
void watch_progress(const struct watch *w, struct progress *ret); /* since attach */
const struct sample *watch_last(const struct watch *w);		  /* NULL before the first tick */
const struct names *watch_names(const struct watch *w);
struct family *watch_family(const struct watch *w); /* to be given to family_free; or NULL */
unsigned watch_recordings(const struct watch *w);
