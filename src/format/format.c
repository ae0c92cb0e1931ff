/* The formats by name: the one file that knows them all. */
#include "memspy/format.h"

#include <string.h>


#define FORMAT_ENTRY(name, does, binary) { #name, does, binary, report_##name },

const struct report_format report_formats[] = { REPORT_FORMATS(FORMAT_ENTRY){ 0 } };

const struct report_format *report_format_find(const char *name)
{
	for (const struct report_format *f = report_formats; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}
