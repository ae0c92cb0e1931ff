#include "memspy/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/control.h"
#include "start_private.h"

enum { ANSWER_MS = 60000 }; /* an attach has deadlines of its own; this is for a daemon that is stuck */

struct client {
	int fd;
	struct control_input in;
};

void client_free(struct client *c)
{
	if (!c)
		return;
	control_input_done(&c->in);
	close(c->fd);
	free(c);
}

static void client_freep(struct client **c)
{
	client_free(*c);
}

static void json_decrefpp(json_t **j)
{
	json_decref(*j);
}

int client_new(struct client **ret, bool start, struct err *e)
{
	struct client *c;
	int fd, r = control_connect(&fd, e);

	if (r == -ENOENT && !start)
		return CLIENT_NONE;
	if (r == -ENOENT) {
		r = start_daemon(e);
		if (!r)
			r = control_connect(&fd, e);
	}
	if (r)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return err_set(e, ENOMEM, "out of memory");
	}
	c->fd = fd;
	control_input_init(&c->in);
	*ret = c;
	return 0;
}

int client_fd(const struct client *c)
{
	return c->fd;
}

void client_finish(struct client *c)
{
	shutdown(c->fd, SHUT_WR);
}

int client_ask(struct client *c, json_t *request, int fd, struct err *e)
{
	_cleanup_(freep) char *text = json_dumps(request, JSON_COMPACT);
	size_t length = text ? strlen(text) : 0, sent = 0;
	int r;

	json_decref(request);
	if (!text)
		return err_set(e, EINVAL, "the request cannot be written as JSON");
	/* The newline takes the place of the NUL. A request is far smaller than a socket's buffer: it goes out whole. */
	text[length] = '\n';
	r = control_send(c->fd, text, length + 1, fd, &sent, e);
	if (r == CONTROL_AGAIN)
		return err_set(e, EAGAIN, "the memspy daemon does not read");
	return r;
}

/* A refusal becomes a fault of ours. */
static int judge(json_t *answer, struct err *e)
{
	const json_t *ok = json_object_get(answer, "ok");
	const char *sentence = json_string_value(json_object_get(answer, "error"));
	int code = (int)json_integer_value(json_object_get(answer, "code"));

	if (!json_is_false(ok))
		return 0;
	return err_set(e, code > 0 && code < 4096 ? code : EIO, "%s",
		       sentence ? sentence : "the memspy daemon refused");
}

int client_next(struct client *c, json_t **ret, int timeout_ms, struct err *e)
{
	uint64_t until = clock_now_ns() + (uint64_t)timeout_ms * 1000000u;

	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		char *line = control_line(&c->in);
		uint64_t now;
		int r;

		if (line) {
			_cleanup_(json_decrefpp) json_t *answer = json_loads(line, 0, NULL);

			if (!answer)
				return err_set(e, EPROTO, "the memspy daemon answered with something that is not JSON");
			r = judge(answer, e);
			if (!r)
				*ret = TAKE(answer);
			return r;
		}
		r = control_receive(c->fd, &c->in, e);
		if (r == 0)
			continue;
		if (r != CONTROL_AGAIN)
			return r == READ_GONE ? (err_set(e, ECONNRESET, "the memspy daemon went away"), r) : r;
		now = clock_now_ns();
		if (now >= until)
			return CLIENT_AGAIN;
		poll(&p, 1, (int)((until - now) / 1000000u) + 1);
	}
}

int client_call(struct client *c, json_t *request, json_t **ret, struct err *e)
{
	json_t *answer;
	int r = client_ask(c, request, -1, e);

	if (!r)
		r = client_next(c, &answer, ANSWER_MS, e);
	if (r == CLIENT_AGAIN)
		return err_set(e, ETIMEDOUT, "the memspy daemon does not answer");
	if (r)
		return r;
	if (ret)
		*ret = answer;
	else
		json_decref(answer);
	return 0;
}

int client_once(json_t *request, bool start, json_t **ret, struct err *e)
{
	int r = READ_GONE;

	/* A daemon whose last session ends while we connect closes the door on us: then ask the next one. */
	for (int attempt = 0; attempt < 3 && r == READ_GONE; attempt++) {
		_cleanup_(client_freep) struct client *c = NULL;

		r = client_new(&c, start, e);
		if (!r)
			r = client_call(c, json_incref(request), ret, e);
	}
	json_decref(request);
	return r == READ_GONE ? -ECONNRESET : r;
}
