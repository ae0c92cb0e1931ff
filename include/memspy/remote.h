/*
 * remote: the memory of a process, read through one seam.
 *
 * An address of the target is a number (raddr): nobody here can follow it. Every read says 0, READ_TORN
 * (nothing is mapped there: the target lied or moved on), READ_GONE (no process any more) or a fault.
 * A reader may be a live process, a saved image, an array in a test or one that fails on purpose.
 * Nothing here takes more than one system call per read; several pieces are read with one call by remote_readv.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/err.h"

typedef uint64_t raddr;

struct remote;

/* What a kind of reader must provide. ret_length of read_some: bytes read before the first unmapped one. */
struct remote_ops {
	int (*read)(void *own, raddr at, void *to, size_t length, struct err *e); /* all or READ_TORN */
	void (*free)(void *own);
};

struct remote_piece {
	raddr at;
	void *to;
	size_t length;
};

/* Opens /proc/PID/mem for reading and writing; it stays usable when we drop privileges later. */
int remote_new_live(struct remote **ret, pid_t pid, struct err *e);
int remote_new(struct remote **ret, const struct remote_ops *ops, void *own, struct err *e); /* takes own */
void remote_free(struct remote *r);

int remote_read(struct remote *r, raddr at, void *to, size_t length, struct err *e);
int remote_readv(struct remote *r, const struct remote_piece *pieces, size_t count, struct err *e);
int remote_read_u64(struct remote *r, raddr at, uint64_t *ret, struct err *e);
int remote_read_u32(struct remote *r, raddr at, uint32_t *ret, struct err *e);
/* At most room - 1 bytes up to the first NUL. */
int remote_read_string(struct remote *r, raddr at, char *to, size_t room, struct err *e);
/* Live readers only; goes through read-only private pages. One aligned word is written in one piece. */
int remote_write(struct remote *r, raddr at, const void *from, size_t length, struct err *e);
int remote_write_u64(struct remote *r, raddr at, uint64_t value, struct err *e);
