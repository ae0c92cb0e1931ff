/*
 * inject_private: what the two ways in share.
 */
#pragma once

#include "memspy/inject.h"
#include "memspy/tracee.h"

#define TABLE_NAME "memspy-table"
#define PROBE_NAME "memspy-probe" /* what the loader loads it from */

/* Everything that is found before the first stop. */
struct entering {
	pid_t pid;
	struct remote *remote;
	const struct maps *maps;
	struct gadgets gadgets;
	uint64_t patience_ns; /* how long to look for a thread that may be used */
	raddr beside; /* where the interpreter begins */
	uint64_t table_bytes; /* of all tables */
	unsigned tables;
	raddr orphan; /* an image of the probe that lacks a table; 0: none */
	raddr spare;  /* and a table that no probe was ever told of, of table_bytes; 0: none */
};

/* Calls try_one with threads that may be stopped, until one of them does; at most a few, for 20 ms. */
int inject_some_thread(const struct entering *in, int (*try_one)(const struct entering *, struct tracee *, void *, struct err *),
		       void *own, struct injected *ret, struct err *e);

/* In the name of the stopped thread: a memfd, mapped shared, in the place of what is at `at` (0: anywhere); our descriptor
 * for it comes back. name_at: room for the memfd's name, which is written there. */
int inject_make_table(const struct entering *in, struct tracee *t, raddr name_at, raddr at, raddr *ret_table, int *ret_fd,
		      struct err *e);
/* Closes the target's descriptor, if it is still what we have open as `ours`: the target may have closed it, and opened another. */
int inject_close(const struct entering *in, struct tracee *t, int64_t fd, int ours, struct err *e);
/*
 * The page beside the interpreter (inject_near.c). Its place is noted in the probe's config before it is mapped, so that
 * one who is killed in between leaves nothing that cannot be found.
 */
raddr near_place(const struct entering *in); /* where there is room; 0: it is not needed, or there is none */
/* In the name of a stopped thread; *at becomes 0 if it may not be there. */
int near_map(const struct entering *in, struct tracee *t, raddr config, raddr *at, struct err *e);
raddr near_found(const struct entering *in, raddr config); /* where the probe with this config has its page; 0: nowhere */
/* Our own mapping of the table, locked while it is there. EBUSY: another memspy has it. Takes nothing. */
int inject_view(struct injected *i, int fd, uint64_t bytes, struct err *e);
/* After the stop: size, seals, our view. Takes nothing. */
int inject_finish_table(struct injected *i, int fd, uint64_t bytes, struct err *e);
/* Children of a fork find the private pages wiped. */
int inject_wipe_on_fork(struct tracee *t, raddr pages, uint64_t bytes, struct err *e);

/* Distance of errno from the thread pointer; READ_TORN when libc keeps it in a way we do not know. */
struct symbols;
int errno_offset(const struct entering *in, const struct object *libc, const struct symbols *symbols, int64_t *ret);

int inject_by_map(const struct entering *in, struct injected *ret, struct err *e);
int inject_by_dlopen(const struct entering *in, struct injected *ret, struct err *e);
/* READ_TORN when there is no probe of ours to use again. */
int inject_again(const struct entering *in, struct injected *ret, struct err *e);
/* Then: where the image is of one that memspy did not get further with, for a limit, or because it was killed; or 0. */
raddr inject_orphan(const struct entering *in, const struct image *image);
/* And where its table is, if it had got so far and nobody signed it: a fresh one may be laid over it; or 0. */
raddr inject_spare_table(const struct entering *in);
/* Has the target close what an earlier memspy, killed on the way in, left open there. */
void inject_sweep(const struct entering *in, struct injected *ret);
