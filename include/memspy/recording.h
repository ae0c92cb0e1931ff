/*
 * recording: a time series of samples in one file of JSON (docs/recording-format.md).
 *
 * The document is valid after every tick, at whatever instant the writer is killed: a tick is one line that takes
 * the place of the closing "]}" in a single pwrite, made where a SIGKILL of the writer does not reach. A tick carries
 * new names and the sites that changed, nothing twice. Readers (series.h) take it a line at a time.
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
	uint64_t memory_limit;	  /* of its cgroup, bytes, at attach; 0: none, or not known */
};

struct recording_writer;

/*
 * Takes fd, on success only: a fresh, empty, ordinary file open for reading and writing. max_bytes 0: no limit;
 * otherwise old ticks are merged into later ones in good time, by a thread, in a new file beside the recording that
 * then takes its name. So there must be room for both, and who holds the file open has the old one from then on.
 */
int recording_writer_new(struct recording_writer **ret, int fd, const struct recording_about *about, uint64_t max_bytes,
			 struct err *e);
void recording_writer_free(struct recording_writer *w);
/*
 * Appends one tick. Ticks come in order of time. A site that a sample leaves out keeps the figures it had; two sites of
 * one stack, thread and domain are added up. A fault (a full disk: -ENOSPC; names alone fill max_bytes: -EFBIG) leaves
 * the document as it was before the tick: valid. What this tick would have said is said by the next that succeeds.
 * Where there is no room before old ticks are merged, this tick is merged into the next: 0, and recording_writer_ticks is as
 * before. Only ticks that come faster than they can be merged see that.
 */
int recording_writer_tick(struct recording_writer *w, const struct sample *s, const struct names *n, struct err *e);
/* Why the series ended, e.g. "detached", "duration", "target killed by signal 9"; no tick can follow. A recording
 * without it was cut off. Waits for room for the last tick if there was none yet: seconds with a bound of 256 MiB. */
int recording_writer_end(struct recording_writer *w, const char *why, struct err *e);
uint64_t recording_writer_bytes(const struct recording_writer *w);
uint64_t recording_writer_ticks(const struct recording_writer *w);

/*
 * Opens a file that does not exist yet for reading and writing, 0600, never through a link. force replaces an existing
 * ordinary file by a new one. -EEXIST and the like come with the sentence people see. Good for any file we write.
 */
int recording_create(const char *path, bool force, int *ret_fd, struct err *e);
