/* Round numbers for axes. */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "plot_private.h"

static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

size_t axis_bytes(double top, size_t most, struct axis_mark ret[AXIS_MOST])
{
	static const double steps[] = { 1, 2, 5 };
	double unit = 1, step = 1;
	size_t name = 0, count = 0;

	most = most < AXIS_MOST ? most : AXIS_MOST;
	for (; top >= 2 * unit * 1024 && name + 1 < sizeof(units) / sizeof(units[0]); name++)
		unit *= 1024;
	for (int i = name ? -3 : 0; i < 60; i++) { /* from a tenth of the unit on */
		step = unit * steps[((i % 3) + 3) % 3] * pow(10, floor(i / 3.0));
		if (top / step < (double)most)
			break;
	}
	for (; count < most && (double)count * step <= top; count++) {
		double value = (double)count * step / unit;

		ret[count].at = (double)count * step;
		if (count == 0)
			snprintf(ret[count].text, sizeof(ret[count].text), "0");
		else
			snprintf(ret[count].text, sizeof(ret[count].text), step < unit ? "%.1f %s" : "%.0f %s", value,
				 units[name]);
	}
	return count;
}

static void say_seconds(char *to, size_t room, double t, double step)
{
	if (fabs(t) < step / 2)
		snprintf(to, room, "0");
	else if (step < 0.001)
		snprintf(to, room, "%g ms", t * 1000);
	else if (step < 60)
		snprintf(to, room, "%.10g s", t);
	else if (step < 3600)
		snprintf(to, room, "%.0f min", t / 60);
	else if (step < 86400)
		snprintf(to, room, "%.0f h", t / 3600);
	else
		snprintf(to, room, "%.0f d", t / 86400);
}

static void say_clock(char *to, size_t room, double t, double step)
{
	time_t at = (time_t)floor(t + 1e-6);
	struct tm local;
	char text[24] = "";

	if (localtime_r(&at, &local))
		strftime(text, sizeof(text), step < 60 ? "%H:%M:%S" : step < 86400 ? "%H:%M" : "%Y-%m-%d", &local);
	if (step < 1)
		snprintf(to, room, "%.10s.%02d", text, (int)((t - (double)at) * 100 + 0.5) % 100);
	else
		snprintf(to, room, "%.23s", text);
}

/* Days and hours begin where the clock of this place says so. */
static double offset_of(double t)
{
	time_t at = (time_t)t;
	struct tm local;

	return localtime_r(&at, &local) ? (double)local.tm_gmtoff : 0;
}

size_t axis_time(double from, double to, bool wall, size_t most, struct axis_mark ret[AXIS_MOST])
{
	static const double steps[] = { 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30,
		60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 14 * 86400,
		30 * 86400, 91 * 86400, 365 * 86400, 3650 * 86400.0, 36500 * 86400.0, 365000 * 86400.0 };
	size_t i = wall ? 10 : 0, count = 0;
	double step, shift = wall ? offset_of(from) : 0;

	most = most < AXIS_MOST ? most : AXIS_MOST;
	while (i + 1 < sizeof(steps) / sizeof(steps[0]) && (to - from) / steps[i] >= (double)most)
		i++;
	step = steps[i];
	for (double k = ceil((from + shift) / step - 1e-9); count < most && k * step - shift <= to + step * 1e-9; k++) {
		ret[count].at = k * step - shift;
		if (wall)
			say_clock(ret[count].text, sizeof(ret[count].text), ret[count].at, step);
		else
			say_seconds(ret[count].text, sizeof(ret[count].text), ret[count].at, step);
		count++;
	}
	return count;
}
