/*
 * pprof: a profile in pprof's format, in the making: strings, functions and locations are told once, at first sight.
 *
 * A sample is its stack, then its values (numbers put into `inner`), then its labels. Names of the target are escaped.
 * When memory runs out `bytes` remembers it; pprof_write says so.
 */
#pragma once

#include <stdbool.h>

#include "memspy/buf.h"
#include "memspy/names.h"

/* Field numbers of profile.proto. */
enum {
	PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE = 2, PROFILE_MAPPING = 3, PROFILE_LOCATION = 4, PROFILE_FUNCTION = 5,
	PROFILE_STRING_TABLE = 6, PROFILE_TIME_NANOS = 9, PROFILE_DURATION_NANOS = 10, PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12, PROFILE_COMMENT = 13, PROFILE_DEFAULT_SAMPLE_TYPE = 14,
	VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2,
	SAMPLE_LOCATION = 1, SAMPLE_VALUE = 2, SAMPLE_LABEL = 3,
	LABEL_KEY = 1, LABEL_STRING = 2, LABEL_NUMBER = 3,
	MAPPING_ID = 1, MAPPING_FILE = 5, MAPPING_HAS_FUNCTIONS = 7, MAPPING_HAS_FILES = 8, MAPPING_HAS_LINES = 9,
	LOCATION_ID = 1, LOCATION_MAPPING = 2, LOCATION_LINE = 4,
	LINE_FUNCTION = 1, LINE_LINE = 2,
	FUNCTION_ID = 1, FUNCTION_NAME = 2, FUNCTION_FILE = 4, /* no system name: pprof would take <module> for a template */
};

struct pprof {
	const struct names *names; /* of the stacks */
	struct names *table; /* its strings are the string table; its frames are the functions */
	bool *located;	     /* by frame id: its location is written */
	struct buf bytes, message, inner;
	struct buf text;     /* of a comment */
};

int pprof_init(struct pprof *p, const struct names *names, struct err *e);
void pprof_done(struct pprof *p);

uint32_t pprof_string(struct pprof *p, const char *text); /* as it is, if it is ours */
uint32_t pprof_name(struct pprof *p, const char *of_target);
/* What a column of values is, or what the period is of. */
void pprof_value_type(struct pprof *p, unsigned field, const char *type, const char *unit);
void pprof_mapping(struct pprof *p, const char *exe);
/* One line of what pprof -comments tells: what stands in `text`, which is empty then. */
void pprof_comment(struct pprof *p);

void pprof_begin_sample(struct pprof *p, uint32_t stack);
void pprof_values(struct pprof *p); /* what stands in `inner` */
void pprof_label(struct pprof *p, const char *key, const char *value);
void pprof_label_number(struct pprof *p, const char *key, uint64_t value);
void pprof_end_sample(struct pprof *p);

/* All of it, packed; appended. */
int pprof_write(struct pprof *p, struct buf *to, struct err *e);
