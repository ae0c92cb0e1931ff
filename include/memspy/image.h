/*
 * image: the probe as memspy carries it, ready to be put at an address.
 *
 * The probe needs nothing from its surroundings: two segments (code, data) and relative relocations only. A copy
 * relocated for a base can be written into a foreign process without running the loader.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/probe_abi.h"
#include "memspy/remote.h"

struct image {
	const unsigned char *file; /* the .so itself; static */
	size_t file_bytes;
	size_t span;		   /* bytes from the first to the last mapped, page aligned */
	size_t code_bytes;	   /* page aligned; from here on it is data */
	size_t code_used;	   /* without the padding, which the loader fills otherwise than we do */
	size_t data_used;	   /* from the base to where zeroes begin */
	struct probe_entry entry;  /* addresses relative to the base */
};

/* The probe inside this memspy. */
int image_own(struct image *ret, struct err *e);
/* The same from the bytes of a file; for tests. */
int image_read(struct image *ret, const unsigned char *file, size_t bytes, struct err *e);
/* All span bytes as they must be in memory at base; to be freed. */
int image_relocated(const struct image *image, raddr base, unsigned char **ret, struct err *e);
