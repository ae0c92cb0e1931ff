#include <errno.h>
#include <stdlib.h>

#include "memspy/cleanup.h"
#include "watch_private.h"

static uint64_t nanoseconds(double seconds)
{
	return (uint64_t)(seconds * 1e9);
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	recording_writer_free(r->writer);
	free(r);
}

int recorder_new(struct recorder **ret, int fd, const struct recording_about *about, const struct recorder_options *o,
		 struct err *e)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return err_set(e, ENOMEM, "out of memory");
	r->options = *o;
	code = recording_writer_new(&r->writer, fd, about, o->max_bytes, e);
	if (code) {
		free(r);
		return code;
	}
	*ret = r;
	return 0;
}

void progress_of(struct progress *p, const struct sample *s)
{
	struct estimate live;
	struct interval i;

	p->rss_bytes = s->memory.rss;
	p->has_heap = s->has_heap;
	p->lost = losses_total(&s->lost);
	if (!s->has_heap)
		return;
	live = sample_live(s);
	i = estimate_interval(&live, s->sample_bytes);
	p->heap_bytes = live.bytes;
	p->heap_low_bytes = i.low;
	p->heap_high_bytes = i.high;
}

void recorder_end(struct recorder *r, enum recorder_end end, const char *why)
{
	struct err e = { "" };

	if (r->ended)
		return;
	r->ended = true;
	if (recording_writer_end(r->writer, why, &e) < 0 && end != RECORDER_FAILED) {
		end = RECORDER_FAILED;
		why = e.text;
	}
	r->progress.file_bytes = recording_writer_bytes(r->writer);
	r->tell(r->own, &r->progress, end, why);
}

/* The next beat after now; beats that were missed stay missed. The end of the recording is a beat, too. */
static void schedule(struct recorder *r, uint64_t now)
{
	uint64_t step = nanoseconds(r->options.interval_s);
	uint64_t end = r->start_ns + nanoseconds(r->options.duration_s);

	r->due_ns += step;
	if (r->due_ns <= now)
		r->due_ns += (now - r->due_ns) / step * step + step;
	if (r->options.duration_s > 0 && r->due_ns > end)
		r->due_ns = end;
}

void recorder_take(struct recorder *r, const struct sample *s, const struct names *n)
{
	struct progress *p = &r->progress;
	struct err e = { "" };
	double minutes;

	if (r->start_ns == 0) {
		r->start_ns = r->due_ns = s->time_ns;
		r->first_rss_bytes = s->memory.rss;
	}
	if (recording_writer_tick(r->writer, s, n, &e) < 0) {
		recorder_end(r, RECORDER_FAILED, e.text);
		return;
	}
	progress_of(p, s);
	p->elapsed_s = (double)(s->time_ns - r->start_ns) / 1e9;
	p->duration_s = r->options.duration_s;
	minutes = p->elapsed_s / 60;
	p->rss_per_minute = minutes > 0 ? ((double)s->memory.rss - (double)r->first_rss_bytes) / minutes : 0;
	p->ticks = recording_writer_ticks(r->writer);
	p->file_bytes = recording_writer_bytes(r->writer);
	r->tell(r->own, p, RECORDER_GOES_ON, "");
	if (r->options.duration_s > 0 && s->time_ns >= r->start_ns + nanoseconds(r->options.duration_s))
		recorder_end(r, RECORDER_DONE, "duration");
	else
		schedule(r, s->time_ns);
}
