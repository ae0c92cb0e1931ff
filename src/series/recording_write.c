#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "recording_private.h"
#include "sites_private.h"

/* What the writer remembers of a site beside its figures. */
struct mark {
	uint64_t written; /* digest of the figures last written; 0: never */
	uint64_t tick;	  /* seen at this tick */
};

struct recording_writer {
	struct recording_file file;
	uint64_t max_bytes;
	uint64_t ticks, first_ns, last_ns;
	uint32_t strings, frames, stacks; /* names already written */
	struct sites sites;
	struct mark *marks;
	size_t mark_room;
	uint32_t *pending; /* sites in the text under way */
	size_t pending_count, pending_room;
	struct buf text;
	bool ended;
};

static void recording_writer_freep(struct recording_writer **w)
{
	recording_writer_free(*w);
}

int recording_writer_new(struct recording_writer **ret, int fd, const struct recording_about *about, uint64_t max_bytes,
			 struct err *e)
{
	_cleanup_(recording_writer_freep) struct recording_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_set(e, ENOMEM, "out of memory for a recording");
	w->file.fd = -1;
	w->max_bytes = max_bytes;
	recording_text_header(&w->text, about, max_bytes);
	buf_puts(&w->text, RECORDING_CLOSING);
	if (w->text.failed)
		return err_set(e, ENOMEM, "out of memory for a recording");
	r = recording_file_start(&w->file, fd, &w->text, e);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

void recording_writer_free(struct recording_writer *w)
{
	if (!w)
		return;
	closep(&w->file.fd);
	sites_done(&w->sites);
	free(w->marks);
	free(w->pending);
	buf_done(&w->text);
	free(w);
}

/* Of the figures, not of the key. Two that differ look the same once in 2^64. */
static uint64_t digest(const struct site *s)
{
	const size_t from = offsetof(struct site, live);
	uint64_t words[(sizeof(*s) - offsetof(struct site, live)) / 8], h = 0x9e3779b97f4a7c15u;

	_Static_assert((sizeof(*s) - offsetof(struct site, live)) % 8 == 0, "figures are whole words, without holes");
	memcpy(words, (const char *)s + from, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		h = (h ^ words[i]) * 0xd6e8feb86659fd93u;
		h ^= h >> 32;
	}
	return h ? h : 1;
}

static int room_for_marks(struct recording_writer *w, struct err *e)
{
	size_t room = w->sites.room;
	struct mark *marks;

	if (w->mark_room >= w->sites.count)
		return 0;
	marks = realloc(w->marks, room * sizeof(*marks));
	if (!marks)
		return err_set(e, ENOMEM, "out of memory for %zu sites", room);
	memset(marks + w->mark_room, 0, (room - w->mark_room) * sizeof(*marks));
	w->marks = marks;
	w->mark_room = room;
	return 0;
}

static void add_figures(struct site *to, const struct site *s)
{
	estimate_add(&to->live, &s->live);
	estimate_add(&to->alloc, &s->alloc);
	estimate_add(&to->peak, &s->peak);
	estimate_add(&to->temporary, &s->temporary);
	for (int i = 0; i < LIFETIME_BUCKETS; i++)
		to->lifetimes[i] += s->lifetimes[i];
}

static bool is_at(const struct recording_writer *w, size_t i, const struct site *s)
{
	return i < w->sites.count && w->sites.at[i].stack == s->stack && w->sites.at[i].thread == s->thread &&
	       w->sites.at[i].domain == s->domain;
}

/* Takes over the sample's figures. Sites mostly come in the order they came in before: then nothing is searched. */
static int take_sites(struct recording_writer *w, const struct sample *s, struct err *e)
{
	const uint64_t tick = w->ticks + 1;

	for (size_t i = 0; i < s->site_count; i++) {
		const struct site *from = &s->sites[i];
		size_t at = i;
		int r = is_at(w, i, from) ? 0 : sites_find(&w->sites, from->stack, from->thread, from->domain, &at, e);

		if (r == 0)
			r = room_for_marks(w, e);
		if (r < 0)
			return r;
		if (w->marks[at].tick == tick)
			add_figures(&w->sites.at[at], from);
		else
			w->sites.at[at] = *from;
		w->marks[at].tick = tick;
	}
	return 0;
}

/* A tick that failed is not repeated but its sites are marked as seen at it; the next has the same number. */
static void forget_tick(struct recording_writer *w)
{
	for (size_t i = 0; i < w->sites.count && i < w->mark_room; i++)
		w->marks[i].tick = 0;
}

static int room_for_pending(struct recording_writer *w, struct err *e)
{
	size_t room = w->sites.room;
	uint32_t *pending;

	if (w->pending_room >= w->sites.count)
		return 0;
	pending = realloc(w->pending, room * sizeof(*pending));
	if (!pending)
		return err_set(e, ENOMEM, "out of memory for %zu sites", room);
	w->pending = pending;
	w->pending_room = room;
	return 0;
}

static void add_changed_sites(struct recording_writer *w)
{
	w->pending_count = 0;
	for (size_t i = 0; i < w->sites.count; i++) {
		if (w->marks[i].written == digest(&w->sites.at[i]))
			continue;
		buf_puts(&w->text, w->pending_count ? "," : ",\"sites\":[");
		recording_text_site(&w->text, &w->sites.at[i]);
		w->pending[w->pending_count++] = (uint32_t)i;
	}
	if (w->pending_count)
		buf_putc(&w->text, ']');
}

static int thin(struct recording_writer *w, uint64_t more, struct err *e)
{
	_cleanup_(freep) char *document = NULL;
	_cleanup_(buf_done) struct buf thinned = { 0 };
	uint64_t tail;
	int r;

	/* A quarter is made free at once, so that this does not happen at every tick. */
	r = recording_file_read(&w->file, &document, e);
	if (r == 0)
		r = recording_thin(document, w->max_bytes / 4 * 3 > more ? w->max_bytes / 4 * 3 - more : 0, &thinned, &tail, e);
	if (r < 0)
		return r;
	if (thinned.length + more > w->max_bytes)
		return err_set(e, EFBIG, "the recording is full: its %llu bytes are taken by names and the newest ticks",
			       (unsigned long long)w->max_bytes);
	return recording_file_replace(&w->file, &thinned, tail, e);
}

static int write_tick(struct recording_writer *w, const struct sample *s, const struct names *n, struct err *e)
{
	struct estimate live = { 0 }, alloc = { 0 };
	size_t keep;
	int r;

	for (size_t i = 0; i < w->sites.count; i++) {
		estimate_add(&live, &w->sites.at[i].live);
		estimate_add(&alloc, &w->sites.at[i].alloc);
	}
	buf_reset(&w->text);
	buf_puts(&w->text, w->file.empty ? "\n" : ",\n");
	recording_text_sample(&w->text, s, (double)(s->time_ns - w->first_ns) / 1e9, &live, &alloc);
	recording_text_names(&w->text, n, w->strings, w->frames, w->stacks);
	add_changed_sites(w);
	buf_putc(&w->text, '}');
	keep = w->text.length;
	buf_puts(&w->text, RECORDING_CLOSING);
	if (w->text.failed)
		return err_set(e, ENOMEM, "out of memory for a tick");

	if (w->max_bytes && w->file.tail + w->text.length > w->max_bytes) {
		r = thin(w, w->text.length, e);
		if (r < 0)
			return r;
	}
	return recording_file_append(&w->file, &w->text, keep, e);
}

int recording_writer_tick(struct recording_writer *w, const struct sample *s, const struct names *n, struct err *e)
{
	int r;

	if (w->ended)
		return err_set(e, EINVAL, "the recording has ended");
	if (w->ticks == 0)
		w->first_ns = s->time_ns;
	else if (s->time_ns < w->last_ns)
		return err_set(e, EINVAL, "a tick from before the last one");
	r = s->has_heap ? take_sites(w, s, e) : 0;
	if (r == 0)
		r = room_for_pending(w, e);
	if (r == 0)
		r = write_tick(w, s, n, e);
	if (r < 0) {
		forget_tick(w);
		return r;
	}
	for (size_t i = 0; i < w->pending_count; i++)
		w->marks[w->pending[i]].written = digest(&w->sites.at[w->pending[i]]);
	w->strings = names_strings(n);
	w->frames = names_frames(n);
	w->stacks = names_stacks(n);
	w->last_ns = s->time_ns;
	w->ticks++;
	return 0;
}

int recording_writer_end(struct recording_writer *w, const char *why, struct err *e)
{
	int r;

	if (w->ended)
		return 0;
	buf_reset(&w->text);
	buf_puts(&w->text, "\n],\"end\":");
	buf_json_string(&w->text, why ? why : "");
	buf_puts(&w->text, "}\n");
	if (w->text.failed)
		return err_set(e, ENOMEM, "out of memory for the end of a recording");
	r = recording_file_append(&w->file, &w->text, 0, e);
	w->ended = r == 0;
	return r;
}

uint64_t recording_writer_bytes(const struct recording_writer *w)
{
	return w->file.bytes;
}

uint64_t recording_writer_ticks(const struct recording_writer *w)
{
	return w->ticks;
}
