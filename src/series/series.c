#include "memspy/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "series_private.h"

static void series_freep(struct series **s)
{
	series_free(*s);
}

void series_free(struct series *s)
{
	if (!s)
		return;
	lines_done(&s->lines);
	json_decref(s->header);
	names_free(s->names);
	sites_done(&s->sites);
	late_done(&s->late);
	changes_done(&s->changes);
	free(s->changed);
	free(s->latest);
	free(s->depths);
	free(s->end);
	free(s->path);
	free(s);
}

int series_open(struct series **ret, const char *path, struct err *e)
{
	_cleanup_(series_freep) struct series *s = calloc(1, sizeof(*s));
	size_t length;
	char *line;
	int r;

	if (!s)
		return err_set(e, ENOMEM, "out of memory for %s", path);
	s->lines.fd = -1;
	s->path = strdup(path);
	if (!s->path)
		return err_set(e, ENOMEM, "out of memory for %s", path);
	r = names_new(&s->names, e);
	if (r == 0)
		r = lines_open(&s->lines, path, e);
	if (r < 0)
		return r;
	r = lines_next(&s->lines, &line, &length, e);
	if (r < 0)
		return err_add(e, r, "%s", path);
	if (r == LINES_END)
		return err_set(e, EBADMSG, "%s is empty: nothing was recorded; memspy record --pid N -o FILE makes a recording", path);
	r = series_header(s, line, length, e);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

/* "]}" or "],"end":"why"}": what a document ends with. */
static int close_document(struct series *s, const char *line, struct err *e)
{
	json_auto_t *document = NULL;
	const char *why;
	char *text;

	if (asprintf(&text, "{\"ticks\":[%s", line) < 0)
		return err_set(e, ENOMEM, "out of memory for %s", s->path);
	document = json_loads(text, 0, NULL);
	free(text);
	if (!document) {
		s->torn = lines_is_last(&s->lines);
		return s->torn ? SERIES_END : series_bad(s, e, "the ticks do not end here");
	}
	why = json_string_value(json_object_get(document, "end"));
	if (why && !(s->end = strdup(why)))
		return err_set(e, ENOMEM, "out of memory for %s", s->path);
	s->closed = true;
	if (!lines_is_last(&s->lines))
		return series_bad(s, e, "something follows the end");
	return SERIES_END;
}

/* Rows of numbers remain text where they are written as memspy does. NULL: not JSON. */
static json_t *parse_tick(char *line, size_t length, enum tick_list last, struct tick *ret, json_error_t *why)
{
	struct tick_text text;

	*ret = (struct tick){ 0 };
	if (tick_text_numbers(line, length, last, &text)) {
		const char was = line[text.head];

		line[text.head] = '}';
		ret->rest = json_loadb(line, text.head + 1, 0, NULL);
		line[text.head] = was;
	}
	if (ret->rest)
		memcpy(ret->lists, text.lists, sizeof(ret->lists));
	else
		ret->rest = json_loadb(line, length, 0, why);
	return ret->rest;
}

int series_next(struct series *s, struct err *e)
{
	json_auto_t *parsed = NULL;
	struct tick tick;
	json_error_t why;
	size_t length;
	char *line;
	int r;

	if (s->closed || s->torn)
		return SERIES_END;
	s->end_place = lines_place(&s->lines);
	r = lines_next(&s->lines, &line, &length, e);
	if (r < 0)
		return err_add(e, r, "%s", s->path);
	if (r == LINES_END) {
		s->torn = true;
		return SERIES_END;
	}
	if (line[0] == ']')
		return close_document(s, line, e);
	if (length && line[length - 1] == ',')
		length--;
	parsed = parse_tick(line, length, s->version == 1 ? LIST_SITES : LIST_CHANGES, &tick, &why);
	if (!parsed && lines_is_last(&s->lines)) {
		s->torn = true;
		return SERIES_END;
	}
	if (!json_is_object(parsed))
		return series_bad(s, e, "not a tick: %s", parsed ? "not an object" : why.text);
	r = series_tick(s, &tick, e);
	s->any_tick |= r == 0;
	return r;
}

const struct recording_about *series_about(const struct series *s)
{
	return &s->about;
}

const struct names *series_names(const struct series *s)
{
	return s->names;
}

const struct sample *series_sample(const struct series *s)
{
	return &s->sample;
}

double series_seconds(const struct series *s)
{
	return s->seconds;
}

struct series_heap series_heap(const struct series *s)
{
	struct estimate live;
	struct interval sure;

	if (s->says_heap || !s->sample.has_heap)
		return s->heap;
	live = sample_live(&s->sample);
	sure = estimate_interval(&live, s->sample.sample_bytes);
	return (struct series_heap){ live.bytes, sure.low, sure.high };
}

const uint32_t *series_changed(const struct series *s, size_t *ret_count)
{
	*ret_count = s->version == 1 ? s->changed_count : s->changes.changed_count;
	return s->version == 1 ? s->changed : s->changes.changed;
}

void series_skip_sites(struct series *s)
{
	s->skips_sites = true;
}

const char *series_end(const struct series *s)
{
	return s->end;
}

bool series_is_torn(const struct series *s)
{
	return s->torn;
}

/* The time at the beginning of a line, where it is written as memspy does; else by the book. */
static bool time_of(const char *line, size_t length, double *ret)
{
	static const char key[] = "{\"t\":";
	const char *at = line + sizeof(key) - 1;
	json_auto_t *tick = NULL;
	uint64_t whole = 0, part = 0, scale = 1;

	if (strncmp(line, key, sizeof(key) - 1) == 0) {
		for (; *at >= '0' && *at <= '9' && whole < UINT32_MAX; at++)
			whole = whole * 10 + (uint64_t)(*at - '0');
		if (*at == '.')
			for (at++; *at >= '0' && *at <= '9' && scale < 1000000000; at++, scale *= 10)
				part = part * 10 + (uint64_t)(*at - '0');
		*ret = (double)whole + (double)part / (double)scale;
		if (*at == ',' || *at == '}')
			return true;
	}
	tick = json_loadb(line, length - (line[length - 1] == ','), 0, NULL);
	*ret = json_number_value(json_object_get(tick, "t"));
	return json_is_number(json_object_get(tick, "t"));
}

int series_times(const char *path, double **ret, size_t *ret_count, struct err *e)
{
	_cleanup_(lines_done) struct lines lines = { .fd = -1 };
	_cleanup_(freep) double *times = NULL;
	size_t length, count = 0, room = 0;
	bool torn = false;
	char *line;
	int r = lines_open(&lines, path, e);

	while (r == 0 && (r = lines_next(&lines, &line, &length, e)) == 0) {
		if (line[0] != '{' || lines.number == 1)
			continue;
		if (count == room) {
			double *more = realloc(times, (room ? room * 2 : 256) * sizeof(*more));

			if (!more)
				return err_set(e, ENOMEM, "out of memory for the times of %s", path);
			times = more;
			room = room ? room * 2 : 256;
		}
		/* What is wrong with a line is said by who reads it; here it has the time of the tick before. */
		if (!time_of(line, length, &times[count]) || (count && times[count] < times[count - 1]))
			times[count] = count ? times[count - 1] : 0;
		torn = line[length - (length > 1 && line[length - 1] == ',') - 1] != '}';
		count++;
	}
	if (r < 0)
		return err_add(e, r, "%s", path);
	*ret = TAKE(times);
	*ret_count = count - torn;
	return 0;
}
