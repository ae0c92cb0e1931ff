#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/buf.h"
#include "memspy/cleanup.h"
#include "series_private.h"

const char *const site_columns[COLUMN_COUNT] = {
	[COLUMN_STACK] = "stack",
	[COLUMN_LIVE_BYTES] = "live_bytes",
	[COLUMN_LIVE_BLOCKS] = "live_blocks",
	[COLUMN_LIVE_N] = "live_n",
	[COLUMN_LIVE_VAR] = "live_var",
	[COLUMN_ALLOC_BYTES] = "alloc_bytes",
	[COLUMN_ALLOC_BLOCKS] = "alloc_blocks",
	[COLUMN_FREED_BYTES] = "freed_bytes",
	[COLUMN_PEAK_BYTES] = "peak_bytes",
	[COLUMN_LIVE_SURE] = "live_sure",
	[COLUMN_ALLOC_N] = "alloc_n",
	[COLUMN_ALLOC_VAR] = "alloc_var",
	[COLUMN_ALLOC_SURE] = "alloc_sure",
	[COLUMN_PEAK_BLOCKS] = "peak_blocks",
	[COLUMN_PEAK_N] = "peak_n",
	[COLUMN_PEAK_VAR] = "peak_var",
	[COLUMN_PEAK_SURE] = "peak_sure",
	[COLUMN_TEMP_BYTES] = "temp_bytes",
	[COLUMN_TEMP_BLOCKS] = "temp_blocks",
	[COLUMN_TEMP_N] = "temp_n",
	[COLUMN_THREAD] = "thread",
	[COLUMN_DOMAIN] = "domain",
	[COLUMN_LIFETIMES] = "lifetimes",
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *object, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(object, key));

	return v > 0 ? (uint64_t)v : 0;
}

static int read_columns(struct series *s, const json_t *names, struct err *e)
{
	const json_t *name;
	size_t i;
	bool has_stack = false;

	if (!json_is_array(names) || json_array_size(names) > COLUMNS_MOST)
		return series_bad(s, e, "the header does not name the columns of a site");
	json_array_foreach(names, i, name) {
		s->columns[i] = -1;
		for (int c = 0; c < COLUMN_COUNT && json_is_string(name); c++)
			if (strcmp(json_string_value(name), site_columns[c]) == 0)
				s->columns[i] = c;
		has_stack |= s->columns[i] == COLUMN_STACK;
	}
	s->column_count = json_array_size(names);
	return has_stack ? 0 : series_bad(s, e, "the sites of this file have no stacks");
}

static void read_about(struct series *s)
{
	const json_t *target = json_object_get(s->header, "target"), *config = json_object_get(s->header, "config");
	uint64_t pid = number_of(target, "pid");

	s->about = (struct recording_about){
		.pid = pid <= INT_MAX ? (int)pid : 0,
		.start_time_ns = number_of(target, "start_time_ns"),
		.name = text_of(target, "name"),
		.cmdline = text_of(target, "cmdline"),
		.exe = text_of(target, "exe"),
		.python = text_of(target, "python"),
		.build = text_of(target, "build"),
		.host = text_of(target, "host"),
		.container = text_of(target, "container"),
		.rss_at_attach = number_of(target, "rss_at_attach"),
		.memory_limit = number_of(target, "memory_limit"),
		.memspy_version = text_of(s->header, "memspy_version"),
		.wall_ns = number_of(s->header, "wall_ns"),
		.interval_s = json_number_value(json_object_get(config, "interval_s")),
		.sample_bytes = number_of(config, "sample_bytes"),
		.domains = text_of(config, "domains"),
	};
}

int series_header(struct series *s, const char *line, size_t length, struct err *e)
{
	_cleanup_(buf_done) struct buf text = { 0 };
	const json_t *version;

	/* The first line ends inside the list of ticks; closed, it is a document of its own. */
	buf_add(&text, line, length);
	buf_puts(&text, "]}");
	if (text.failed)
		return err_set(e, ENOMEM, "out of memory for %s", s->path);
	s->header = json_loadb(text.data, text.length, 0, NULL);
	version = json_object_get(s->header, "memspy_recording");
	if (!json_is_integer(version) && strstr(line, "memspy_recording"))
		return err_set(e, EBADMSG, "%s is damaged, or was laid out anew: memspy reads one tick per line, as it "
			       "writes them",
			       s->path);
	if (!json_is_integer(version))
		return err_set(e, EBADMSG, "%s is not a recording of memspy; memspy record --pid N -o FILE makes one", s->path);
	s->version = json_integer_value(version);
	if (s->version < 1 || s->version > 2)
		return err_set(e, EBADMSG, "%s has format %lld; this memspy reads formats 1 and 2: use a newer one", s->path,
			       (long long)s->version);
	if (!json_is_array(json_object_get(s->header, "ticks")))
		return err_set(e, EBADMSG, "%s was cut off in its first line: there is nothing in it", s->path);
	read_about(s);
	return s->version == 1 ? read_columns(s, json_object_get(s->header, "site_columns"), e) : 0;
}
