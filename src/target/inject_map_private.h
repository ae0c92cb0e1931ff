/*
 * inject_map_private: the probe without the loader, on its way in. Serves inject_map.c and inject_enter.c only.
 */
#pragma once

#include "inject_private.h"

struct mapping {
	const struct image *image;
	const unsigned char *bytes; /* the image, relocated */
	raddr base, table;
	raddr near; /* where the page beside the interpreter is to be, or is */
	bool near_is_there;
	int fd;		   /* the table, ours */
	bool by_map_files; /* it can be opened where it is mapped: no descriptor has to wait for us */
	bool mapped;	   /* the image is there, made by a thread that could not go on */
	bool filtered;	   /* a seccomp filter is on: what it allows is not known */
	int64_t left_open; /* the target's descriptor of it + 1, if it could not be closed on the way */
};

/* The image, relocated, into the room that was made for it. */
int mapping_write(const struct entering *in, const struct mapping *m, struct err *e);

/* Where the page beside the interpreter is, as the probe says; 0: there is none. */
int mapping_near(const struct entering *in, const struct mapping *m, raddr *ret, struct err *e);

/* Writes the probe, and in it what `enter` needs. */
int enter_prepare(const struct entering *in, const struct mapping *m, struct err *e);
/* Three stops in all: the thread does the rest by itself. */
int enter_send(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e);
/*
 * Five stops: a thread of our own does the rest, while this one waits on as if nothing had been. All signals are blocked
 * in it, as they are in the one it is made from. -EAGAIN: there may be no more threads.
 */
int enter_send_another(const struct entering *in, struct tracee *t, struct mapping *m, struct err *e);
