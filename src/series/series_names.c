/* The names that a tick brings. An id is checked against what came before it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "series_private.h"

/*
 * Ids count up, so each string must be new. Two names that were not UTF-8 may have become the same text when they were
 * written: the second gets its number behind it.
 */
static int read_string(struct series *s, const json_t *v, struct err *e)
{
	uint32_t expected = names_strings(s->names) + 1, got = 0;
	char *numbered;
	int r;

	if (!json_is_string(v))
		return series_bad(s, e, "string %u is not text", expected);
	r = names_string(s->names, json_string_value(v), json_string_length(v), &got, e);
	if (r == 0 && got != expected) {
		if (asprintf(&numbered, "%s#%u", json_string_value(v), expected) < 0)
			return err_set(e, ENOMEM, "out of memory for names");
		r = names_string(s->names, numbered, strlen(numbered), &got, e);
		free(numbered);
	}
	if (r == 0 && got != expected)
		return series_bad(s, e, "string %u is said twice", expected);
	return r;
}

static int read_frame(struct series *s, const struct list_row *row, struct err *e)
{
	uint32_t expected = names_frames(s->names) + 1, strings = names_strings(s->names), line, got = 0;
	struct frame f = { 0 };
	int r;

	if (!list_id(row, 0, strings, &f.function) || !list_id(row, 1, strings, &f.file) ||
	    !list_id(row, 2, INT32_MAX, &line) || !list_id(row, 3, UINT32_MAX, &f.kind))
		return series_bad(s, e, "frame %u is not [function, file, line, kind] with strings that were named",
				  expected);
	f.line = (int32_t)line;
	r = names_frame(s->names, &f, &got, e);
	return r == 0 && got != expected ? series_bad(s, e, "frame %u is said twice", expected) : r;
}

static int read_stack(struct series *s, const struct list_row *row, struct err *e)
{
	uint32_t known = names_stacks(s->names), parent, frame, got = 0;
	int r;

	if (!list_id(row, 0, known, &parent) ||
	    !list_id(row, 1, names_frames(s->names), &frame) || frame == 0)
		return series_bad(s, e, "stack %u is not [parent, frame] of what was named before it", known + 1);
	if (parent && s->depths[parent - 1] >= DEPTH_MOST)
		return series_bad(s, e, "stack %u is deeper than %d frames", known + 1, DEPTH_MOST);
	if (known == s->depth_room) {
		size_t room = s->depth_room ? s->depth_room * 2 : 256;
		uint16_t *depths = realloc(s->depths, room * sizeof(*depths));

		if (!depths)
			return err_set(e, ENOMEM, "out of memory for names");
		s->depths = depths;
		s->depth_room = room;
	}
	r = names_stack(s->names, parent, frame, &got, e);
	if (r == 0 && got != known + 1)
		return series_bad(s, e, "stack %u is said twice", known + 1);
	if (r == 0)
		s->depths[known] = (uint16_t)((parent ? s->depths[parent - 1] : 0) + 1);
	return r;
}

int series_names_of(struct series *s, const struct tick *tick, struct err *e)
{
	const json_t *strings, *v;
	size_t i;
	int r = series_list(s, tick->rest, "strings", &strings, e);

	if (r < 0)
		return r;
	json_array_foreach(strings, i, v) {
		r = read_string(s, v, e);
		if (r < 0)
			return r;
	}
	r = series_each(s, tick, LIST_FRAMES, "frames", read_frame, e);
	return r == 0 ? series_each(s, tick, LIST_STACKS, "stacks", read_stack, e) : r;
}
