/* The text of the file, and where its functions begin and end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/python_file.h"
#include "listing_parts.h"

int listing_read_source(struct listing *l, struct err *e)
{
	uint64_t wall_s = series_about(l->moments.series)->wall_ns / 1000000000u;
	size_t room = 1;

	l->source = SOURCE_NOT_READ;
	l->text = python_file_read(names_text(listing_names(l), l->file), &l->at);
	if (!l->text)
		return 0;
	for (const char *at = l->text; (at = strchr(at, '\n')); at++)
		room++;
	l->starts = calloc(room, sizeof(*l->starts));
	if (!l->starts)
		return err_set(e, ENOMEM, "out of memory for a listing");
	for (const char *at = l->text, *end; *at; at = end + (*end == '\n')) {
		l->starts[l->text_lines++] = at;
		end = at + strcspn(at, "\n");
	}
	l->source = wall_s && (uint64_t)l->at.st_mtime > wall_s ? SOURCE_NEWER : SOURCE_READ;
	return 0;
}

/* Columns of white space before a line; -1: there is nothing on it, or but a comment. */
static int indentation(const char *line)
{
	int columns = 0;

	for (; *line == ' ' || *line == '\t'; line++)
		columns = *line == '\t' ? columns / 8 * 8 + 8 : columns + 1;
	return *line == '\n' || *line == '\r' || *line == '#' || !*line ? -1 : columns;
}

static bool begins_function(const char *line)
{
	line += strspn(line, " \t");
	if (strncmp(line, "async", 5) == 0 && strchr(" \t", line[5]))
		line += 5 + strspn(line + 5, " \t");
	return strncmp(line, "def ", 4) == 0;
}

void listing_block(const struct listing *l, int32_t line, size_t *ret_first, size_t *ret_last)
{
	size_t at = (size_t)line, first, last;
	int own, inside;

	*ret_first = *ret_last = at;
	if (line < 1 || at > l->text_lines)
		return;
	inside = indentation(l->starts[at - 1]);
	for (first = at; first; first--) {
		own = indentation(l->starts[first - 1]);
		if (begins_function(l->starts[first - 1]) && (own < inside || first == at))
			break;
		/* Something outside of any function that is further left ends the search for this depth. */
		inside = own >= 0 && own < inside ? own : inside;
		if (inside == 0)
			return;
	}
	if (!first)
		return;
	own = indentation(l->starts[first - 1]);
	for (last = at; last < l->text_lines; last++) {
		inside = indentation(l->starts[last]);
		if (inside >= 0 && inside <= own)
			break;
	}
	while (last > at && indentation(l->starts[last - 1]) < 0)
		last--;
	*ret_first = first;
	*ret_last = last;
}
