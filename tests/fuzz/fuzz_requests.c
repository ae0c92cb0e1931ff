/*
 * What clients ask the daemon for: each line of the input is a connection of its own, with or without a descriptor, to a
 * daemon whose sessions are fakes. Its first byte says what comes along and when the client hangs up.
 */
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include "../../src/daemon/daemon_private.h"
#include "../support/fake_session.h"
#include "fuzz.h"
#include "memspy/log.h"

enum { WITH_FILE = 1, WITH_PIPE = 2, HANGS_UP = 4, TURNS = 8, STAYS = 16, ATTACHES_LATE = 32 };

/* In the place of the daemon's own: nobody reads it here. */
void log_say(const char *format, ...)
{
	(void)format;
}

static int close_quietly(struct session *s, struct err *e)
{
	(void)e;
	names_free(s->names);
	free(s);
	return 0;
}

static int descriptor(uint8_t how)
{
	int ends[2];

	if (how & WITH_FILE)
		return fuzz_file(NULL, 0);
	if (!(how & WITH_PIPE))
		return -1;
	if (pipe2(ends, O_CLOEXEC))
		abort();
	close(ends[0]);
	return ends[1];
}

/* What comes back is whole lines of JSON. */
static void read_answers(int fd)
{
	static char answers[1 << 20];
	ssize_t n = recv(fd, answers, sizeof(answers) - 1, MSG_DONTWAIT);
	char *save = NULL;

	if (n <= 0)
		return;
	if (answers[n - 1] != '\n')
		abort();
	answers[n] = '\0';
	for (char *line = strtok_r(answers, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		json_t *answer = json_loads(line, 0, NULL);

		if (!json_is_object(answer))
			abort();
		json_decref(answer);
	}
}

static void turn(struct daemon *d)
{
	for (size_t i = 0; i < MOST_WATCHES; i++) {
		struct err e = { "" };

		if (d->watches[i] && watch_turn(d->watches[i], clock_now_ns(), &e) != 0)
			lineages_ended(d, d->watches[i], e.text);
	}
	lineages_turn(d, clock_now_ns());
}

/* The eventfd blocks: the thread that attaches has come to its end before we go on. A signal may end the wait too soon. */
static void end_attaches(struct daemon *d)
{
	struct attached a;

	while (d->attaching.first)
		if (attaching_next(&d->attaching, &a))
			request_attached(d, &a);
}

static void connect_and_ask(struct daemon *d, struct client *c, const uint8_t *line, size_t length)
{
	uint8_t how = line[0];
	int ends[2], fd = descriptor(how);
	struct err e;
	size_t sent;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		abort();
	client_open(c, ends[0], clock_now_ns());
	if (length > 1)
		control_send(ends[1], (const char *)line + 1, length - 1, fd, &sent, &e);
	control_send(ends[1], "\n", 1, -1, &sent, &e);
	if (fd >= 0)
		close(fd);
	if (how & HANGS_UP)
		shutdown(ends[1], SHUT_WR);
	daemon_read_client(d, c);
	if (!(how & ATTACHES_LATE))
		end_attaches(d);
	if (how & TURNS)
		turn(d);
	if (how & HANGS_UP && c->fd >= 0 && !c->last)
		daemon_read_client(d, c);
	if (c->fd >= 0 && client_wants_to_write(c) && !client_write(c))
		daemon_drop_client(d, c);
	read_answers(ends[1]);
	close(ends[1]);
	if (c->fd >= 0 && !(how & STAYS))
		daemon_drop_client(d, c);
}

static void end(struct daemon *d)
{
	struct err e = { "" };

	end_attaches(d);
	lineages_free(d, "the end");
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i])
			sessions_drop(d, d->watches[i], "the end", &e);
	for (size_t i = 0; i < MOST_CLIENTS; i++)
		if (d->clients[i].fd >= 0)
			daemon_drop_client(d, &d->clients[i]);
}

static void wake(int signal)
{
	(void)signal;
}

/* libFuzzer's own alarm does so every few seconds, and hit a call once in many minutes. */
static void interrupt_calls(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG };
	struct itimerspec each_ms = { { 0, 1000000 }, { 0, 1000000 } };
	struct sigaction act = { .sa_handler = wake };
	timer_t timer;

	if (sigaction(SIGURG, &act, NULL) || timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &each_ms, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct session_ops ops;
	static struct daemon d;
	static int ready;

	ops = fake_session;
	ops.close = close_quietly;
	if (!ready) {
		ready = eventfd(0, EFD_CLOEXEC);
		interrupt_calls();
	}
	d = (struct daemon){ .ops = &ops, .attaching.ready = ready };
	for (size_t i = 0; i < MOST_CLIENTS; i++)
		d.clients[i].fd = -1;
	for (size_t i = 0; length && i < MOST_CLIENTS; i++) {
		const uint8_t *newline = memchr(bytes, '\n', length);
		size_t n = newline ? (size_t)(newline - bytes) : length;

		if (n)
			connect_and_ask(&d, &d.clients[i], bytes, n);
		bytes += newline ? n + 1 : n;
		length -= newline ? n + 1 : n;
	}
	end(&d);
	return 0;
}
