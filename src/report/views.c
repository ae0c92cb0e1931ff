#include "memspy/views.h"

const char *const report_view_names[VIEW_COUNT] = {
	[VIEW_LIVE] = "live", [VIEW_ALLOCATED] = "allocated", [VIEW_PEAK] = "peak", [VIEW_LEAKS] = "leaks",
	[VIEW_TEMPORARY] = "temporary", [VIEW_GROWTH] = "growth", [VIEW_CHURN] = "churn", [VIEW_LIFETIMES] = "lifetimes",
};
