/*
 * recording_private: a recording's file, and the text of its parts. Serves this folder only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/recording.h"

#define RECORDING_CLOSING "\n]}\n"

/* The document on disk: valid between any two calls, whatever they answer. */
struct recording_file {
	int fd;
	uint64_t bytes;
	uint64_t tail; /* where the closing begins: the end of the last tick */
	bool empty;    /* no tick yet */
};

/* text: up to and with the "[" of the ticks. */
int recording_file_start(struct recording_file *f, int fd, const struct buf *text, struct err *e);
/* Puts text in place of the closing; keep: how much of it stays when the next text comes. All or nothing. */
int recording_file_append(struct recording_file *f, const struct buf *text, size_t keep, struct err *e);

/* The columns of a site's row, in order. The last is an array of LIFETIME_BUCKETS, left out where all are 0. */
enum site_column {
	COLUMN_STACK, COLUMN_LIVE_BYTES, COLUMN_LIVE_BLOCKS, COLUMN_LIVE_N, COLUMN_LIVE_VAR,
	COLUMN_ALLOC_BYTES, COLUMN_ALLOC_BLOCKS, COLUMN_FREED_BYTES, COLUMN_PEAK_BYTES, COLUMN_LIVE_SURE,
	COLUMN_ALLOC_N, COLUMN_ALLOC_VAR, COLUMN_ALLOC_SURE,
	COLUMN_PEAK_BLOCKS, COLUMN_PEAK_N, COLUMN_PEAK_VAR, COLUMN_PEAK_SURE,
	COLUMN_TEMP_BYTES, COLUMN_TEMP_BLOCKS, COLUMN_TEMP_N, COLUMN_THREAD, COLUMN_DOMAIN,
	COLUMN_LIFETIMES, COLUMN_COUNT,
};
extern const char *const site_columns[COLUMN_COUNT];

void recording_text_header(struct buf *to, const struct recording_about *about, uint64_t max_bytes);
/* A tick without its names and sites, left open; the caller closes it with "}". */
void recording_text_sample(struct buf *to, const struct sample *s, double seconds, const struct estimate *live,
			   const struct estimate *alloc);
/* Names from the given ids (exclusive) on. */
void recording_text_names(struct buf *to, const struct names *n, uint32_t strings, uint32_t frames, uint32_t stacks);
void recording_text_site(struct buf *to, const struct site *s);
