#include "memspy/err.h"

#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	return -code;
}

int err_sys(struct err *e, int code, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(e->text, sizeof(e->text), format, args);
	va_end(args);
	used = strlen(e->text);
	snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(code));
	return -code;
}

int err_add(struct err *e, int r, const char *format, ...)
{
	char before[sizeof(e->text)];
	char where[sizeof(e->text)];
	va_list args;

	memcpy(before, e->text, sizeof(before));
	va_start(args, format);
	vsnprintf(where, sizeof(where), format, args);
	va_end(args);
	/* A sentence too long for its place loses its end, not its beginning. */
	if (snprintf(e->text, sizeof(e->text), "%s: %s", where, before) < 0)
		e->text[0] = '\0';
	return r;
}

int err_hint(struct err *e, int r, const char *format, ...)
{
	size_t used = strlen(e->text);
	va_list args;

	used += (size_t)snprintf(e->text + used, sizeof(e->text) - used, "; ");
	if (used >= sizeof(e->text))
		return r;
	va_start(args, format);
	vsnprintf(e->text + used, sizeof(e->text) - used, format, args);
	va_end(args);
	return r;
}
