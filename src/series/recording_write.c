#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "change.h"
#include "recording_private.h"
#include "room.h"
#include "sites_private.h"

enum {
	AMOUNTS = 4096,	     /* with an id: their table stays at 1 MiB, and ids short */
	AMOUNT_BYTES = 512, /* so much of a bound for each: thinning keeps them all */
};

struct recording_writer {
	struct recording_file file;
	struct room room;
	uint64_t ticks, first_ns, last_ns;
	uint32_t strings, frames, stacks; /* names already written */
	struct sites sites;
	uint64_t *seen; /* at which tick, by site */
	size_t seen_room;
	struct told_tick told;
	struct buf text;
	size_t keep; /* of the text: a tick without the closing */
	bool held;   /* the text is a tick for which there was no room yet */
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
	room_init(&w->room, max_bytes);
	w->told.most_amounts = max_bytes && max_bytes / AMOUNT_BYTES < AMOUNTS ? max_bytes / AMOUNT_BYTES : AMOUNTS;
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
	room_done(&w->room);
	closep(&w->file.fd);
	sites_done(&w->sites);
	free(w->seen);
	told_tick_done(&w->told);
	buf_done(&w->text);
	free(w);
}

static int room_for_sites(struct recording_writer *w, struct err *e)
{
	size_t room = w->sites.room;
	uint64_t *seen;

	if (w->seen_room >= w->sites.count)
		return 0;
	seen = realloc(w->seen, room * sizeof(*seen));
	if (!seen)
		return err_set(e, ENOMEM, "out of memory for %zu sites", room);
	memset(seen + w->seen_room, 0, (room - w->seen_room) * sizeof(*seen));
	w->seen = seen;
	w->seen_room = room;
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

static bool has_same_figures(const struct site *a, const struct site *b)
{
	const size_t from = offsetof(struct site, live);

	_Static_assert((sizeof(*a) - offsetof(struct site, live)) % 8 == 0, "figures are whole words, without holes");
	return memcmp((const char *)a + from, (const char *)b + from, sizeof(*a) - from) == 0;
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
			r = room_for_sites(w, e);
		if (r < 0)
			return r;
		if (w->seen[at] != tick && has_same_figures(&w->sites.at[at], from)) {
			w->seen[at] = tick;
			continue;
		}
		if (w->seen[at] == tick)
			add_figures(&w->sites.at[at], from);
		else
			w->sites.at[at] = *from;
		w->seen[at] = tick;
		r = told_tick_changed(&w->told, &w->sites, at, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A tick that failed is not repeated but its sites are marked as seen at it; the next has the same number. */
static void forget_tick(struct recording_writer *w)
{
	for (size_t i = 0; i < w->sites.count && i < w->seen_room; i++)
		w->seen[i] = 0;
	told_tick_forget(&w->told);
}

static int write_text(struct recording_writer *w, const struct sample *s, const struct names *n, struct err *e)
{
	struct estimate live = { 0 }, alloc = { 0 };
	bool at_peak;
	int r = told_tick_make(&w->told, &w->sites, &at_peak, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < w->sites.count; i++) {
		estimate_add(&live, &w->sites.at[i].live);
		estimate_add(&alloc, &w->sites.at[i].alloc);
	}
	buf_reset(&w->text);
	buf_puts(&w->text, w->file.empty ? "\n" : ",\n");
	recording_text_sample(&w->text, s, (double)(s->time_ns - w->first_ns) / 1e9, &live, &alloc);
	buf_puts(&w->text, at_peak ? RECORDING_AT_PEAK : "");
	recording_text_names(&w->text, n, w->strings, w->frames, w->stacks);
	recording_text_sites(&w->text, &w->sites, w->told.sites);
	recording_text_changes(&w->text, &w->told.amounts, w->told.amount_count, &w->told.rows);
	buf_putc(&w->text, '}');
	w->keep = w->text.length;
	buf_puts(&w->text, RECORDING_CLOSING);
	return w->text.failed ? err_set(e, ENOMEM, "out of memory for a tick") : 0;
}

/* 0, ROOM_LATER, or a fault. */
static int append_text(struct recording_writer *w, bool wait, struct err *e)
{
	int r = room_make(&w->room, &w->file, w->text.length, wait, e);

	if (r == 0)
		r = recording_file_append(&w->file, &w->text, w->keep, e);
	if (r == 0)
		room_taken(&w->room, &w->file);
	w->held = r == ROOM_LATER;
	return r;
}

static void remember_written(struct recording_writer *w, const struct sample *s, const struct names *n)
{
	told_tick_keep(&w->told, &w->sites);
	w->strings = names_strings(n);
	w->frames = names_frames(n);
	w->stacks = names_stacks(n);
	w->last_ns = s->time_ns;
	w->ticks++;
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
	w->held = false;
	r = s->has_heap ? take_sites(w, s, e) : 0;
	if (r == 0)
		r = write_text(w, s, n, e);
	if (r == 0)
		r = append_text(w, false, e);
	if (r == 0)
		remember_written(w, s, n);
	else
		forget_tick(w);
	return r == ROOM_LATER ? 0 : r;
}

int recording_writer_end(struct recording_writer *w, const char *why, struct err *e)
{
	int r, last = 0;

	if (w->ended)
		return 0;
	/* The last figures are worth a wait. */
	if (w->held) {
		last = append_text(w, true, e);
		w->ticks += last == 0;
	}
	room_done(&w->room);
	buf_reset(&w->text);
	buf_puts(&w->text, "\n],\"end\":");
	buf_json_string(&w->text, why ? why : "");
	buf_puts(&w->text, "}\n");
	if (w->text.failed)
		return err_set(e, ENOMEM, "out of memory for the end of a recording");
	r = recording_file_append(&w->file, &w->text, 0, last < 0 ? &(struct err){ "" } : e);
	w->ended = r == 0;
	return last < 0 ? last : r;
}

uint64_t recording_writer_bytes(const struct recording_writer *w)
{
	return w->file.bytes;
}

uint64_t recording_writer_ticks(const struct recording_writer *w)
{
	return w->ticks;
}
