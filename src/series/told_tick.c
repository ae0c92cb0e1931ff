#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"

void told_tick_done(struct told_tick *t)
{
	told_done(&t->told);
	amounts_done(&t->amounts);
	free(t->pending);
	free(t->is_pending);
	buf_done(&t->rows);
	*t = (struct told_tick){ 0 };
}

static int room_for_pending(struct told_tick *t, const struct sites *s, struct err *e)
{
	uint32_t *pending;
	bool *is_pending;

	if (t->pending_room >= s->count)
		return 0;
	pending = realloc(t->pending, s->room * sizeof(*pending));
	if (pending)
		t->pending = pending;
	is_pending = pending ? realloc(t->is_pending, s->room) : NULL;
	if (!is_pending)
		return err_set(e, ENOMEM, "out of memory for %zu sites", s->room);
	memset(is_pending + t->pending_room, 0, s->room - t->pending_room);
	t->is_pending = is_pending;
	t->pending_room = s->room;
	return 0;
}

int told_tick_changed(struct told_tick *t, const struct sites *s, size_t site, struct err *e)
{
	int r = room_for_pending(t, s, e);

	if (r < 0 || t->is_pending[site])
		return r;
	t->is_pending[site] = true;
	t->pending[t->pending_count++] = (uint32_t)site;
	return 0;
}

/*
 * When the heap is at its largest, the peak of every site is what is live there. That is said once of all, and by a row where
 * it is not so, if these are less than the rows of all sites whose peak changed.
 */
static bool is_peak(const struct told_tick *t, const struct sites *s)
{
	size_t peaks = 0, apart = 0;

	for (size_t i = 0; i < t->pending_count; i++) {
		const struct site *now = &s->at[t->pending[i]], *told = &t->told.at[t->pending[i]];

		peaks += memcmp(&now->peak, &told->peak, sizeof(now->peak)) != 0;
	}
	for (size_t i = 0; i < s->count && apart < peaks; i++)
		apart += !site_is_at_peak(&s->at[i]);
	return apart < peaks;
}

int told_tick_make(struct told_tick *t, const struct sites *s, bool *ret_at_peak, struct err *e)
{
	int r = told_room(&t->told, s, e);
	bool at_peak;

	if (r < 0)
		return r;
	at_peak = is_peak(t, s);
	buf_reset(&t->rows);
	for (size_t i = 0; i < (at_peak ? s->count : t->pending_count) && r == 0; i++) {
		uint32_t site = at_peak ? (uint32_t)i : t->pending[i];

		r = told_row(&t->told, &t->rows, site, &s->at[site], at_peak, &t->amounts, t->most_amounts, e);
	}
	if (r == 0 && t->rows.failed)
		r = err_set(e, ENOMEM, "out of memory for a tick");
	*ret_at_peak = at_peak;
	return r;
}

void told_tick_forget(struct told_tick *t)
{
	amounts_cut(&t->amounts, t->amount_count);
}

void told_tick_keep(struct told_tick *t, const struct sites *s)
{
	for (size_t i = 0; i < t->pending_count; i++) {
		t->told.at[t->pending[i]] = s->at[t->pending[i]];
		t->is_pending[t->pending[i]] = false;
	}
	t->pending_count = 0;
	t->sites = s->count;
	t->amount_count = t->amounts.count;
}
