#include "memspy/command.h"
#include "memspy/daemon.h"
#include "memspy/privileges.h"

static int run(const struct args *a, struct err *e)
{
	privileges_keep(PRIVILEGES_ATTACH);
	return daemon_run(&session_live, args_given(a, "ready-fd") ? (int)args_number(a, "ready-fd") : -1, e);
}

const struct command cmd_daemon = {
	.name = "daemon",
	.does = "hold the sessions; started by attach when it is needed",
	.options = (const struct command_option[]){
		{ .name = "ready-fd", .kind = OPTION_NUMBER, .min = 3, .max = 3, .does = "where to say that the socket answers" },
		{ 0 },
	},
	.needs = HIDDEN,
	.run = run,
};
