/*
 * Pythons by name: those whose title or command line contains it, now and later.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/maps.h"
#include "memspy/proc.h"
#include "memspy/python.h"
#include "memspy/remote.h"
#include "memspy/units.h"
#include "top_private.h"

static bool has_name(pid_t pid, const char *name)
{
	_cleanup_(freep) char *title = NULL;
	_cleanup_(freep) char *line = NULL;
	struct err ignored;
	size_t length = 0;

	if (proc_title(pid, &title, &ignored) == 0 && strstr(title, name))
		return true;
	return proc_cmdline(pid, &line, &length, &ignored) == 0 && length && memmem(line, length, name, strlen(name));
}

static bool is_python(pid_t pid)
{
	struct remote *remote = NULL;
	struct maps *maps = NULL;
	struct python *python = NULL;
	struct err ignored;
	bool is = maps_read(&maps, pid, &ignored) == 0 && remote_new_live(&remote, pid, &ignored) == 0 &&
		  python_find(&python, pid, remote, maps, &ignored) == 0;

	python_free(python);
	remote_free(remote);
	maps_free(maps);
	return is;
}

static int by_pid(const void *a, const void *b)
{
	return *(const pid_t *)a < *(const pid_t *)b ? -1 : 1;
}

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

int top_find(const char *name, pid_t **ret, size_t *ret_count, struct err *e)
{
	_cleanup_(closedirp) DIR *d = opendir("/proc");
	_cleanup_(freep) pid_t *found = NULL;
	struct dirent *entry;
	size_t count = 0;

	if (!d)
		return err_sys(e, errno, "cannot list /proc");
	while ((entry = readdir(d))) {
		int64_t pid;
		pid_t *more;
		struct err ignored;

		/* Our own command line has the name in it, too. */
		if (units_parse_number(entry->d_name, &pid, &ignored) < 0 || pid == getpid() || !has_name((pid_t)pid, name) ||
		    !is_python((pid_t)pid))
			continue;
		more = realloc(found, (count + 1) * sizeof(*more));
		if (!more)
			return err_set(e, ENOMEM, "out of memory");
		found = more;
		found[count++] = (pid_t)pid;
	}
	if (count == 0)
		return err_set(e, ESRCH,
			       "no Python that memspy can read has \"%.60s\" in its title or command line; write less of it, or --pid N", name);
	qsort(found, count, sizeof(*found), by_pid);
	*ret = TAKE(found);
	*ret_count = count;
	return 0;
}

enum { LOOK_SECONDS = 5, FOLLOW_SECONDS = 1 };

static int add(struct top *t, pid_t pid, bool joins, bool has_options, struct err *e)
{
	struct feed *feeds = realloc(t->feeds, (t->count + 1) * sizeof(*feeds)), *f;
	struct err ignored = { "" };
	int r;

	if (!feeds)
		return err_set(e, ENOMEM, "out of memory");
	t->feeds = feeds;
	f = &t->feeds[t->count];
	r = joins ? feed_join(f, pid, &t->options, e) : feed_open(f, pid, &t->options, has_options, e);
	if (r == 0)
		r = screen_add(t->screen, &f->about, top_seconds(), &f->ledger, e);
	if (r == 0)
		t->count++;
	else
		feed_close(f, &ignored);
	return r;
}

int top_add(struct top *t, pid_t pid, bool has_options, struct err *e)
{
	return add(t, pid, false, has_options, e);
}

static bool is_known(const struct top *t, pid_t pid)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->feeds[i].pid == pid)
			return true;
	for (size_t i = 0; i < t->refused_count; i++)
		if (t->refused[i] == pid)
			return true;
	return false;
}

static int refuse(struct top *t, pid_t pid, struct err *e)
{
	pid_t *more = realloc(t->refused, (t->refused_count + 1) * sizeof(*more));

	if (!more)
		return err_set(e, ENOMEM, "out of memory");
	t->refused = more;
	t->refused[t->refused_count++] = pid;
	return 0;
}

/* What the daemon says of its sessions; to be given back. NULL: nothing. */
static json_t *ask_sessions(void)
{
	json_t *answer = NULL;
	struct err ignored;

	return client_once(json_pack("{s:s}", "op", "status"), false, &answer, &ignored) == 0 ? answer : NULL;
}

static pid_t pid_in(const json_t *session, const char *key)
{
	return (pid_t)json_integer_value(json_object_get(session, key));
}

int top_family(const struct top *t, struct err *e)
{
	json_t *answer = ask_sessions(), *s;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(answer, "sessions"), i, s)
		if (r == 0 && is_known(t, pid_in(s, "pid")) && !pid_in(s, "root"))
			r = args_wrong(e, "%d is attached already, without its children; leave out --follow-fork, or detach it first",
				       pid_in(s, "pid"));
	json_decref(answer);
	return r;
}

/* One that is just going away is not there at the next look. */
static void join_children(struct top *t)
{
	json_t *answer = ask_sessions(), *s;
	struct err ignored;
	size_t i;

	json_array_foreach(json_object_get(answer, "sessions"), i, s)
		if (pid_in(s, "root") && is_known(t, pid_in(s, "root")) && !is_known(t, pid_in(s, "pid")))
			add(t, pid_in(s, "pid"), true, false, &ignored);
	json_decref(answer);
	t->look_again = top_seconds() + FOLLOW_SECONDS;
}

int top_join(struct top *t, struct err *e)
{
	_cleanup_(freep) pid_t *pids = NULL;
	struct err ignored;
	size_t count = 0;
	int r = 0;

	if ((!t->name && !t->follow) || top_seconds() < t->look_again)
		return 0;
	if (t->follow) {
		join_children(t);
		return 0;
	}
	if (top_find(t->name, &pids, &count, &ignored) < 0)
		count = 0;
	for (size_t i = 0; i < count && r == 0; i++)
		if (!is_known(t, pids[i]) && top_add(t, pids[i], false, &ignored) != 0)
			r = refuse(t, pids[i], e);
	t->look_again = top_seconds() + LOOK_SECONDS;
	return r;
}
