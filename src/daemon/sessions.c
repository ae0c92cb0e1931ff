/* The sessions of the daemon: which there are, and what it is for one to end. */
#include <errno.h>
#include <sys/socket.h>

#include "daemon_private.h"
#include "memspy/log.h"

struct watch *sessions_find(const struct daemon *d, pid_t pid)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] && watch_pid(d->watches[i]) == pid)
			return d->watches[i];
	return NULL;
}

int sessions_add(struct daemon *d, struct watch *w, enum hold hold, struct err *e)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (!d->watches[i]) {
			d->watches[i] = w;
			d->shared[i] = hold == HOLD_SHARED;
			return 0;
		}
	return err_set(e, EBUSY, "the daemon has %d sessions already; detach one first", MOST_WATCHES);
}

int sessions_drop(struct daemon *d, struct watch *w, const char *why, struct err *e)
{
	pid_t pid = watch_pid(w);
	int r;

	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] == w)
			d->watches[i] = NULL;
	for (size_t i = 0; i < MOST_CLIENTS; i++)
		if (d->clients[i].holds == w) {
			d->clients[i].holds = NULL;
			client_say(&d->clients[i], json_pack("{s:b, s:o}", "ok", 1, "ended", client_text(why)), true,
				   false);
		}
	r = watch_close(w, why, e); /* tells the clients that record */
	log_say("session of %d ended: %s%s%s", pid, why, r < 0 ? ": " : "", r < 0 ? e->text : "");
	return r;
}

/* The process at the other end; -1: not known. */
static pid_t peer(const struct client *c)
{
	struct ucred who;
	socklen_t length = sizeof(who);

	return getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 && who.pid > 0 ? who.pid : -1;
}

/* By others than who leaves: it has a connection that holds and one that is told, and closes them in its own time. */
static bool is_used(const struct daemon *d, const struct watch *w, const struct client *leaves)
{
	const pid_t but = leaves ? peer(leaves) : -1;

	for (size_t i = 0; i < MOST_CLIENTS; i++) {
		const struct client *c = &d->clients[i];

		if (c->fd >= 0 && (c->holds == w || (c->recorder && c->records == w)) && (but < 0 || peer(c) != but))
			return true;
	}
	return false;
}

bool sessions_is_shared(const struct daemon *d, const struct watch *w)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] == w)
			return d->shared[i];
	return false;
}

int sessions_leave(struct daemon *d, struct watch *w, const struct client *who, struct err *e)
{
	return sessions_is_shared(d, w) && !is_used(d, w, who) ? sessions_drop(d, w, "detached", e) : SESSION_STAYS;
}

void sessions_sweep(struct daemon *d)
{
	for (size_t i = 0; i < MOST_WATCHES; i++) {
		struct err ignored = { "" };

		if (d->watches[i])
			sessions_leave(d, d->watches[i], NULL, &ignored);
	}
}
