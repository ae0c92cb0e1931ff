#include "memspy/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/python_file.h"
#include "memspy/text.h"
#include "listing_private.h"

static void listing_freep(struct listing **l)
{
	listing_free(*l);
}

void listing_free(struct listing *l)
{
	if (!l)
		return;
	moments_done(&l->moments);
	free(l->function);
	free(l->lines);
	free(l->starts);
	free(l->text);
	free(l);
}

/* ---- which file, which function ---- */

static bool ends_with_path(const char *path, const char *end)
{
	size_t length = strlen(path), n = strlen(end);

	return n && length >= n && strcmp(path + length - n, end) == 0 && (length == n || path[length - n - 1] == '/' || *end == '/');
}

/* "Shop.remember" is called remember as well. */
static bool is_called(const char *qualified, const char *name)
{
	size_t length = strlen(qualified), n = strlen(name);

	return length >= n && strcmp(qualified + length - n, name) == 0 && (length == n || qualified[length - n - 1] == '.');
}

struct candidates {
	struct buf said;
	size_t count;
	uint32_t file;
	bool exact;
};

static void add_candidate(struct candidates *c, const char *path, uint32_t file, bool exact)
{
	if (c->exact && !exact)
		return;
	if (exact && !c->exact) {
		buf_reset(&c->said);
		c->count = 0;
		c->exact = true;
	}
	if (++c->count <= 4) {
		buf_puts(&c->said, c->count > 1 ? ", " : "");
		text_path(&c->said, path, 80);
	}
	c->file = file;
}

/* Each file that a frame is of, once: by its string id. */
static int find_file(struct listing *l, const char *what, struct err *e)
{
	const struct names *n = listing_names(l);
	_cleanup_(freep) bool *seen = calloc((size_t)names_strings(n) + 1, sizeof(*seen));
	struct candidates c = { 0 };
	int r = 0;

	if (!seen)
		return err_set(e, ENOMEM, "out of memory for a listing");
	for (uint32_t i = 1; i <= names_frames(n); i++) {
		uint32_t file = names_frame_at(n, i).file;
		const char *path = names_text(n, file);

		if (seen[file] || !ends_with_path(path, what))
			continue;
		seen[file] = true;
		add_candidate(&c, path, file, strcmp(path, what) == 0);
	}
	if (c.count == 0)
		r = err_set(e, ENOENT, "no file of this recording ends with \"%.100s\"; memspy report FILE --by file shows those there are",
			    what);
	if (c.count > 1)
		r = err_set(e, EINVAL, "%zu files of this recording end with \"%.100s\": %.300s%s; write more of the path", c.count, what,
			    c.said.data, c.count > 4 ? " …" : "");
	l->file = c.file;
	buf_done(&c.said);
	return r;
}

static bool is_wanted(const struct listing *l, const struct frame *f)
{
	return f->file == l->file && f->kind == FRAME_PYTHON &&
	       (!l->function || is_called(names_text(listing_names(l), f->function), l->function));
}

static int find_function(const struct listing *l, const char *what, struct err *e)
{
	const struct names *n = listing_names(l);

	for (uint32_t i = 1; i <= names_frames(n); i++) {
		struct frame f = names_frame_at(n, i);

		if (is_wanted(l, &f))
			return 0;
	}
	return err_set(e, ENOENT, "no function of %.100s that was seen allocating is called \"%.100s\"; --lines without it shows all", what,
		       l->function);
}

/* "PATH:FUNCTION"; a path may have a colon in it, a function has no slash. */
static int find(struct listing *l, const char *what, struct err *e)
{
	const char *colon = strrchr(what, ':');
	_cleanup_(freep) char *path = NULL;
	int r;

	if (!colon || strchr(colon, '/') || !colon[1])
		return find_file(l, what, e);
	path = strndup(what, (size_t)(colon - what));
	l->function = strdup(colon + 1);
	if (!path || !l->function)
		return err_set(e, ENOMEM, "out of memory for a listing");
	r = find_file(l, path, e);
	return r < 0 ? r : find_function(l, path, e);
}

/* ---- figures ---- */

struct counting {
	struct listing *l;
	uint32_t *of_frame; /* place in lines + 1 by frame; 0: not of this file */
	uint64_t *best;	    /* live bytes of the function that is named, by place */
	size_t *seen;	    /* site + 1 that was last added, by place */
};

static void counting_done(struct counting *c)
{
	free(c->of_frame);
	free(c->best);
	free(c->seen);
}

static int by_line(const void *one, const void *other)
{
	const struct listing_line *a = one, *b = other;

	return a->line < b->line ? -1 : a->line > b->line;
}

static int make_lines(struct counting *c, struct err *e)
{
	struct listing *l = c->l;
	const struct names *n = listing_names(l);
	size_t frames = names_frames(n), count = 0;

	l->lines = calloc(frames + 1, sizeof(*l->lines));
	c->of_frame = calloc(frames + 1, sizeof(*c->of_frame));
	c->best = calloc(frames + 1, sizeof(*c->best));
	c->seen = calloc(frames + 1, sizeof(*c->seen));
	if (!l->lines || !c->of_frame || !c->best || !c->seen)
		return err_set(e, ENOMEM, "out of memory for a listing");
	for (uint32_t i = 1; i <= frames; i++) {
		struct frame f = names_frame_at(n, i);

		if (is_wanted(l, &f))
			l->lines[count++] = (struct listing_line){ .line = f.line, .function = f.function };
	}
	qsort(l->lines, count, sizeof(*l->lines), by_line);
	for (size_t i = 0; i < count; i++)
		if (l->count == 0 || l->lines[l->count - 1].line != l->lines[i].line)
			l->lines[l->count++] = l->lines[i];
	for (uint32_t i = 1; i <= frames; i++) {
		struct frame f = names_frame_at(n, i);
		struct listing_line key = { .line = f.line }, *found;

		found = is_wanted(l, &f) ? bsearch(&key, l->lines, l->count, sizeof(key), by_line) : NULL;
		c->of_frame[i] = found ? (uint32_t)(found - l->lines) + 1 : 0;
	}
	return 0;
}

static void add_site(struct counting *c, size_t i)
{
	const struct moments *m = &c->l->moments;
	const struct names *n = listing_names(c->l);
	const struct site *site = &series_sample(m->series)->sites[i], *then = moments_before(m, i);
	struct estimate came = site->alloc;
	bool leaf = true;

	estimate_subtract(&came, &then->alloc);
	for (uint32_t stack = site->stack; stack; stack = names_stack_at(n, stack).parent) {
		uint32_t frame = names_stack_at(n, stack).frame, at = c->of_frame[frame];
		struct listing_line *line = at ? &c->l->lines[at - 1] : NULL;

		if (line && leaf) {
			estimate_add(&line->own, &site->live);
			if (site->live.bytes > c->best[at - 1]) {
				c->best[at - 1] = site->live.bytes;
				line->function = names_frame_at(n, frame).function;
			}
		}
		leaf &= names_frame_at(n, frame).kind != FRAME_PYTHON;
		if (!line || c->seen[at - 1] == i + 1)
			continue;
		c->seen[at - 1] = i + 1;
		estimate_add(&line->live, &site->live);
		estimate_add(&line->peak, &site->peak);
		estimate_add(&line->allocated, &site->alloc);
		estimate_add(&line->before, &then->live);
		estimate_add(&line->came, &came);
	}
}

static int count(struct listing *l, struct err *e)
{
	_cleanup_(counting_done) struct counting c = { .l = l };
	int r = make_lines(&c, e);

	for (size_t i = 0; r == 0 && i < series_sample(l->moments.series)->site_count; i++)
		add_site(&c, i);
	return r;
}

struct difference listing_growth(const struct listing *l, const struct listing_line *line)
{
	return estimate_growth(&line->before, &line->live, &line->came, series_sample(l->moments.series)->sample_bytes);
}

/* ---- the source ---- */

static int read_source(struct listing *l, struct err *e)
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

int listing_new(struct listing **ret, const char *path, const struct listing_ask *ask, struct err *e)
{
	_cleanup_(listing_freep) struct listing *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return err_set(e, ENOMEM, "out of memory for a listing");
	r = moments_open(&l->moments, path, ask->from, ask->to, e);
	if (r == 0)
		r = find(l, ask->what, e);
	if (r == 0)
		r = count(l, e);
	if (r == 0)
		r = read_source(l, e);
	if (r == 0)
		*ret = TAKE(l);
	return r;
}
