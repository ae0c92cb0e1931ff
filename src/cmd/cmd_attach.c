#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "memspy/client.h"
#include "memspy/follow.h"
#include "memspy/units.h"
#include "say_private.h"
#include "session_args_private.h"
#include "signals_private.h"

static json_t *request_of(pid_t pid, const struct session_options *o, bool hold)
{
	return json_pack("{s:s, s:i, s:I, s:i, s:I, s:i, s:f, s:b, s:b}", "op", "attach", "pid", (int)pid, "sample_bytes",
			 (json_int_t)o->sample_bytes, "domains", (int)o->domains, "table_bytes", (json_int_t)o->table_bytes,
			 "inject", (int)o->inject, "interval", o->interval_s, "hold", (int)hold, "follow", (int)(o->places > 0));
}

/* Keeps the connection that keeps the session, until a signal comes or the session ends by itself. */
static int stay(struct client *c, pid_t pid, int signals, struct err *e)
{
	for (;;) {
		struct pollfd fds[] = { { signals, POLLIN, 0 }, { client_fd(c), POLLIN, 0 } };
		json_t *answer;
		int r;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_sys(e, errno, "cannot wait");
		if (fds[0].revents) {
			fprintf(stderr, "memspy: detaching from %d\n", pid);
			return 0;
		}
		r = client_next(c, &answer, 0, e);
		if (r == CLIENT_AGAIN)
			continue;
		if (r)
			return r < 0 ? r : -ECONNRESET;
		err_set(e, ESRCH, "the session of %d ended: %s", pid, say_text(answer, "ended"));
		json_decref(answer);
		return COMMAND_GONE;
	}
}

static int attach_and_stay(const struct args *a, const struct session_options *o, struct err *e)
{
	struct client *c = NULL;
	json_t *answer = NULL;
	int signals = signals_catch(e), r = signals < 0 ? signals : client_new(&c, true, e);

	if (!r)
		r = client_call(c, request_of(args_pid(a), o, true), &answer, e);
	if (!r) {
		say_attached(json_object_get(answer, "session"), args_flag(a, "verbose"));
		r = stay(c, args_pid(a), signals, e);
	}
	json_decref(answer);
	client_free(c);
	return r;
}

static int run(const struct args *a, struct err *e)
{
	struct session_options o;
	json_t *answer;
	int r = session_args(a, &o, e);

	if (r)
		return r;
	o.places = args_flag(a, "follow-fork") ? MOST_FOLLOWED : 0;
	if (args_flag(a, "foreground"))
		return attach_and_stay(a, &o, e);
	r = client_once(request_of(args_pid(a), &o, false), true, &answer, e);
	if (r)
		return r;
	say_attached(json_object_get(answer, "session"), args_flag(a, "verbose"));
	fprintf(stderr, "memspy: record with: memspy record -o heap.json; let it go with: memspy detach --pid %d\n",
		args_pid(a));
	json_decref(answer);
	return 0;
}

const struct command cmd_attach = {
	.name = "attach",
	.does = "start watching a process in the background",
	.about = "The process goes on as before; one of its threads is held for a fraction of a millisecond. From then on "
		 "its allocations are sampled, until memspy detach. Recordings and views can come and go meanwhile. A daemon is "
		 "started with the first attach and leaves with the last detach.\n\n"
		 "With --follow-fork its children become sessions of their own, as they come: memspy status lists them, record and "
		 "top take their pids. Detaching the process that was named ends them all, detaching a child ends that one.",
	.options = (const struct command_option[]){
		SESSION_OPTIONS,
		FOLLOW_OPTION,
		{ .name = "interval", .kind = OPTION_DURATION, .fallback = "1", .min = 0.05, .max = 3600,
		  .does = "how often to look" },
		{ .name = "foreground", .kind = OPTION_FLAG, .does = "stay; detach on Ctrl-C" },
		{ .name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .does = "say which way was taken and how long a thread was held" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy attach --pid 4711", "watch a process, sampling every 512 KiB" },
		{ "memspy attach --pid 4711 --exact --domains malloc,mmap", "every allocation of C code and large arrays" },
		{ "memspy attach --pid 4711 --foreground -v", "stay attached until Ctrl-C" },
		{ "memspy attach --pid 4711 --follow-fork", "a server and its workers, also those that come later" },
		{ 0 },
	},
	.needs = NEEDS_PID,
	.run = run,
};
