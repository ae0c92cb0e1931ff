#include "memspy/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
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
		return err_set(e, EBADMSG, "%s is empty", path);
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

/* The tick of a line; its sites remain text where they are written as memspy does. NULL: not JSON. */
static json_t *parse_tick(char *line, size_t length, struct span *sites, json_error_t *why)
{
	json_t *tick;
	size_t head;

	if (tick_text_sites(line, length, &head, sites)) {
		line[head] = '}';
		tick = json_loadb(line, head + 1, 0, NULL);
		line[head] = ',';
		if (tick)
			return tick;
	}
	*sites = (struct span){ 0 };
	return json_loadb(line, length, 0, why);
}

int series_next(struct series *s, struct err *e)
{
	json_auto_t *tick = NULL;
	struct span sites;
	json_error_t why;
	size_t length;
	char *line;
	int r;

	if (s->closed || s->torn)
		return SERIES_END;
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
	tick = parse_tick(line, length, &sites, &why);
	if (!tick && lines_is_last(&s->lines)) {
		s->torn = true;
		return SERIES_END;
	}
	if (!json_is_object(tick))
		return series_bad(s, e, "not a tick: %s", tick ? "not an object" : why.text);
	r = series_tick(s, tick, &sites, e);
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

const char *series_end(const struct series *s)
{
	return s->end;
}

bool series_is_torn(const struct series *s)
{
	return s->torn;
}

/* A line as it was, kept while the next is read. */
static bool keep(struct buf *to, const char *line, size_t length)
{
	buf_reset(to);
	buf_add(to, line, length - (line[length - 1] == ','));
	return !to->failed;
}

static bool time_of(const struct buf *line, double *ret)
{
	json_auto_t *tick = line->length ? json_loadb(line->data, line->length, 0, NULL) : NULL;
	const json_t *t = json_object_get(tick, "t");

	*ret = json_number_value(t);
	return json_is_number(t);
}

int series_last_seconds(const char *path, double *ret, struct err *e)
{
	_cleanup_(buf_done) struct buf last = { 0 };
	_cleanup_(buf_done) struct buf before = { 0 };
	_cleanup_(lines_done) struct lines lines = { .fd = -1 };
	size_t length;
	char *line;
	int r = lines_open(&lines, path, e);

	while (r == 0 && (r = lines_next(&lines, &line, &length, e)) == 0) {
		struct buf older = before;

		if (line[0] != '{' || lines.number == 1)
			continue;
		before = last;
		last = older;
		if (!keep(&last, line, length))
			return err_set(e, ENOMEM, "out of memory for a line of %s", path);
	}
	if (r < 0)
		return err_add(e, r, "%s", path);
	/* The last may be torn. */
	if (!time_of(&last, ret) && !time_of(&before, ret))
		*ret = 0;
	return 0;
}
