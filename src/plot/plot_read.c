/* Whose file it is, and so who reads it. */
#include "plot_private.h"

int plot_read(struct tracks *to, const char *path, const struct plot_ask *ask, struct err *e)
{
	return plot_is_mprof(path) ? plot_read_mprof(to, path, ask, e) : plot_read_recording(to, path, ask, e);
}
