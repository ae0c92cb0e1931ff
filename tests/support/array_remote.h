/*
 * array_remote: a reader over an array of bytes that claims to lie at some address of a process.
 */
#pragma once

#include <string.h>

#include "check_memspy.h"
#include "memspy/remote.h"

struct array {
	raddr at;
	const void *bytes;
	size_t length;
	int answer; /* not 0: every read answers this */
};

static inline int array_read(void *own, raddr at, void *to, size_t length, struct err *e)
{
	const struct array *a = own;

	(void)e;
	if (a->answer)
		return a->answer;
	if (at < a->at || at - a->at > a->length || length > a->length - (at - a->at))
		return READ_TORN;
	memcpy(to, (const char *)a->bytes + (at - a->at), length);
	return 0;
}

/* The array stays the caller's. */
static inline struct remote *array_remote(struct array *a)
{
	static const struct remote_ops ops = { .read = array_read };
	struct remote *r;
	struct err e;

	ck_ok(remote_new(&r, &ops, a, &e), e);
	return r;
}
