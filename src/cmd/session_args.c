#include <stddef.h>

#include "session_args_private.h"

int session_args(const struct args *a, struct session_options *ret, struct err *e)
{
	if (args_flag(a, "exact") && args_given(a, "sample-bytes"))
		return args_wrong(e, "--exact sees everything and --sample-bytes picks some; write one of them");
	*ret = (struct session_options){
		.sample_bytes = args_flag(a, "exact") ? 0 : args_size(a, "sample-bytes"),
		.domains = args_list(a, "domains"),
		.table_bytes = args_size(a, "table-size"),
		.inject = args_is(a, "inject", "map")	 ? INJECT_MAP :
			  args_is(a, "inject", "dlopen") ? INJECT_DLOPEN :
							   INJECT_AUTO,
		.interval_s = args_seconds(a, "interval"),
	};
	return 0;
}

const char *session_args_given(const struct args *a)
{
	static const char *const names[] = { "sample-bytes", "exact", "domains", "table-size", "inject" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (args_given(a, names[i]))
			return names[i];
	return NULL;
}
