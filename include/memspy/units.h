/*
 * units: sizes and times as people write and read them.
 *
 * Reading is strict: what is not wholly understood is refused with a sentence that shows how to write it.
 * Nothing here depends on the locale.
 */
#pragma once

#include <stdint.h>

#include "memspy/err.h"

/* "4096", "512K", "1.5G", "16MiB": powers of 1024. -EINVAL or -ERANGE. */
int units_parse_size(const char *text, uint64_t *ret, struct err *e);
/* "60", "0.5", "30s", "5m", "2h", "1d": seconds. -EINVAL or -ERANGE. */
int units_parse_duration(const char *text, double *ret, struct err *e);
/* "4711": decimal digits with an optional minus. -EINVAL or -ERANGE. */
int units_parse_number(const char *text, int64_t *ret, struct err *e);

/* Lives until the end of the full expression: printf("%s", units_bytes(n).text) */
struct units_text {
	char text[32];
};

struct units_text units_bytes(uint64_t bytes);	       /* "512 B", "301.2 MiB" */
struct units_text units_signed_bytes(int64_t bytes);   /* "+2.9 MiB", "-512 B", "0" */
struct units_text units_size_option(uint64_t bytes);   /* as units_parse_size reads it: "512K", "1000" */
struct units_text units_seconds(double seconds);       /* "0.21 ms", "12.0 s", "48 s", "5 min", "3 h 20 min", "3 d 4 h" */
