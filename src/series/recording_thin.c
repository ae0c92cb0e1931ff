/*
 * Thinning: neighbouring ticks become one. It stands at the last one's time with the last one's figures, brings the
 * names, sites and amounts of all, and what they changed together. So everything after it reads as before; only what was
 * seen in between is gone.
 */
#include "recording_thin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "group.h"
#include "series_private.h"

enum {
	CHUNK = 1 << 20,
	SYNC_EVERY = 8 << 20, /* what may lie in memory unwritten: the disk of others has no storm to fear */
};

void thin_out_done(struct thin_out *o)
{
	buf_done(&o->text);
}

int thin_out_flush(struct thin_out *o, struct err *e)
{
	const char *at = o->text.data;
	size_t left = o->text.length;

	if (o->text.failed)
		return err_set(e, ENOMEM, "out of memory");
	while (left) {
		ssize_t n = pwrite(o->fd, at, left, (off_t)o->bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : EIO, "cannot write the file beside it");
		at += n;
		left -= (size_t)n;
		o->bytes += (uint64_t)n;
	}
	buf_reset(&o->text);
	if (o->bytes - o->begun >= SYNC_EVERY) {
		sync_file_range(o->fd, (off_t)o->begun, (off_t)(o->bytes - o->begun), SYNC_FILE_RANGE_WRITE);
		sync_file_range(o->fd, 0, (off_t)o->begun, SYNC_FILE_RANGE_WAIT_BEFORE);
		o->begun = o->bytes;
	}
	return 0;
}

int thin_out_copy(struct thin_out *o, int from, uint64_t at, uint64_t end, const atomic_bool *stop, struct err *e)
{
	_cleanup_(freep) char *chunk = malloc(CHUNK);
	int r = chunk ? thin_out_flush(o, e) : err_set(e, ENOMEM, "out of memory");

	while (r == 0 && at < end) {
		ssize_t n = pread(from, chunk, end - at < CHUNK ? end - at : CHUNK, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, n < 0 ? errno : EIO, "cannot read it back");
		if (stop && *stop)
			return err_set(e, ECANCELED, "stopped");
		buf_add(&o->text, chunk, (size_t)n);
		at += (uint64_t)n;
		r = thin_out_flush(o, e);
	}
	return r;
}

static int flush_group(struct group *g, struct thin_out *o, struct err *e)
{
	int r = 0;

	if (g->ticks) {
		buf_puts(&o->text, ",\n");
		r = group_write(g, &o->text, e);
	}
	if (r == 0 && o->text.length >= CHUNK)
		r = thin_out_flush(o, e);
	return r;
}

/* The header and the first tick, which stay as they are. */
static int copy_top(struct lines *in, struct group *g, struct thin_out *o, uint64_t *ret_at, struct err *e)
{
	for (int i = 0; i < 2; i++) {
		char *line;
		size_t length;
		int r = lines_next(in, &line, &length, e);

		if (r != 0)
			return r < 0 ? r : err_set(e, EBADMSG, "it has no tick to be merged");
		*ret_at += length + (i == 0);
		if (i && length && line[length - 1] == ',')
			--*ret_at, length--;
		buf_puts(&o->text, i ? "\n" : "");
		buf_add(&o->text, line, length);
		r = i ? group_pass(g, line, length, e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * A group is whole when half of its bytes are gone, or its line grows long. *at: the end of the last tick taken.
 */
static int merge_ticks(struct lines *in, struct group *g, uint64_t end, struct thin_out *o, uint64_t *at,
		       const atomic_bool *stop, struct err *e)
{
	char *line;
	size_t length;
	bool whole;
	int r;

	while ((r = lines_next(in, &line, &length, e)) == 0) {
		if (length && line[length - 1] == ',')
			length--;
		if (*at + 2 + length > end || line[0] != '{')
			break;
		if (stop && *stop)
			return err_set(e, ECANCELED, "stopped");
		r = group_is_whole(g, length, &whole, e);
		if (r == 0 && whole)
			r = flush_group(g, o, e);
		if (r == 0)
			r = group_add(g, line, length, e);
		if (r < 0)
			return r;
		*at += 2 + length; /* the comma and the newline before it */
	}
	return r < 0 ? r : flush_group(g, o, e);
}

int recording_thin(int from, uint64_t end, struct thin_out *o, uint64_t *ret_at, const atomic_bool *stop,
		   struct err *e)
{
	_cleanup_(lines_done) struct lines in = { .fd = fcntl(from, F_DUPFD_CLOEXEC, 0), .left = UINT64_MAX };
	_cleanup_(group_done) struct group g = { 0 };
	uint64_t at = 0;
	int r;

	if (in.fd < 0 || lseek(in.fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "cannot read it back");
	r = copy_top(&in, &g, o, &at, e);
	if (r == 0)
		r = merge_ticks(&in, &g, end, o, &at, stop, e);
	if (r < 0)
		return r;
	*ret_at = at;
	return 0;
}
