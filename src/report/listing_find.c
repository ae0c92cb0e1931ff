/* Which file of the recording is meant, and which function of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "listing_parts.h"

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

bool listing_is_wanted(const struct listing *l, const struct frame *f)
{
	return f->file == l->file && f->kind == FRAME_PYTHON &&
	       (!l->function || is_called(names_text(listing_names(l), f->function), l->function));
}

static int find_function(const struct listing *l, const char *what, struct err *e)
{
	const struct names *n = listing_names(l);

	for (uint32_t i = 1; i <= names_frames(n); i++) {
		struct frame f = names_frame_at(n, i);

		if (listing_is_wanted(l, &f))
			return 0;
	}
	return err_set(e, ENOENT, "no function of %.100s that was seen allocating is called \"%.100s\"; --lines without it shows all", what,
		       l->function);
}

/* A path may have a colon in it, a function has no slash. */
int listing_find(struct listing *l, const char *what, struct err *e)
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
