#include "memspy/daemon.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon_private.h"
#include "memspy/cleanup.h"
#include "memspy/clock.h"
#include "memspy/log.h"

#define GRACE_NS 5000000000u /* for the first request of whoever started us, and between two sessions */

static bool is_idle(const struct daemon *d)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i])
			return false;
	for (size_t i = 0; i < MOST_CLIENTS; i++)
		if (d->clients[i].fd >= 0)
			return false;
	return !d->attaching.first && !d->lineages;
}

static bool has_watches(const struct daemon *d)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i])
			return true;
	return false;
}

/* ---- one turn of the loop ---- */

static void sooner(uint64_t *soonest, uint64_t when)
{
	if (when && when < *soonest)
		*soonest = when;
}

static uint64_t next_deadline(const struct daemon *d)
{
	uint64_t soonest = UINT64_MAX;

	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i])
			sooner(&soonest, watch_due(d->watches[i]) + 1);
	for (size_t i = 0; i < MOST_CLIENTS; i++)
		if (d->clients[i].fd >= 0)
			sooner(&soonest, d->clients[i].deadline_ns);
	sooner(&soonest, lineages_due(d));
	if (is_idle(d))
		sooner(&soonest, d->leave_ns);
	return soonest;
}

enum { SIGNALS, LISTENER, ATTACHED, CLIENTS, WATCHES = CLIENTS + MOST_CLIENTS };

struct wait {
	struct pollfd fds[WATCHES + MOST_WATCHES];
	size_t count;
	bool client_room;
};

/* A negative descriptor is skipped by poll: places stay where they are. */
static void prepare(const struct daemon *d, struct wait *w)
{
	w->client_room = false;
	for (size_t i = 0; i < MOST_CLIENTS; i++) {
		const struct client *c = &d->clients[i];

		w->client_room |= c->fd < 0;
		w->fds[CLIENTS + i] = (struct pollfd){ c->fd, (short)((c->last ? 0 : POLLIN) | (client_wants_to_write(c) ? POLLOUT : 0)), 0 };
	}
	for (size_t i = 0; i < MOST_WATCHES; i++)
		w->fds[WATCHES + i] = (struct pollfd){ d->watches[i] ? watch_fd(d->watches[i]) : -1, POLLIN, 0 };
	w->fds[SIGNALS] = (struct pollfd){ d->signals, POLLIN, 0 };
	w->fds[LISTENER] = (struct pollfd){ w->client_room ? d->listener : -1, POLLIN, 0 };
	w->fds[ATTACHED] = (struct pollfd){ d->attaching.ready, POLLIN, 0 };
	w->count = sizeof(w->fds) / sizeof(w->fds[0]);
}

static int wait_until(struct wait *w, uint64_t when)
{
	uint64_t now = clock_now_ns(), left = when > now ? when - now : 0;
	struct timespec t = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };

	return ppoll(w->fds, w->count, when == UINT64_MAX ? NULL : &t, NULL);
}

static void accept_clients(struct daemon *d)
{
	for (size_t i = 0; i < MOST_CLIENTS; i++) {
		struct err e = { "" };
		int fd, r;

		if (d->clients[i].fd >= 0)
			continue;
		r = control_accept(d->listener, &fd, &e);
		if (r < 0)
			log_say("%s", e.text);
		if (r)
			return;
		client_open(&d->clients[i], fd, clock_now_ns());
	}
}

void daemon_drop_client(struct daemon *d, struct client *c)
{
	request_withdraw(d, c);
	client_close(c);
}

void daemon_read_client(struct daemon *d, struct client *c)
{
	char *line;
	int r = client_read(c, &line);

	if (r == READ_GONE && (c->recorder || c->last))
		request_withdraw(d, c); /* it still reads how its recording ended */
	else if (r)
		daemon_drop_client(d, c);
	else if (line)
		request_serve(d, c, line);
	if (c->asked && c->in.length > c->in.used)
		c->in.used = c->in.length; /* more than one request: the rest is dropped */
}

static void serve_clients(struct daemon *d, const struct wait *w)
{
	for (size_t i = 0; i < MOST_CLIENTS; i++) {
		struct client *c = &d->clients[i];
		short what = w->fds[CLIENTS + i].revents;

		if (c->fd < 0 || c->fd != w->fds[CLIENTS + i].fd)
			continue;
		if (what & (POLLIN | POLLHUP | POLLERR))
			daemon_read_client(d, c);
		if (c->fd >= 0 && client_wants_to_write(c) && !client_write(c))
			daemon_drop_client(d, c);
		if (c->fd >= 0 && c->deadline_ns && clock_now_ns() > c->deadline_ns)
			daemon_drop_client(d, c);
	}
}

static void turn_watches(struct daemon *d)
{
	for (size_t i = 0; i < MOST_WATCHES; i++) {
		struct err e = { "" };

		if (d->watches[i] && watch_turn(d->watches[i], clock_now_ns(), &e) != 0)
			lineages_ended(d, d->watches[i], e.text);
	}
}

static void serve_attached(struct daemon *d)
{
	struct attached a;

	while (attaching_next(&d->attaching, &a))
		request_attached(d, &a);
}

static void run(struct daemon *d)
{
	while (!d->stop) {
		struct wait w;

		if (has_watches(d))
			d->leave_ns = 1; /* from now on: leave with the last one */
		else if (is_idle(d) && clock_now_ns() >= d->leave_ns)
			return;
		prepare(d, &w);
		if (wait_until(&w, next_deadline(d)) < 0 && errno != EINTR) {
			log_say("cannot wait: %s", strerror(errno));
			return;
		}
		if (w.fds[SIGNALS].revents)
			d->stop = true;
		if (w.fds[LISTENER].revents)
			accept_clients(d);
		if (w.fds[ATTACHED].revents)
			serve_attached(d);
		serve_clients(d, &w);
		turn_watches(d);
		sessions_sweep(d);
		lineages_turn(d, clock_now_ns());
	}
}

/* ---- coming and going ---- */

static int catch_signals(struct err *e)
{
	struct sigaction hangup;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigaction(SIGHUP, NULL, &hangup) || hangup.sa_handler != SIG_IGN) /* by nohup; blocked, it would come to us all the same */
		sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a recording that may not grow is an error like a full disk */
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, errno, "cannot wait for signals") : fd;
}

static void leave(struct daemon *d)
{
	struct err e = { "" };
	struct attached a;

	control_unlink(); /* first: who comes now finds no daemon rather than a leaving one */
	if (attaching_stop(&d->attaching, &a)) {
		a.asker = NULL;
		request_attached(d, &a);
	}
	lineages_free(d, "the daemon was stopped");
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i])
			sessions_drop(d, d->watches[i], "the daemon was stopped", &e);
	for (size_t i = 0; i < MOST_CLIENTS; i++) {
		if (d->clients[i].fd < 0)
			continue;
		client_write(&d->clients[i]);
		daemon_drop_client(d, &d->clients[i]);
	}
	close(d->listener);
	close(d->signals);
	close(d->attaching.ready);
	close(d->lock);
}

static int wait_for_lock(struct daemon *d, struct err *e)
{
	int r = -EBUSY;

	for (int i = 0; i < 40; i++) { /* the one before us may be on its way out */
		r = control_listen(&d->listener, &d->lock, e);
		if (r != -EBUSY)
			return r;
		clock_sleep_until(clock_now_ns() + 25000000u);
	}
	return r;
}

int daemon_run(const struct session_ops *ops, int ready_fd, struct err *e)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return err_set(e, ENOMEM, "out of memory");
	d->ops = ops;
	for (size_t i = 0; i < MOST_CLIENTS; i++)
		d->clients[i].fd = -1;
	d->attaching.ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = d->attaching.ready < 0 ? err_sys(e, errno, "cannot make an eventfd") : (d->signals = catch_signals(e));
	if (r >= 0)
		r = wait_for_lock(d, e);
	if (r < 0) {
		free(d);
		return r;
	}
	if (ready_fd >= 0) {
		if (write(ready_fd, "ready\n", 6) < 0)
			log_say("nobody waits for us any more");
		close(ready_fd);
	}
	d->leave_ns = clock_now_ns() + GRACE_NS;
	run(d);
	leave(d);
	free(d);
	return 0;
}
