/* Built without cairo. */
#include <errno.h>

#include "plot_scene.h"

int scene_png(const struct scene *s, enum plot_theme theme, struct buf *to, struct err *e)
{
	(void)s, (void)theme, (void)to;
	return err_set(e, ENOTSUP, "this memspy cannot write PNG, because it was built without cairo; write .svg");
}
