#include "memspy/units.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Digits, and a fraction if there is one. False where there is no number or more digits than are of use. */
static bool decimal(const char **text, double *ret)
{
	const char *p = *text;
	double value = 0, place = 1;
	int digits = 0;

	for (; *p >= '0' && *p <= '9'; p++, digits++)
		value = value * 10 + (*p - '0');
	if (digits == 0 || digits > 20)
		return false;
	if (*p == '.') {
		p++;
		if (*p < '0' || *p > '9')
			return false;
		for (; *p >= '0' && *p <= '9'; p++)
			value += (*p - '0') * (place /= 10);
	}
	*ret = value;
	*text = p;
	return true;
}

static int not_a_size(const char *text, struct err *e)
{
	return err_set(e, EINVAL, "\"%.40s\" is not a size; write bytes (4096) or 512K, 16M, 1G", text);
}

/* Whole bytes are counted in integers: a double would lose the last ones of a large number. */
static bool whole(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

int units_parse_size(const char *text, uint64_t *ret, struct err *e)
{
	static const char letters[] = "KMGT";
	const char *p = text, *letter;
	double value;
	char unit;

	if (whole(text, ret))
		return 0;
	if (!decimal(&p, &value))
		return not_a_size(text, e);
	if (*p) {
		unit = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
		letter = strchr(letters, unit);
		if (!letter || (p[1] && strcmp(p + 1, "iB") != 0))
			return not_a_size(text, e);
		value = ldexp(value, 10 * (int)(letter - letters + 1));
	} else if (strchr(text, '.')) {
		return not_a_size(text, e); /* half a byte */
	}
	if (value >= 0x1p63)
		return err_set(e, ERANGE, "\"%.40s\" is larger than any memory", text);
	*ret = (uint64_t)value;
	return 0;
}

int units_parse_duration(const char *text, double *ret, struct err *e)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	const char *p = text;
	double value;

	if (decimal(&p, &value))
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (strcmp(p, units[i].name) != 0)
				continue;
			value *= units[i].seconds;
			if (value > 100 * 365.0 * 86400)
				return err_set(e, ERANGE, "\"%.40s\" is longer than a hundred years", text);
			*ret = value;
			return 0;
		}
	return err_set(e, EINVAL, "\"%.40s\" is not a time; write seconds (60) or 5m, 2h", text);
}

int units_parse_number(const char *text, int64_t *ret, struct err *e)
{
	bool negative = *text == '-';
	uint64_t value = 0;
	const char *p = text + negative;

	if (!*p || strspn(p, "0123456789") != strlen(p))
		return err_set(e, EINVAL, "\"%.40s\" is not a number", text);
	if (!whole(p, &value) || value > INT64_MAX)
		return err_set(e, ERANGE, "\"%.40s\" is out of range", text);
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return 0;
}

struct units_text units_bytes(uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct units_text t;
	double value = (double)bytes / 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(t.text, sizeof(t.text), "%u B", (unsigned)bytes);
		return t;
	}
	/* 1023.95 would be printed as 1024.0: go on to the next unit before that. */
	for (; value >= 1023.95 && i + 1 < sizeof(names) / sizeof(names[0]); i++)
		value /= 1024;
	snprintf(t.text, sizeof(t.text), "%.1f %s", value, names[i]);
	return t;
}

struct units_text units_signed_bytes(int64_t bytes)
{
	struct units_text t = { "0" }, magnitude;

	if (bytes == 0)
		return t;
	magnitude = units_bytes(bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes);
	snprintf(t.text, sizeof(t.text), "%c%.30s", bytes < 0 ? '-' : '+', magnitude.text);
	return t;
}

struct units_text units_size_option(uint64_t bytes)
{
	static const char letters[] = "KMGT";
	struct units_text t;
	int i = -1;

	while (bytes && bytes % 1024 == 0 && i + 1 < (int)strlen(letters)) {
		bytes /= 1024;
		i++;
	}
	snprintf(t.text, sizeof(t.text), i < 0 ? "%llu" : "%llu%c", (unsigned long long)bytes, i < 0 ? 0 : letters[i]);
	return t;
}

struct units_text units_seconds(double seconds)
{
	struct units_text t;
	double minutes = floor(seconds / 60), hours = floor(seconds / 3600), days = floor(seconds / 86400);

	if (seconds > 0 && seconds < 0.1)
		snprintf(t.text, sizeof(t.text), "%.2f ms", seconds * 1000);
	else if (seconds < 100 && fabs(seconds - round(seconds)) >= 0.05)
		snprintf(t.text, sizeof(t.text), "%.1f s", seconds);
	else if (seconds < 300)
		snprintf(t.text, sizeof(t.text), "%.0f s", seconds);
	else if (minutes < 120)
		snprintf(t.text, sizeof(t.text), "%.0f min", minutes);
	else if (hours < 48)
		snprintf(t.text, sizeof(t.text), "%.0f h %.0f min", hours, minutes - hours * 60);
	else
		snprintf(t.text, sizeof(t.text), "%.0f d %.0f h", days, hours - days * 24);
	return t;
}
