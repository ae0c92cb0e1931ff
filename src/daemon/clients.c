/*
 * The daemon's side of a connection: bytes in, lines out, and never waiting for either.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon_private.h"
#include "memspy/clock.h"
#include "memspy/log.h"

#define ASK_NS 5000000000u   /* to say what one wants */
#define READ_NS 10000000000u /* to read what was answered */

enum { OUT_MAX = 1 << 20 };

void client_open(struct client *c, int fd, uint64_t now)
{
	*c = (struct client){ .fd = fd, .deadline_ns = now + ASK_NS };
	control_input_init(&c->in);
}

void client_close(struct client *c)
{
	close(c->fd);
	control_input_done(&c->in);
	buf_done(&c->out);
	*c = (struct client){ .fd = -1 };
}

bool client_wants_to_write(const struct client *c)
{
	return c->out.length > c->sent;
}

void client_say(struct client *c, json_t *reply, bool last, bool droppable)
{
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	json_decref(reply);
	if (text && c->fd >= 0 && !(droppable && client_wants_to_write(c)) && c->out.length < OUT_MAX) {
		buf_puts(&c->out, text);
		buf_putc(&c->out, '\n');
	}
	free(text);
	if (last) {
		c->last = true;
		c->deadline_ns = clock_now_ns() + READ_NS;
	}
}

json_t *client_text(const char *text)
{
	struct buf quoted = { 0 };
	json_t *value;

	buf_json_string(&quoted, text ? text : "");
	value = json_loads(quoted.data ? quoted.data : "\"\"", JSON_DECODE_ANY, NULL);
	buf_done(&quoted);
	return value ? value : json_string("");
}

void client_refuse(struct client *c, int code, const char *sentence)
{
	client_say(c, json_pack("{s:b, s:i, s:o}", "ok", 0, "code", code, "error", client_text(sentence)), true, false);
}

bool client_write(struct client *c)
{
	struct err e = { "" };
	size_t sent = 0;
	int r = control_send(c->fd, c->out.data + c->sent, c->out.length - c->sent, -1, &sent, &e);

	if (r == CONTROL_AGAIN)
		return true;
	if (r)
		return false;
	c->sent += sent;
	if (client_wants_to_write(c))
		return true;
	buf_reset(&c->out);
	c->sent = 0;
	return !c->last;
}

int client_read(struct client *c, char **ret_line)
{
	struct err e = { "" };
	int r = control_receive(c->fd, &c->in, &e);

	*ret_line = NULL;
	if (r == CONTROL_AGAIN)
		return 0;
	if (r < 0)
		log_say("%s", e.text);
	if (r)
		return r;
	if (!c->asked)
		*ret_line = control_line(&c->in);
	if (*ret_line) {
		c->asked = true;
		c->deadline_ns = 0;
	}
	return 0;
}
