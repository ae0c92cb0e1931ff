#include <errno.h>

#include "inject_private.h"

int inject_by_dlopen(const struct entering *in, struct injected *ret, struct err *e)
{
	(void)in;
	(void)ret;
	return err_set(e, ENOTSUP, "dlopen is not built yet");
}
