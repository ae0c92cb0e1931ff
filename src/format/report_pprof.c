/*
 * A heap profile for pprof: what the process ever allocated and what is in use, objects and bytes, as Go's own heap profiles
 * have it; a view that is neither has a pair of its own. Estimates are stored as estimates: pprof scales nothing.
 * pprof sums up by line, function or file itself, so each site is a sample, and thread and domain are its labels.
 */
#include <stdio.h>

#include "memspy/cleanup.h"
#include "memspy/export.h"
#include "memspy/format.h"
#include "memspy/pprof.h"
#include "memspy/protobuf.h"
#include "memspy/text.h"

enum { ROWS_TOLD = 5, PATH_COLUMNS = 80 };

static bool has_own_type(const struct report *r)
{
	return r->view != VIEW_LIVE && r->view != VIEW_ALLOCATED && r->view != VIEW_CHURN;
}

/* The thread is a number: pprof -tagfocus takes digits for one, and never finds them in a text. */
static void add_labels(struct pprof *p, uint32_t thread, uint32_t domain)
{
	if (thread)
		pprof_label_number(p, "thread", thread);
	pprof_label(p, "domain", domain < DOMAIN_COUNT ? domain_names[domain] : "?");
}

static struct estimate allocated(const struct report *r, size_t site)
{
	struct estimate a = report_sample(r)->sites[site].alloc;

	estimate_subtract(&a, &report_before(r, site)->alloc);
	return a;
}

/* Below 0 where it shrank: pprof knows that from its own -diff_base. */
static void add_values(struct pprof *p, const struct report *r, size_t site)
{
	const struct site *s = &report_sample(r)->sites[site];
	const struct part *part = &r->parts[site];
	const struct estimate came = allocated(r, site);

	protobuf_varint(&p->inner, came.blocks);
	protobuf_varint(&p->inner, came.bytes);
	protobuf_varint(&p->inner, s->live.blocks);
	protobuf_varint(&p->inner, s->live.bytes);
	if (has_own_type(r)) {
		protobuf_varint(&p->inner, part->figures.blocks - part->before.blocks);
		protobuf_varint(&p->inner, part->figures.bytes - part->before.bytes);
	}
	pprof_values(p);
}

static void add_sample(struct pprof *p, const struct report *r, size_t site)
{
	const struct site *s = &report_sample(r)->sites[site];

	pprof_begin_sample(p, s->stack);
	add_values(p, r, site);
	add_labels(p, s->thread, s->domain);
	pprof_end_sample(p);
}

static bool is_empty(const struct report *r, size_t site)
{
	const struct part *part = &r->parts[site];

	return !report_sample(r)->sites[site].live.bytes && !allocated(r, site).bytes &&
	       part->figures.bytes == part->before.bytes;
}

static void add_types(struct pprof *p, const struct report *r)
{
	const char *view = r->view == VIEW_LIVE ? "inuse" : has_own_type(r) ? report_view_names[r->view] : "alloc";
	char objects[64], space[64];

	pprof_value_type(p, PROFILE_SAMPLE_TYPE, "alloc_objects", "count");
	pprof_value_type(p, PROFILE_SAMPLE_TYPE, "alloc_space", "bytes");
	pprof_value_type(p, PROFILE_SAMPLE_TYPE, "inuse_objects", "count");
	pprof_value_type(p, PROFILE_SAMPLE_TYPE, "inuse_space", "bytes");
	snprintf(objects, sizeof(objects), "%s_objects", view);
	snprintf(space, sizeof(space), "%s_space", view);
	if (has_own_type(r)) {
		pprof_value_type(p, PROFILE_SAMPLE_TYPE, objects, "count");
		pprof_value_type(p, PROFILE_SAMPLE_TYPE, space, "bytes");
	}
	protobuf_number(&p->bytes, PROFILE_DEFAULT_SAMPLE_TYPE, pprof_string(p, space));
}

static void add_comments(struct pprof *p, const struct report *r)
{
	const struct rows *rows = &r->rows;

	buf_reset(&p->text);
	export_name(&p->text, r);
	buf_puts(&p->text, ", ");
	export_view(&p->text, r);
	pprof_comment(p);
	export_sum(&p->text, r);
	buf_puts(&p->text, "; ");
	export_sampling(&p->text, r);
	buf_puts(&p->text, "; memspy " MEMSPY_VERSION);
	pprof_comment(p);
	for (size_t i = 0; i < rows->count && i < ROWS_TOLD && row_bytes(&rows->at[i]) > 0; i++) {
		const struct row *row = &rows->at[i];

		export_interval(&p->text, r, row);
		buf_puts(&p->text, ": ");
		text_place(&p->text, row, PATH_COLUMNS);
		buf_puts(&p->text, *row->file && *row->function ? " " : "");
		text_escape(&p->text, *row->module ? row->module : row->function);
		pprof_comment(p);
	}
}

static void add_facts(struct pprof *p, const struct report *r)
{
	const struct recording_about *about = series_about(r->moments.series);
	const struct moments *m = &r->moments;
	const uint64_t end_ns = (uint64_t)(m->to_seconds * 1e9), from_ns = (uint64_t)(m->from_seconds * 1e9);
	const uint64_t every = report_sample(r)->sample_bytes;

	pprof_mapping(p, about->exe);
	protobuf_number(&p->bytes, PROFILE_TIME_NANOS, about->wall_ns + end_ns);
	protobuf_number(&p->bytes, PROFILE_DURATION_NANOS, r->since_attach ? end_ns : end_ns - from_ns);
	pprof_value_type(p, PROFILE_PERIOD_TYPE, "space", "bytes");
	protobuf_number(&p->bytes, PROFILE_PERIOD, every ? every : 1); /* every byte, if every allocation was counted */
}

int report_pprof(const struct report *r, const struct report_look *look, struct buf *to, struct err *e)
{
	_cleanup_(pprof_done) struct pprof p = { 0 };
	int code = pprof_init(&p, report_names(r), e);

	(void)look;
	if (code < 0)
		return code;
	add_types(&p, r);
	add_facts(&p, r);
	for (size_t i = 0; i < r->part_count; i++)
		if (!is_empty(r, i))
			add_sample(&p, r, i);
	add_comments(&p, r);
	return pprof_write(&p, to, e);
}
