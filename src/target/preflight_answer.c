/* An answer to one question, as the checks give it. */
#include <stdarg.h>
#include <stdio.h>

#include "memspy/preflight.h"

void preflight_add(struct preflight *p, const char *name, enum preflight_answer answer, int code, const char *remedy,
		   const char *format, ...)
{
	struct preflight_check *c;
	va_list args;

	if (p->count == PREFLIGHT_MAX)
		return;
	c = &p->checks[p->count++];
	*c = (struct preflight_check){ .name = name, .why = "", .answer = answer, .code = code };
	va_start(args, format);
	vsnprintf(c->text, sizeof(c->text), format, args);
	va_end(args);
	snprintf(c->remedy, sizeof(c->remedy), "%s", remedy);
}
