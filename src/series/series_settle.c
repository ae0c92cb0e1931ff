/* Rows that waited, read where they are in the file, in its order. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "series_private.h"

enum { CHUNK = 1 << 16 }; /* bytes read at once: many rows */

static int by_place(const void *one, const void *other, void *of)
{
	const struct late_row *rows = of;
	const uint64_t a = rows[*(const uint32_t *)one].at, b = rows[*(const uint32_t *)other].at;

	return a < b ? -1 : a > b;
}

static int changed_meanwhile(const struct series *s, struct err *e)
{
	return err_set(e, EAGAIN, "%s was changed while it was read; try again", s->path);
}

static int read_chunk(const struct series *s, char *to, uint64_t at, size_t *ret_length, struct err *e)
{
	ssize_t n;

	do
		n = pread(s->lines.fd, to, CHUNK, (off_t)at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "cannot read %s", s->path);
	to[n] = '\0';
	*ret_length = (size_t)n;
	return 0;
}

static int read_waiting(struct series *s, char *chunk, struct err *e)
{
	struct late *l = &s->late;
	size_t length = 0;
	uint64_t from = 0;

	for (size_t i = 0; i < l->waiting_count; i++) {
		const struct late_row *row = &l->rows[l->waiting[i]];
		struct site site;
		int r = 0;

		if (!row->length)
			continue;
		if (row->at + row->length > from + length) {
			from = row->at;
			r = read_chunk(s, chunk, from, &length, e);
			if (r < 0)
				return r;
			if (length < row->length)
				return changed_meanwhile(s, e);
		}
		r = series_row(s, chunk + (row->at - from), row->length, &site, e);
		if (r < 0)
			return r;
		if (site.stack != row->key.stack || site.thread != row->key.thread || site.domain != row->key.domain)
			return changed_meanwhile(s, e);
		s->sites.at[l->waiting[i]] = site;
	}
	return 0;
}

int series_settle(struct series *s, struct err *e)
{
	struct late *l = &s->late;
	_cleanup_(freep) char *chunk = NULL;
	int r;

	if (l->waiting_count == 0)
		return 0;
	chunk = malloc(CHUNK + 1);
	if (!chunk)
		return err_set(e, ENOMEM, "out of memory for the sites of %s", s->path);
	qsort_r(l->waiting, l->waiting_count, sizeof(*l->waiting), by_place, l->rows);
	r = read_waiting(s, chunk, e);
	for (size_t i = 0; i < l->waiting_count; i++)
		l->rows[l->waiting[i]].length = l->rows[l->waiting[i]].waits = 0;
	l->waiting_count = 0;
	return r;
}
