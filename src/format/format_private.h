/*
 * format_private: what the formats for people share. Serves this folder only.
 */
#pragma once

#include "memspy/buf.h"
#include "memspy/report_figures.h"
#include "memspy/units.h"

void report_moment(const struct report *r, struct buf *to); /* "live at 60.0 s" */
struct units_text lifetime_text(int bucket); /* below which age: "8 ms"; ">16 s"; "-": LIFETIME_BUCKETS */

struct table_view {
	const char *head; /* as wide as the figures */
	void (*figures)(struct buf *to, const struct report *r, const struct row *row);
};
extern const struct table_view table_views[VIEW_COUNT];
