/*
 * recording: a time series of samples in one file of JSON (docs/recording-format.md).
 *
 * The document is valid after every tick, even when the writer is killed between two: a tick is one line that
 * takes the place of the closing "]}" in a single pwrite. A tick carries new names and the sites that
 * changed, nothing twice. Readers take it a line at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/names.h"
#include "memspy/sample.h"

/* Said once, at the top of the file. Strings are lent; NULL is written as "". */
struct recording_about {
	int pid;
	uint64_t start_time_ns;	  /* when the target started, CLOCK_BOOTTIME; 0: not known */
	const char *name;	  /* a short title: command and script */
	const char *cmdline;	  /* arguments joined by spaces */
	const char *exe, *python, *build, *host, *container, *memspy_version;
	uint64_t wall_ns;	  /* CLOCK_REALTIME at the first tick */
	double interval_s;
	uint64_t sample_bytes;	  /* T at the start; 0: exact */
	const char *domains;	  /* "malloc,mmap,mem,obj" */
	uint64_t rss_at_attach;
};

struct recording_writer;

/* Takes fd (a fresh, empty file, writable). max_bytes 0: no limit; otherwise old ticks are thinned to stay below it. */
int recording_writer_new(struct recording_writer **ret, int fd, const struct recording_about *about, uint64_t max_bytes,
			 struct err *e);
void recording_writer_free(struct recording_writer *w);
/* Appends one tick. Ticks come in order of time. A full disk is -ENOSPC with the document still valid. */
int recording_writer_tick(struct recording_writer *w, const struct sample *s, const struct names *n, struct err *e);
/* Why and when the series ended, e.g. "detached", "duration", "target killed by signal 9"; kept in the last tick. */
int recording_writer_end(struct recording_writer *w, const char *why, struct err *e);
uint64_t recording_writer_bytes(const struct recording_writer *w);
uint64_t recording_writer_ticks(const struct recording_writer *w);

/*
 * Opens a file that does not exist yet, 0600, never through a link. force replaces an existing ordinary file.
 * -EEXIST and the like come with the sentence people see.
 */
int recording_create(const char *path, bool force, int *ret_fd, struct err *e);
