/*
 * recording_private: a recording's file, and the text of its parts. Serves this folder only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "amounts.h"
#include "memspy/recording.h"
#include "sites_private.h"

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

void recording_text_header(struct buf *to, const struct recording_about *about, uint64_t max_bytes);
/* A tick without its names and sites, left open; the caller closes it with "}". */
void recording_text_sample(struct buf *to, const struct sample *s, double seconds, const struct estimate *live,
			   const struct estimate *alloc);
/* Names from the given ids (exclusive) on. */
void recording_text_names(struct buf *to, const struct names *n, uint32_t strings, uint32_t frames, uint32_t stacks);
/* New sites, from the given index on. */
void recording_text_sites(struct buf *to, const struct sites *s, size_t from);
/* New amounts, from the given index on, and rows of changes. */
void recording_text_changes(struct buf *to, const struct amounts *a, size_t from, const struct buf *rows);
/* Behind a tick's own figures and before its lists. */
#define RECORDING_AT_PEAK ",\"at_peak\":true"
