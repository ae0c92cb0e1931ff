/* fuzz: what the fuzz targets share. Each gives foreign bytes to one reader; libFuzzer and the sanitizers judge. */
#pragma once

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memspy/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A file in memory that holds the bytes. */
static inline int fuzz_file(const uint8_t *bytes, size_t length)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
		abort();
	return fd;
}

/* Takes a number off the front; 0 when there is none left. */
static inline uint64_t fuzz_take(const uint8_t **bytes, size_t *length, size_t width)
{
	uint64_t value = 0;

	if (*length < width) {
		*length = 0;
		return 0;
	}
	memcpy(&value, *bytes, width);
	*bytes += width;
	*length -= width;
	return value;
}
