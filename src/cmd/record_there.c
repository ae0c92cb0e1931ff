/*
 * A recording of a session that the daemon holds: it writes into the file that we opened.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "memspy/client.h"
#include "record_private.h"
#include "say_private.h"
#include "signals_private.h"

enum { FIRST_ANSWER_MS = 30000 };

static uint64_t whole(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

static void take_progress(const json_t *from, struct progress *p)
{
	*p = (struct progress){
		.elapsed_s = json_number_value(json_object_get(from, "elapsed")),
		.duration_s = json_number_value(json_object_get(from, "duration")),
		.rss_bytes = whole(from, "rss"),
		.rss_per_minute = json_number_value(json_object_get(from, "rss_per_minute")),
		.has_heap = json_is_true(json_object_get(from, "has_heap")),
		.heap_bytes = whole(from, "heap"),
		.heap_low_bytes = whole(from, "heap_low"),
		.heap_high_bytes = whole(from, "heap_high"),
		.ticks = whole(from, "ticks"),
		.file_bytes = whole(from, "bytes"),
		.lost = whole(from, "lost"),
	};
}

static void take_line(struct job *j, const json_t *line)
{
	const json_t *progress = json_object_get(line, "progress"), *end = json_object_get(line, "end");
	struct progress p;

	if (json_object_get(line, "session"))
		say_attached(json_object_get(line, "session"), j->verbose);
	if (!progress)
		return;
	take_progress(progress, &p);
	record_tell(j, &p, end ? (enum recorder_end)json_integer_value(end) : RECORDER_GOES_ON, say_text(line, "why"));
}

static int take_lines(struct job *j, struct client *c, struct err *e)
{
	while (!j->ended) {
		json_t *line;
		int r = client_next(c, &line, 0, e);

		if (r == CLIENT_AGAIN)
			return 0;
		if (r == READ_GONE)
			return err_set(e, ECONNRESET, "the memspy daemon went away; %s holds everything up to then",
				       j->output.path);
		if (r)
			return r;
		take_line(j, line);
		json_decref(line);
	}
	return 0;
}

static int follow(struct job *j, struct client *c, struct err *e)
{
	bool finishing = false;

	while (!j->ended) {
		struct pollfd fds[] = { { j->signals, POLLIN, 0 }, { client_fd(c), POLLIN, 0 } };
		int r;

		if (poll(fds, 2, finishing ? FIRST_ANSWER_MS : -1) == 0)
			return err_set(e, ETIMEDOUT, "the memspy daemon does not answer");
		if (fds[0].revents && signals_next(j->signals) && !finishing) {
			client_finish(c);
			finishing = true;
		}
		r = take_lines(j, c, e);
		if (r)
			return r;
	}
	return 0;
}

int record_there(struct job *j, struct err *e)
{
	struct client *c = NULL;
	json_t *first;
	int r = client_new(&c, false, e);

	if (r)
		return r;
	r = output_open(&j->output, e);
	if (!r)
		r = client_ask(c, json_pack("{s:s, s:i, s:f, s:f, s:I}", "op", "record", "pid", (int)j->pid, "duration",
					    j->recorder.duration_s, "interval", j->recorder.interval_s, "max_bytes",
					    (json_int_t)j->recorder.max_bytes), j->output.fd, e);
	/* The daemon's now. When it thins the recording another file takes its place: ours would hold the old one's room. */
	if (j->output.fd >= 0)
		close(j->output.fd);
	j->output.fd = -1;
	if (!r)
		r = client_next(c, &first, FIRST_ANSWER_MS, e);
	if (!r) {
		take_line(j, first);
		json_decref(first);
		r = follow(j, c, e);
	}
	client_free(c);
	if (!r)
		r = record_close(j, e);
	return r == CLIENT_AGAIN ? err_set(e, ETIMEDOUT, "the memspy daemon does not answer") : r;
}
