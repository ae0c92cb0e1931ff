/* What a file claims, looked at: numbers, ids, lists, and the sentence where it is none of these. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "series_private.h"

int series_bad(const struct series *s, struct err *e, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return err_set(e, EBADMSG, "%s is damaged: line %llu: %s", s->path, (unsigned long long)s->lines.number, what);
}

json_int_t series_whole(const json_t *v)
{
	return json_is_integer(v) && json_integer_value(v) >= 0 ? json_integer_value(v) : -1;
}

bool series_id(const json_t *v, uint64_t most, uint32_t *ret)
{
	json_int_t n = series_whole(v);

	if (n < 0 || (uint64_t)n > most)
		return false;
	*ret = (uint32_t)n;
	return true;
}

int series_list(const struct series *s, const json_t *tick, const char *key, const json_t **ret, struct err *e)
{
	*ret = json_object_get(tick, key);
	if (*ret && !json_is_array(*ret))
		return series_bad(s, e, "%s is not a list", key);
	return 0;
}
