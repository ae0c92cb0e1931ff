#include <errno.h>
#include <stdio.h>

#include "memspy/client.h"
#include "memspy/follow.h"
#include "record_private.h"
#include "say_private.h"
#include "session_args_private.h"
#include "signals_private.h"

/* Without --pid: the one attached process. */
static int only_one(pid_t *ret, struct err *e)
{
	json_t *answer = NULL, *sessions;
	int r = client_once(json_pack("{s:s}", "op", "status"), false, &answer, e);

	if (r < 0)
		return r;
	sessions = json_object_get(answer, "sessions");
	if (json_array_size(sessions) == 1)
		*ret = (pid_t)json_integer_value(json_object_get(json_array_get(sessions, 0), "pid"));
	else if (json_array_size(sessions) == 0)
		r = args_wrong(e, "record what? write --pid N, or -- and a program to start; nothing is attached");
	else
		r = args_wrong(e, "record which? %zu processes are attached; write --pid N (memspy status lists them)",
			       json_array_size(sessions));
	json_decref(answer);
	return r == CLIENT_NONE ? args_wrong(e, "record what? write --pid N, or -- and a program to start; nothing is attached") : r;
}

/* True when the daemon has a session for it; and whether it follows its children. */
static int is_attached(pid_t pid, bool *ret, bool *ret_followed, struct err *e)
{
	json_t *answer = NULL, *s;
	int r = client_once(json_pack("{s:s}", "op", "status"), false, &answer, e);
	size_t i;

	*ret = *ret_followed = false;
	if (!r)
		json_array_foreach(json_object_get(answer, "sessions"), i, s) {
			if (json_integer_value(json_object_get(s, "pid")) != pid)
				continue;
			*ret = true;
			*ret_followed = json_object_get(s, "root") != NULL;
		}
	json_decref(answer);
	return r < 0 ? r : 0;
}

static int record(const struct args *a, struct job *j, struct err *e)
{
	bool attached;
	int r;

	if (args_program(a))
		return record_program(j, args_program(a), e);
	r = is_attached(j->pid, &attached, &j->in_family, e);
	if (r)
		return r;
	if (attached && session_args_given(a))
		return args_wrong(e, "%d is attached already, with settings of its own; leave out --%s, or detach it first", j->pid,
				  session_args_given(a));
	if (attached && j->follow && j->in_family)
		return args_wrong(e, "%d is attached with its children already, and each is recorded by itself: leave out --follow-fork, and "
				     "see memspy status for the pids of the others; or detach it first", j->pid);
	if (attached && j->follow)
		return args_wrong(e, "%d is attached already, and memspy cannot follow children of that session; detach it first", j->pid);
	return attached ? record_there(j, e) : record_here(j, e);
}

static int read_job(const struct args *a, struct job *j, struct err *e)
{
	int r = session_args(a, &j->session, e);

	if (r)
		return r;
	if (args_program(a) && args_pid(a))
		return args_wrong(e, "--pid is a process that runs, -- starts one; write one of them");
	j->pid = args_pid(a);
	j->verbose = args_flag(a, "verbose");
	j->follow = args_flag(a, "follow-fork");
	j->session.places = j->follow ? MOST_FOLLOWED : 0;
	j->recorder = (struct recorder_options){
		.duration_s = args_seconds(a, "duration"),
		.interval_s = args_seconds(a, "interval"),
		.max_bytes = args_size(a, "max-size"),
	};
	return j->pid || args_program(a) ? 0 : only_one(&j->pid, e);
}

static int run(const struct args *a, struct err *e)
{
	struct job j = { 0 };
	char name[40];
	int r = read_job(a, &j, e);

	if (r)
		return r;
	j.signals = signals_catch(e);
	if (j.signals < 0)
		return j.signals;
	if (j.pid)
		snprintf(name, sizeof(name), "memspy.%d.json", j.pid);
	else
		snprintf(name, sizeof(name), "memspy.json");
	r = output_prepare(&j.output, args_text(a, "output") ? args_text(a, "output") : name, args_flag(a, "force"), e);
	if (!r)
		r = record(a, &j, e);
	output_done(&j.output, j.last.ticks > 0);
	return r;
}

const struct command cmd_record = {
	.name = "record",
	.does = "record where the memory goes, over time, into a file",
	.about = "Attaches, looks at every interval, writes, and lets the process go when the time is over, on Ctrl-C or "
		 "when the process ends. The file is complete after every tick, whatever happens to memspy or to the process. "
		 "Without --pid it records the one process that memspy attach has attached.\n\n"
		 "A program behind -- is started, keeps the terminal, and is recorded from the moment its interpreter is up until "
		 "it ends. How it ended is printed; memspy exits with 0 as long as something could be recorded.\n\n"
		 "With --follow-fork children are recorded, too: heap.PID.json for each beside heap.json. What a child allocates counts as "
		 "its own from its fork on; what it inherited does not. The recording ends when all have ended.",
	.options = (const struct command_option[]){
		{ .name = "output", .letter = 'o', .kind = OPTION_PATH,
		  .does = "where to write; memspy.N.json (memspy.json for a program) without it" },
		{ .name = "duration", .letter = 'd', .kind = OPTION_DURATION, .min = 0.01, .max = 3153600000,
		  .does = "how long; without it until Ctrl-C or the end of the process" },
		{ .name = "interval", .letter = 'i', .kind = OPTION_DURATION, .fallback = "1", .min = 0.05, .max = 3600,
		  .does = "time between two ticks; fractions are allowed" },
		{ .name = "force", .letter = 'f', .kind = OPTION_FLAG, .does = "replace the file if it exists" },
		{ .name = "max-size", .kind = OPTION_SIZE, .fallback = "256M", .min = 65536, .max = 1099511627776.0,
		  .does = "keep the file below this by thinning old ticks" },
		SESSION_OPTIONS,
		FOLLOW_OPTION,
		{ .name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .does = "say which way was taken and how long a thread was held" },
		{ 0 },
	},
	.examples = (const struct command_example[]){
		{ "memspy record --pid 4711 --duration 60 -o heap.json", "one minute of a running process" },
		{ "memspy record -o app.json -- python3 app.py --port 8080", "a program from its start to its end" },
		{ "memspy record --pid 4711 --duration 1d --interval 30 --max-size 64M", "a day, in a bounded file" },
		{ "memspy record --follow-fork --pid 4711 -d 60 -o heap.json", "a server and its workers, each in a file" },
		{ "memspy record --duration 10 -f -o heap.json", "the one attached process, replacing heap.json" },
		{ 0 },
	},
	.needs = TAKES_PID | TAKES_PROGRAM,
	.run = run,
};
