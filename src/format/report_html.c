/* The report as one page that needs nothing but a browser: src/page writes it. */
#include "memspy/format.h"
#include "memspy/page.h"
#include "memspy/report_figures.h"

/* What the page opens with is what was asked for; it shows the rest as well. */
static struct page_ask ask_of(const struct report *r, const struct report_look *look)
{
	static const char *const views[VIEW_COUNT] = {
		[VIEW_LIVE] = "live", [VIEW_ALLOCATED] = "allocated", [VIEW_PEAK] = "peak", [VIEW_LEAKS] = "leaks",
		[VIEW_TEMPORARY] = "temporary", [VIEW_GROWTH] = "growth", [VIEW_CHURN] = "allocated",
		[VIEW_LIFETIMES] = "allocated",
	};

	return (struct page_ask){
		.view = views[r->view],
		.by = r->by == BY_STACK ? "line" : rows_by_names[r->by],
		.from = r->view == VIEW_LEAKS ? 0 : r->moments.from_seconds,
		.to = r->moments.to_seconds,
		.with_sources = !look->no_source,
	};
}

int report_html(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	const struct page_ask ask = ask_of(r, look);

	return page_write(r->path, &ask, to, e);
}
