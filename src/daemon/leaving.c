/* Who looked has done: a session that was only there to be looked at ends with the last of them. */
#include <sys/socket.h>

#include "daemon_private.h"

/* The process at the other end; -1: not known. */
static pid_t peer(const struct client *c)
{
	struct ucred who;
	socklen_t length = sizeof(who);

	return getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &length) == 0 && who.pid > 0 ? who.pid : -1;
}

/* A root is used as long as one of its children is. */
static bool is_about(const struct daemon *d, const struct watch *used, const struct watch *w)
{
	const struct lineage *l = sessions_lineage(d, w);

	return used && (used == w || (l && l->root == watch_pid(w) && sessions_lineage(d, used) == l));
}

/* By others than who leaves: it has a connection that holds and one that is told, and closes them in its own time. */
static bool is_used(const struct daemon *d, const struct watch *w, const struct client *leaves)
{
	const pid_t but = leaves ? peer(leaves) : -1;

	for (size_t i = 0; i < MOST_CLIENTS; i++) {
		const struct client *c = &d->clients[i];

		if (c->fd >= 0 && (is_about(d, c->holds, w) || (c->recorder && is_about(d, c->records, w))) &&
		    (but < 0 || peer(c) != but))
			return true;
	}
	return false;
}

int sessions_leave(struct daemon *d, struct watch *w, const struct client *who, struct err *e)
{
	return sessions_is_shared(d, w) && !is_used(d, w, who) ? lineages_detach(d, w, "detached", e) : SESSION_STAYS;
}

void sessions_sweep(struct daemon *d)
{
	for (size_t i = 0; i < MOST_WATCHES; i++) {
		struct err ignored = { "" };

		if (d->watches[i])
			sessions_leave(d, d->watches[i], NULL, &ignored);
	}
}
