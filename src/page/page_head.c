/* The head of the page's data: texts and the few figures that are said once. */
#include "memspy/export.h"
#include "memspy/modules.h"
#include "memspy/rows.h"
#include "page_private.h"

static void add(struct buf *to, const char *key, uint64_t v)
{
	buf_printf(to, ",\"%s\":%llu", key, (unsigned long long)(v < 1ull << 53 ? v : 1ull << 53));
}

static void add_estimate(struct buf *to, const struct estimate *what, uint64_t sample_bytes)
{
	struct interval sure = estimate_interval(what, sample_bytes);

	buf_puts(to, "{\"by\":95");
	add(to, "bytes", what->bytes);
	add(to, "blocks", what->blocks);
	add(to, "samples", what->samples);
	add(to, "low", sure.low);
	add(to, "high", sure.high);
	buf_putc(to, '}');
}

static void add_about(struct buf *to, const struct page_history *h)
{
	const struct recording_about *about = series_about(h->series);
	const struct sample *s = series_sample(h->series);
	const char *end = series_end(h->series);
	struct estimate live = sample_live(s);

	buf_printf(to, "{\"page\":1,\"pid\":%d", about->pid);
	buf_json_text(to, "name", about->name);
	buf_json_text(to, "cmdline", about->cmdline);
	buf_json_text(to, "python", about->python);
	buf_json_text(to, "host", about->host);
	buf_json_text(to, "container", about->container);
	buf_json_text(to, "memspy", about->memspy_version);
	add(to, "wall_ms", about->wall_ns / 1000000);
	add(to, "us", s->time_ns / 1000);
	add(to, "sample_bytes", s->sample_bytes);
	add(to, "rss", s->memory.rss);
	add(to, "rss_first", h->first_rss);
	add(to, "rss_most", h->most_rss);
	add(to, "rss_at_attach", about->rss_at_attach);
	add(to, "limit", about->memory_limit);
	add(to, "table", s->table_bytes);
	add(to, "peak_us", h->peak_us);
	buf_puts(to, ",\"live\":");
	add_estimate(to, &live, s->sample_bytes);
	export_losses(to, &s->lost);
	if (end)
		buf_json_text(to, "end", end);
	else
		buf_printf(to, ",\"cut\":%d", series_is_torn(h->series) ? 2 : 1);
}

static void add_strings(struct buf *to, const struct names *n)
{
	buf_puts(to, ",\"strings\":[\"\"");
	for (uint32_t i = 1; i <= names_strings(n); i++) {
		buf_putc(to, ',');
		buf_json_string(to, names_text(n, i));
	}
	buf_putc(to, ']');
}

/* Each file with its module: [file, module's name, kind]. */
static int add_modules(struct buf *to, const struct names *n, struct err *e)
{
	struct modules *m = NULL;
	const char *comma = "";
	int r = modules_new(&m, n, e);

	if (r < 0)
		return r;
	buf_puts(to, ",\"modules\":[");
	for (uint32_t file = 1; file <= names_strings(n); file++) {
		if (!modules_number(m, file))
			continue;
		buf_printf(to, "%s[%u,", comma, file);
		buf_json_string(to, modules_name(m, file));
		buf_printf(to, ",%d]", (int)modules_kind(m, file));
		comma = ",";
	}
	buf_putc(to, ']');
	modules_free(m);
	return 0;
}

static void add_merged(struct buf *to, const struct page_history *h, const struct page_groups *g)
{
	if (!g->merged_sites)
		return;
	buf_printf(to, ",\"merged\":{\"sites\":%zu,\"lines\":%zu,\"of\":%zu", g->merged_sites, g->merged_lines,
		   series_sample(h->series)->site_count);
	add(to, "live", g->merged_live.bytes);
	buf_putc(to, '}');
}

int page_head(struct buf *to, const struct page_history *h, const struct page_groups *g, size_t entries,
	      const struct page_ask *ask, struct err *e)
{
	int r;

	add_about(to, h);
	add_merged(to, h, g);
	add(to, "ticks_read", h->ticks_read);
	buf_printf(to, ",\"ask\":{\"view\":\"%s\",\"by\":\"%s\",\"from_ms\":%llu,\"to_ms\":%llu}", ask->view, ask->by,
		   (unsigned long long)(ask->from * 1e3), (unsigned long long)(ask->to * 1e3 + 0.999));
	buf_puts(to, ",\"counts\":{\"page\":1");
	add(to, "ticks", h->tick_count);
	add(to, "moments", h->moment_count);
	add(to, "frames", names_frames(g->names));
	add(to, "stacks", names_stacks(g->names));
	add(to, "sites", g->count);
	add(to, "entries", entries);
	buf_putc(to, '}');
	buf_puts(to, ",\"threads\":[0");
	for (size_t i = 1; i < g->thread_count; i++)
		buf_printf(to, ",%u", g->threads[i]);
	buf_putc(to, ']');
	add_strings(to, g->names);
	r = add_modules(to, g->names, e);
	if (r == 0 && ask->with_sources) {
		buf_puts(to, ",\"sources\":");
		r = page_sources(to, g, series_about(h->series)->wall_ns, e);
	}
	buf_putc(to, '}');
	return r;
}
