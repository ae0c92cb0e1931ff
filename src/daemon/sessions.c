/* The sessions of the daemon: which there are, and what it is for one to end. */
#include <errno.h>

#include "daemon_private.h"
#include "memspy/log.h"

struct watch *sessions_find(const struct daemon *d, pid_t pid)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] && watch_pid(d->watches[i]) == pid)
			return d->watches[i];
	return NULL;
}

int sessions_add(struct daemon *d, struct watch *w, struct lineage *of, enum hold hold, struct err *e)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (!d->watches[i]) {
			d->watches[i] = w;
			d->shared[i] = hold == HOLD_SHARED;
			d->of[i] = of;
			return 0;
		}
	return err_set(e, EBUSY, "the daemon has %d sessions already; detach one first", MOST_WATCHES);
}

int sessions_drop(struct daemon *d, struct watch *w, const char *why, struct err *e)
{
	const struct lineage *of = sessions_lineage(d, w);
	pid_t pid = watch_pid(w);
	int r;

	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] == w)
			d->watches[i] = NULL, d->of[i] = NULL;
	for (size_t i = 0; i < MOST_CLIENTS; i++)
		if (d->clients[i].holds == w) {
			d->clients[i].holds = NULL;
			client_say(&d->clients[i], json_pack("{s:b, s:o}", "ok", 1, "ended", client_text(why)), true,
				   false);
		}
	r = watch_close(w, why, e); /* tells the clients that record */
	if (!of || of->root == pid || r < 0) /* children come and go by the thousand */
		log_say("session of %d ended: %s%s%s", pid, why, r < 0 ? ": " : "", r < 0 ? e->text : "");
	return r;
}

bool sessions_is_shared(const struct daemon *d, const struct watch *w)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] == w)
			return d->shared[i];
	return false;
}

struct lineage *sessions_lineage(const struct daemon *d, const struct watch *w)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (d->watches[i] == w)
			return d->of[i];
	return NULL;
}
