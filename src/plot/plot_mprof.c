/*
 * What mprof of memory_profiler writes, as tracks: one of the process, one of each child.
 *
 *   CMDLINE python app.py
 *   MEM 21.4 1700000000.1234           MiB, seconds since 1970
 *   CHLD 0 18.2 1700000000.1235        which child, then likewise
 *   FUNC app.work 21.4 1700000000.2 35.1 1700000001.3 1
 *                                      name, MiB and time as it began, as it ended, and perhaps its depth
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "plot_private.h"

enum { LINE_MOST = 1 << 18, NAME_COLUMNS = 26, CHILD_NAME_MOST = 40 };

struct mprof {
	const char *path;
	const struct plot_ask *ask;
	struct tracks *to;
	size_t first;  /* of our tracks: the process itself */
	char names[PLOT_FILES_MOST][CHILD_NAME_MOST]; /* of its children, by track */
	size_t line;
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

bool plot_is_mprof(const char *path)
{
	struct stat st;
	_cleanup_(fclosep) FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "re") : NULL;
	char start[16] = "";

	if (!f || fread(start, 1, sizeof(start) - 1, f) == 0)
		return false;
	return begins(start, "CMDLINE ") || begins(start, "MEM ") || begins(start, "FUNC ") || begins(start, "CHLD ");
}

static int bad(const struct mprof *m, struct err *e, const char *what)
{
	return err_set(e, EBADMSG, "%s is damaged: line %zu %s", m->path, m->line, what);
}

/* MiB and a time. */
static bool two_numbers(const char *text, double *mib, double *at, char **ret_end)
{
	char *end;

	*mib = strtod(text, &end);
	if (end == text)
		return false;
	text = end;
	*at = strtod(text, &end);
	*ret_end = end;
	return end != text && isfinite(*mib) && *mib < 1e12 && *at >= 0 && *at < 1e11;
}

static int add_memory(struct track *t, double mib, double at, struct err *e)
{
	struct tick tick = { .rss = (uint64_t)(mib * 1048576) };

	if (mib <= 0) /* the process was gone already, or a zombie */
		return 0;
	if (t->count == 0)
		t->begin = at;
	tick.t = at - t->begin;
	/* Clocks are set back; a moment then is as late as the one before it. */
	if (t->count && tick.t < t->ticks[t->count - 1].t)
		tick.t = t->ticks[t->count - 1].t;
	return track_tick(t, &tick, e);
}

static int read_mem(struct mprof *m, const char *text, struct err *e)
{
	double mib, at;
	char *end;

	if (!two_numbers(text, &mib, &at, &end) || *end)
		return bad(m, e, "is not \"MEM mebibytes time\"");
	return add_memory(&m->to->at[m->first], mib, at, e);
}

static int child_of(struct mprof *m, const char *name, struct track **ret, struct err *e)
{
	int r;

	for (size_t i = m->first + 1; i < m->to->count; i++)
		if (strcmp(m->names[i], name) == 0) {
			*ret = &m->to->at[i];
			return 0;
		}
	r = tracks_add(m->to, ret, e);
	if (r < 0)
		return r;
	snprintf(m->names[m->to->count - 1], CHILD_NAME_MOST, "%s", name);
	(*ret)->about = strdup("");
	(*ret)->name = strdup("");
	r = asprintf(&(*ret)->file, "%s child %s", m->to->at[m->first].file, name);
	return r < 0 || !(*ret)->name || !(*ret)->about ? err_set(e, ENOMEM, "out of memory for a plot") : 0;
}

static int read_child(struct mprof *m, char *text, struct err *e)
{
	char *space = strchr(text, ' '), *end;
	struct track *t = NULL;
	double mib, at;
	int r;

	if (!space || space == text || space - text >= CHILD_NAME_MOST || strspn(text, "0123456789") != (size_t)(space - text) ||
	    !two_numbers(space, &mib, &at, &end) || *end)
		return bad(m, e, "is not \"CHLD number mebibytes time\"");
	*space = '\0';
	r = child_of(m, text, &t, e);
	return r < 0 ? r : add_memory(t, mib, at, e);
}

/* Names may have spaces in them, numbers have none: they are taken off the end. */
static char *last_word(char *text)
{
	char *space = strrchr(text, ' ');

	if (!space)
		return NULL;
	*space = '\0';
	return space + 1;
}

static bool is_depth(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

static int read_function(struct mprof *m, char *text, struct err *e)
{
	_cleanup_(freep) char *name = NULL;
	struct track *t = &m->to->at[m->first];
	double numbers[4];
	char *word = last_word(text), *end;

	if (word && is_depth(word))
		word = last_word(text);
	for (int i = 3; i >= 0; i--, word = i >= 0 ? last_word(text) : NULL) {
		numbers[i] = word && *word ? strtod(word, &end) : NAN;
		if (!isfinite(numbers[i]) || *end || fabs(numbers[i]) > 1e12)
			return bad(m, e, "is not \"FUNC name mebibytes time mebibytes time\"");
	}
	if (m->ask->function && strcmp(m->ask->function, text) != 0 &&
	    !(strrchr(text, '.') && strcmp(m->ask->function, strrchr(text, '.') + 1) == 0))
		return 0;
	name = text_end(text, NAME_COLUMNS);
	if (!name)
		return err_set(e, ENOMEM, "out of memory for a plot");
	return track_bar(t, name, (struct bar){ numbers[1], numbers[3] < numbers[1] ? numbers[1] : numbers[3] }, e);
}

static int read_line(struct mprof *m, char *line, struct err *e)
{
	struct track *t = &m->to->at[m->first];

	if (begins(line, "MEM "))
		return read_mem(m, line + 4, e);
	if (begins(line, "CHLD "))
		return read_child(m, line + 5, e);
	if (begins(line, "FUNC "))
		return read_function(m, line + 5, e);
	if (begins(line, "CMDLINE ") && !t->name)
		t->name = text_end(line + 8, 2 * NAME_COLUMNS);
	return begins(line, "CMDLINE ") || !*line ? 0 : bad(m, e, "is not one that mprof writes");
}

static int read_lines(struct mprof *m, FILE *f, struct err *e)
{
	_cleanup_(freep) char *line = malloc(LINE_MOST);
	int r = 0;

	if (!line)
		return err_set(e, ENOMEM, "out of memory for %s", m->path);
	while (r == 0 && fgets(line, LINE_MOST, f)) {
		size_t length = strlen(line);
		bool whole = length && line[length - 1] == '\n';

		m->line++;
		if (!whole && length + 1 == LINE_MOST)
			return bad(m, e, "is too long for one of mprof");
		if (!whole && m->to->at[m->first].count)
			break; /* it is being written, or its writer was killed */
		if (whole)
			line[--length] = '\0';
		r = read_line(m, line, e);
	}
	return r == 0 && ferror(f) ? err_sys(e, errno, "cannot read %s", m->path) : r;
}

/* Bars come with the time of day. */
static void place_bars(struct track *t)
{
	for (size_t i = 0; i < t->lane_count; i++)
		for (size_t k = 0; k < t->lanes[i].count; k++) {
			t->lanes[i].bars[k].from -= t->begin;
			t->lanes[i].bars[k].to -= t->begin;
		}
}

static int describe(struct track *t, struct err *e)
{
	time_t at = (time_t)t->begin;
	struct tm local;
	char when[40] = "";

	if (localtime_r(&at, &local))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S, ", &local);
	if (!t->name)
		t->name = strdup("mprof");
	if (!t->name ||
	    asprintf(&t->about, "%s%s, recorded by mprof", when, units_seconds(t->ticks[t->count - 1].t).text) < 0)
		return err_set(e, ENOMEM, "out of memory for a plot");
	return 0;
}

int plot_read_mprof(struct tracks *to, const char *path, const struct plot_ask *ask, struct err *e)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	struct mprof m = { .path = path, .ask = ask, .to = to, .first = to->count };
	struct track *t;
	int r;

	if (!f)
		return err_sys(e, errno, "cannot open %s", path);
	if (ask->lines)
		return err_set(e, EINVAL, "%s was written by mprof, which does not know lines", path);
	r = tracks_add(to, &t, e);
	if (r == 0 && !(t->file = plot_file_name(path)))
		r = err_set(e, ENOMEM, "out of memory for a plot");
	if (r == 0)
		r = read_lines(&m, f, e);
	if (r < 0)
		return r;
	t = &to->at[m.first];
	if (t->count == 0)
		return err_set(e, ENODATA, "%s holds no moment: mprof was ended before it looked at the process", path);
	if (ask->function && t->lane_count == 0)
		return err_set(e, ENOENT, "%s has no span of a function %.80s: mprof notes those with @profile only", path,
			       ask->function);
	place_bars(t);
	r = describe(t, e);
	return r == 0 && plot_has_window(ask) ? tracks_cut(to, m.first, path, ask, e) : r;
}
