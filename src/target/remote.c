#include "memspy/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote_private.h"

/* No page is smaller; a string is read up to the next multiple, as the page behind it may not be there. */
enum { SMALLEST_PAGE = 4096 };

int remote_new(struct remote **ret, const struct remote_ops *ops, void *own, struct err *e)
{
	struct remote *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(e, ENOMEM, "no memory for a reader");
	r->ops = ops;
	r->own = own;
	*ret = r;
	return 0;
}

void remote_free(struct remote *r)
{
	if (!r)
		return;
	if (r->ops->free)
		r->ops->free(r->own);
	free(r);
}

int remote_read(struct remote *r, raddr at, void *to, size_t length, struct err *e)
{
	if (length == 0)
		return 0;
	if (at + length < at)
		return READ_TORN;
	return r->ops->read(r->own, at, to, length, e);
}

int remote_readv(struct remote *r, const struct remote_piece *pieces, size_t count, struct err *e)
{
	if (r->readv && count > 1 && r->readv(r->own, pieces, count) == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		int answer = remote_read(r, pieces[i].at, pieces[i].to, pieces[i].length, e);

		if (answer)
			return answer;
	}
	return 0;
}

int remote_read_u64(struct remote *r, raddr at, uint64_t *ret, struct err *e)
{
	uint64_t value;
	int answer = remote_read(r, at, &value, sizeof(value), e);

	if (!answer)
		*ret = value;
	return answer;
}

int remote_read_u32(struct remote *r, raddr at, uint32_t *ret, struct err *e)
{
	uint32_t value;
	int answer = remote_read(r, at, &value, sizeof(value), e);

	if (!answer)
		*ret = value;
	return answer;
}

int remote_read_string(struct remote *r, raddr at, char *to, size_t room, struct err *e)
{
	size_t have = 0;

	if (room == 0)
		return err_set(e, EINVAL, "no room for a string");
	while (have < room - 1) {
		size_t step = SMALLEST_PAGE - (at + have) % SMALLEST_PAGE;
		int answer;

		if (step > room - 1 - have)
			step = room - 1 - have;
		answer = remote_read(r, at + have, to + have, step, e);
		if (answer) {
			to[0] = '\0';
			return answer;
		}
		if (memchr(to + have, '\0', step))
			return 0;
		have += step;
	}
	to[have] = '\0';
	return 0;
}

int remote_write(struct remote *r, raddr at, const void *from, size_t length, struct err *e)
{
	if (!r->write)
		return err_set(e, ENOTSUP, "this reader is not a live process: nothing can be written to it");
	if (length == 0)
		return 0;
	if (at + length < at)
		return READ_TORN;
	return r->write(r->own, at, from, length, e);
}

int remote_write_u64(struct remote *r, raddr at, uint64_t value, struct err *e)
{
	return remote_write(r, at, &value, sizeof(value), e);
}
