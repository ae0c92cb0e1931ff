#include <errno.h>
#include <poll.h>

#include "stream_private.h"

static int open_once(struct client **ret, pid_t pid, double interval_s, uint64_t max_bytes, int fd, struct err *e)
{
	struct client *c;
	json_t *answer = NULL;
	int r = client_new(&c, false, e);

	if (r == CLIENT_NONE)
		return err_set(e, ENOENT, "%d is not attached", pid);
	if (r < 0)
		return r;
	r = client_ask(c, json_pack("{s:s, s:i, s:f, s:f, s:I}", "op", "record", "pid", (int)pid, "duration", 0.0, "interval",
				    interval_s, "max_bytes", (json_int_t)max_bytes), fd, e);
	if (r == 0)
		r = client_next(c, &answer, STREAM_ANSWER_MS, e);
	json_decref(answer);
	if (r == 0) {
		*ret = c;
		return 0;
	}
	client_free(c);
	return r == CLIENT_AGAIN ? err_set(e, ETIMEDOUT, "the memspy daemon does not answer") :
	       r < 0		 ? r :
				   err_set(e, ECONNRESET, "the memspy daemon went away");
}

/* Who is just being attached for somebody else is waited for. */
int stream_open(struct client **ret, pid_t pid, double interval_s, uint64_t max_bytes, int fd, struct err *e)
{
	enum { PAUSE_MS = 20 };
	int r = -EAGAIN;

	for (int waited = 0; r == -EAGAIN && waited < STREAM_ANSWER_MS; waited += PAUSE_MS) {
		if (waited)
			poll(NULL, 0, PAUSE_MS);
		r = open_once(ret, pid, interval_s, max_bytes, fd, e);
	}
	return r;
}
