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

int sessions_add(struct daemon *d, struct watch *w, struct err *e)
{
	for (size_t i = 0; i < MOST_WATCHES; i++)
		if (!d->watches[i]) {
			d->watches[i] = w;
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
