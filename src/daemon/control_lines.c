/*
 * Lines over the control socket, and the descriptors that come with them.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memspy/control.h"

enum { MOST_DESCRIPTORS = 4 };

void control_input_init(struct control_input *in)
{
	*in = (struct control_input){ .fd = -1 };
}

void control_input_done(struct control_input *in)
{
	free(in->data);
	if (in->fd >= 0)
		close(in->fd);
	control_input_init(in);
}

/* Keeps the first descriptor we have no use for yet; all others are closed, or a peer could fill our table. */
static void keep_descriptors(struct msghdr *m, struct control_input *in)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t count = c->cmsg_len < CMSG_LEN(0) ? 0 : (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (in->fd < 0)
				in->fd = fd;
			else
				close(fd);
		}
	}
}

static int make_room(struct control_input *in, struct err *e)
{
	char *data;

	if (in->used) {
		memmove(in->data, in->data + in->used, in->length - in->used);
		in->length -= in->used;
		in->used = 0;
	}
	if (in->data && in->length < in->room)
		return 0;
	if (in->data)
		return err_set(e, EMSGSIZE, "a line on the control socket is longer than %d bytes", CONTROL_LINE_MAX);
	data = malloc(CONTROL_LINE_MAX);
	if (!data)
		return err_set(e, ENOMEM, "out of memory");
	in->data = data;
	in->room = CONTROL_LINE_MAX;
	return 0;
}

int control_receive(int socket, struct control_input *in, struct err *e)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
	} with;
	struct iovec to;
	struct msghdr m = { .msg_iov = &to, .msg_iovlen = 1, .msg_control = &with, .msg_controllen = sizeof(with) };
	ssize_t n;
	int r = make_room(in, e);

	if (r)
		return r;
	to = (struct iovec){ in->data + in->length, in->room - in->length };
	n = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? CONTROL_AGAIN :
		       errno == ECONNRESET		 ? READ_GONE :
							   err_sys(e, errno, "cannot read from the control socket");
	keep_descriptors(&m, in);
	in->length += (size_t)n;
	return n == 0 ? READ_GONE : 0;
}

char *control_line(struct control_input *in)
{
	char *start = in->data ? in->data + in->used : NULL;
	char *end = start ? memchr(start, '\n', in->length - in->used) : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	in->used += (size_t)(end - start) + 1;
	return start;
}

int control_send(int socket, const char *bytes, size_t length, int fd, size_t *ret_sent, struct err *e)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} with = { 0 };
	struct iovec from = { (void *)bytes, length };
	struct msghdr m = { .msg_iov = &from, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		m.msg_control = &with;
		m.msg_controllen = sizeof(with);
		*CMSG_FIRSTHDR(&m) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(int));
	}
	n = sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR	   ? CONTROL_AGAIN :
		       errno == EPIPE || errno == ECONNRESET ? READ_GONE :
							       err_sys(e, errno, "cannot write to the control socket");
	*ret_sent = (size_t)n;
	return 0;
}
