/*
 * A difference for pprof, as its own -diff_base makes it: what was there before are samples below 0 that bear a mark. So pprof tells
 * each change, and shares of what there was before.
 */
#include <stdio.h>

#include "memspy/cleanup.h"
#include "memspy/pprof.h"
#include "memspy/protobuf.h"
#include "memspy/text.h"
#include "memspy/units.h"
#include "diff_private.h"

enum { ROWS_TOLD = 20, PATH_COLUMNS = 80 };

static void add_sample(struct pprof *p, uint32_t stack, const struct estimate *figures, bool is_before)
{
	if (figures->bytes == 0 && figures->blocks == 0)
		return;
	pprof_begin_sample(p, stack);
	protobuf_varint(&p->inner, is_before ? -figures->blocks : figures->blocks);
	protobuf_varint(&p->inner, is_before ? -figures->bytes : figures->bytes);
	pprof_values(p);
	if (is_before)
		pprof_label(p, "pprof::base", "true");
	pprof_end_sample(p);
}

static void add_types(struct pprof *p, enum report_view view)
{
	const char *name = view == VIEW_LIVE ? "inuse" : view == VIEW_ALLOCATED ? "alloc" : report_view_names[view];
	char objects[64], space[64];

	snprintf(objects, sizeof(objects), "%s_objects", name);
	snprintf(space, sizeof(space), "%s_space", name);
	pprof_value_type(p, PROFILE_SAMPLE_TYPE, objects, "count");
	pprof_value_type(p, PROFILE_SAMPLE_TYPE, space, "bytes");
	protobuf_number(&p->bytes, PROFILE_DEFAULT_SAMPLE_TYPE, pprof_string(p, space));
}

static void say_change(struct buf *to, const struct difference *c)
{
	buf_printf(to, "%s, 95 %% interval ", units_signed_bytes(c->bytes).text);
	buf_printf(to, "%s to ", units_signed_bytes(c->low).text);
	buf_puts(to, units_signed_bytes(c->high).text);
}

/* The intervals, which pprof has no place for. */
static void add_comments(struct pprof *p, const struct diff *d)
{
	struct difference sum = diff_sum_interval(d);

	buf_reset(&p->text); /* the last name is in it */
	buf_printf(&p->text, "%s of ", report_view_names[d->view]);
	text_escape(&p->text, d->after.path);
	buf_printf(&p->text, " at %.1f s less that of ", d->after.seconds);
	text_escape(&p->text, d->before.path);
	buf_printf(&p->text, " at %.1f s: ", d->before.seconds);
	say_change(&p->text, &sum);
	pprof_comment(p);
	for (size_t i = 0; i < d->rows.count && i < ROWS_TOLD; i++) {
		const struct row *row = &d->rows.at[i];
		struct difference c = diff_interval(d, row);

		say_change(&p->text, &c);
		buf_puts(&p->text, ": ");
		text_place(&p->text, row, PATH_COLUMNS);
		buf_puts(&p->text, *row->file && *row->function ? " " : "");
		text_escape(&p->text, *row->module ? row->module : row->function);
		pprof_comment(p);
	}
}

int diff_pprof(const struct diff *d, struct buf *to, struct err *e)
{
	const struct recording_about *about = series_about(d->after.report->moments.series);
	_cleanup_(pprof_done) struct pprof p = { 0 };
	int r = pprof_init(&p, d->names, e);

	if (r < 0)
		return r;
	add_types(&p, d->view);
	pprof_mapping(&p, about->exe);
	protobuf_number(&p.bytes, PROFILE_TIME_NANOS, about->wall_ns + (uint64_t)(d->after.seconds * 1e9));
	pprof_value_type(&p, PROFILE_PERIOD_TYPE, "space", "bytes");
	protobuf_number(&p.bytes, PROFILE_PERIOD, d->after.every ? d->after.every : 1);
	for (size_t i = 0; i < d->part_count; i++) {
		add_sample(&p, d->parts[i].stack, &d->parts[i].before, true);
		add_sample(&p, d->parts[i].stack, &d->parts[i].figures, false);
	}
	add_comments(&p, d);
	return pprof_write(&p, to, e);
}
