/*
 * The moment at which a program that we started becomes a Python that can be recorded.
 *
 * The interpreter is up some milliseconds before it runs its first line of the program (it imports `site` first). We look
 * often, stop the program there with SIGSTOP, attach while it stands, and let it go: nothing of it runs unseen.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "memspy/clock.h"
#include "memspy/maps.h"
#include "memspy/python.h"
#include "session_private.h"

#define MAP_STEP_NS 500000u /* between two looks at what is mapped, until an interpreter is */
#define UP_STEP_NS 30000u   /* then between two looks whether it is up */

static bool is_over(pid_t child, uint64_t deadline_ns)
{
	siginfo_t info = { 0 };

	return clock_now_ns() > deadline_ns ||
	       (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child);
}

/* Until it is up, over, or replaced by another program (a shell or env that makes way). */
static bool watch_it_come_up(pid_t child, uint64_t deadline_ns)
{
	struct remote *remote = NULL;
	struct python *python = NULL;
	struct maps *maps = NULL;
	struct err ignored;
	bool up = false;

	if (!remote_new_live(&remote, child, &ignored) && !maps_read(&maps, child, &ignored) &&
	    !python_locate(&python, child, remote, maps, &ignored)) {
		int r;

		while ((r = python_is_up(python, remote, &ignored)) == -EAGAIN && !is_over(child, deadline_ns))
			clock_sleep_until(clock_now_ns() + UP_STEP_NS);
		up = r == 0;
	}
	python_free(python);
	maps_free(maps);
	remote_free(remote);
	return up;
}

bool session_stop_at_start(pid_t child, uint64_t limit_ns)
{
	uint64_t deadline_ns = clock_now_ns() + limit_ns;

	while (!is_over(child, deadline_ns)) {
		if (watch_it_come_up(child, deadline_ns))
			return kill(child, SIGSTOP) == 0;
		clock_sleep_until(clock_now_ns() + MAP_STEP_NS);
	}
	return false;
}
