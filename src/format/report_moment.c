/* What a report is of, in words, for people. */
#include <stdio.h>

#include "format_private.h"

struct units_text lifetime_text(int bucket)
{
	struct units_text t = { "-" };

	if (bucket == LIFETIME_BUCKETS - 1)
		snprintf(t.text, sizeof(t.text), ">%d s", (1 << (bucket - 1)) / 1000);
	else if (bucket < 10)
		snprintf(t.text, sizeof(t.text), "%d ms", 1 << bucket);
	else if (bucket < LIFETIME_BUCKETS)
		snprintf(t.text, sizeof(t.text), "%d s", (1 << bucket) / 1000);
	return t;
}

void report_moment(const struct report *r, struct buf *to)
{
	const struct moments *m = &r->moments;
	char stretch[64];

	if (r->since_attach)
		snprintf(stretch, sizeof(stretch), "in %.1f s", m->to_seconds);
	else
		snprintf(stretch, sizeof(stretch), "from %.1f s to %.1f s", m->from_seconds, m->to_seconds);
	switch (r->view) {
	case VIEW_ALLOCATED:
	case VIEW_CHURN:
		buf_printf(to, "allocated %s", stretch);
		break;
	case VIEW_PEAK:
		buf_puts(to, "live when the heap was largest");
		if (r->peak_is_tick)
			buf_printf(to, " from %.1f s on, as ticks saw it: at %.1f s", m->from_seconds, m->to_seconds);
		break;
	case VIEW_LEAKS:
		buf_printf(to, "live at %.1f s and still at %.1f s", m->from_seconds, m->to_seconds);
		break;
	case VIEW_TEMPORARY:
		if (r->temporary_bucket < 0)
			buf_printf(to, "freed by its thread before its next sample, %s", stretch);
		else
			buf_printf(to, "freed within %s, %s", lifetime_text(r->temporary_bucket).text, stretch);
		break;
	case VIEW_GROWTH:
		buf_printf(to, "live at %.1f s less live at %.1f s", m->to_seconds, m->from_seconds);
		break;
	case VIEW_LIFETIMES:
		buf_printf(to, "freed %s", stretch);
		break;
	default:
		buf_printf(to, "live at %.1f s", m->to_seconds);
	}
}
