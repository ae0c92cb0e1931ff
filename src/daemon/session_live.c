#include <errno.h>

#include "memspy/session_ops.h"

/* The session of a real process is not written yet: every attach is refused. */
static int open_session(struct session **ret, pid_t pid, const struct session_options *o, struct err *e)
{
	(void)ret;
	(void)o;
	return err_set(e, ENOSYS, "cannot attach to %d: this memspy has no probe yet", pid);
}

const struct session_ops session_live = { .open = open_session };
