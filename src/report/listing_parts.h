/*
 * listing_parts: the lines of a file and their figures. Serves this folder only.
 */
#pragma once

#include <sys/stat.h>

#include "memspy/err.h"
#include "memspy/moments.h"
#include "memspy/names.h"

struct listing_line {
	int32_t line;
	uint32_t function; /* string id: the function with most live bytes there */
	struct estimate live, own, peak, allocated;
	struct estimate before, came; /* for its growth */
};

enum listing_source { SOURCE_READ, SOURCE_NEWER, SOURCE_NOT_READ };

struct listing {
	struct moments moments;
	uint32_t file;	      /* string id */
	char *function;	      /* NULL: all of the file */
	struct listing_line *lines; /* by line */
	size_t count;
	char *text;	      /* of the file; NULL */
	const char **starts;  /* of its lines; starts[0] is that of line 1 */
	size_t text_lines;
	struct stat at;
	enum listing_source source;
};

static inline const struct names *listing_names(const struct listing *l)
{
	return series_names(l->moments.series);
}

/* "PATH:FUNCTION" or "PATH": sets file and function. */
int listing_find(struct listing *l, const char *what, struct err *e);
bool listing_is_wanted(const struct listing *l, const struct frame *f);
/* Sets text, starts and source; a source that cannot be read is no fault. */
int listing_read_source(struct listing *l, struct err *e);
struct difference listing_growth(const struct listing *l, const struct listing_line *line);
/* The lines of the function that stands on `line`, by its indentation; the line alone where that cannot be seen. From 1. */
void listing_block(const struct listing *l, int32_t line, size_t *ret_first, size_t *ret_last);
