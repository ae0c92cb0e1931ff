/*
 * remote_private: what a reader is inside. Live readers can do two things that images and arrays cannot.
 */
#pragma once

#include "memspy/remote.h"

struct remote {
	const struct remote_ops *ops;
	void *own;
	/* NULL: not a live reader. readv may refuse (any answer but 0): then the pieces are read one by one. */
	int (*readv)(void *own, const struct remote_piece *pieces, size_t count);
	int (*write)(void *own, raddr at, const void *from, size_t length, struct err *e);
};
