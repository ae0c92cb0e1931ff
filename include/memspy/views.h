/*
 * views: which bytes a report is of.
 */
#pragma once

enum report_view {
	VIEW_LIVE,	/* allocated and not freed, at the end of the stretch */
	VIEW_ALLOCATED, /* allocated in the stretch */
	VIEW_PEAK,	/* live at the moment the whole heap was largest */
	VIEW_LEAKS,	/* live at the end, less what may be younger than the newest tenth, or than --from */
	VIEW_TEMPORARY, /* allocated in the stretch and freed at once */
	VIEW_GROWTH,	/* live at the end, less live at the beginning: rows may be below 0 */
	VIEW_CHURN,	/* allocated in the stretch, told per second */
	VIEW_LIFETIMES, /* allocated and freed in the stretch, told by age */
	VIEW_COUNT,
};
extern const char *const report_view_names[VIEW_COUNT]; /* "live" "allocated" "peak" "leaks" … */
