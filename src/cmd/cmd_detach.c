#include <errno.h>
#include <stdio.h>

#include "memspy/client.h"
#include "memspy/command.h"

static int run(const struct args *a, struct err *e)
{
	json_t *request = json_pack("{s:s, s:i}", "op", "detach", "pid", (int)args_pid(a));
	int r = client_once(request, false, NULL, e);

	if (r == CLIENT_NONE)
		return err_set(e, ENOENT, "%d is not attached: nothing is; memspy attach --pid %d attaches it",
			       args_pid(a), args_pid(a));
	if (!r)
		fprintf(stderr, "memspy: detached from %d; it goes on without us\n", args_pid(a));
	return r;
}

const struct command cmd_detach = {
	.name = "detach",
	.does = "disarm the hooks and let the process go",
	.about = "Recordings of the process end well, its function pointers are put back. The probe stays mapped and idle, "
		 "because a thread may be inside it; the next attach uses it again.",
	.examples = (const struct command_example[]){ { "memspy detach --pid 4711", "stop watching a process" }, { 0 } },
	.needs = NEEDS_PID,
	.run = run,
};
