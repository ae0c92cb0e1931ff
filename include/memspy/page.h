/*
 * page: a whole recording as one page of HTML that needs nothing but a browser.
 *
 * It reads the recording in a pass of its own and knows nothing of reports; what was asked of one is what the page opens with.
 */
#pragma once

#include <stdbool.h>

#include "memspy/buf.h"
#include "memspy/err.h"

/* What the page opens with. */
struct page_ask {
	const char *view, *by; /* as people say them: "live", "line" */
	double from, to;       /* seconds */
	bool with_sources;
};

/* Appended. -ENOTSUP: memspy was built without npm. */
int page_write(const char *path, const struct page_ask *ask, struct buf *to, struct err *e);
