/*
 * follow_leave: children that came just before the end. They brought their parent's hooks along, and have no session that would put
 * back what led there: so each gets one, for a moment.
 */
#include <errno.h>

#include "memspy/clock.h"
#include "memspy/follow.h"

#define AT_ONCE_NS 20000000u /* those that a look is not due for yet */

void follow_leave(struct follow *f, const struct session_ops *ops, const struct session_options *o)
{
	struct follow_child next;

	while (follow_next(f, clock_now_ns() + AT_ONCE_NS, &next)) {
		struct watch *w = NULL;
		struct err e = { "" };
		int r = next.place ? watch_open_child(&w, ops, next.pid, next.family, next.place, o, &e) :
				     err_set(&e, EPERM, "nobody follows any more");

		follow_opened(f, next.pid, w, r, &e);
		if (!w)
			continue;
		watch_close(w, "detached", &e);
		follow_let_go(f, next.pid);
	}
}
