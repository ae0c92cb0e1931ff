/*
 * watch_private: one recording of a watch: when it is due, what it has written.
 */
#pragma once

#include "memspy/watch.h"

struct recorder {
	struct recorder *next;
	struct recording_writer *writer;
	struct recorder_options options;
	recorder_tell *tell;
	void *own;
	uint64_t start_ns, due_ns;
	uint64_t first_rss_bytes;
	struct progress progress;
	bool ended; /* told so: to be freed by the watch */
};

int recorder_new(struct recorder **ret, int fd, const struct recording_about *about, const struct recorder_options *o,
		 struct err *e);
void recorder_free(struct recorder *r);
/* Writes one tick and tells; ends itself when its time is over or it cannot be written. */
void recorder_take(struct recorder *r, const struct sample *s, const struct names *n);
void recorder_end(struct recorder *r, enum recorder_end end, const char *why);

/* Fills what a sample says; the rest of *p stays. */
void progress_of(struct progress *p, const struct sample *s);
