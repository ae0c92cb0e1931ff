#include "room.h"

#include <errno.h>

#include "memspy/clock.h"
#include "thinner.h"

enum {
	END_ROOM = 256, /* for why it ended */
	USELESS = 64,	/* a thinning that frees less than this part of the bound */
	QUICK_MS = 20,	/* a thinning that may come as often as it likes */
	COST = 9,	/* times as long as one took until the next */
	AGAIN_MS = 1000, /* after one that failed, or was of no use */
	SMALL = 4 << 20, /* a file that is thinned within QUICK_MS: a tick rather waits for that than is held */
	FOR_EVER = -1,
};

void room_init(struct room *r, uint64_t most)
{
	*r = (struct room){ .most = most };
}

void room_done(struct room *r)
{
	thinner_free(r->thinner);
	r->thinner = NULL;
}

static void wait_before_next(struct room *r, uint64_t took_ns)
{
	uint64_t wait = took_ns > QUICK_MS * 1000000ull ? COST * took_ns : 0;

	if (r->fault && wait < AGAIN_MS * 1000000ull)
		wait = AGAIN_MS * 1000000ull;
	r->not_before_ns = clock_now_ns() + wait;
}

static void finish(struct room *r, struct recording_file *f)
{
	const uint64_t before = f->tail;

	r->fault = thinner_finish(r->thinner, f, &r->why);
	if (r->fault == 0 && f->tail + r->most / USELESS > before)
		r->fault = -EFBIG;
	wait_before_next(r, thinner_took_ns(r->thinner));
	room_done(r);
}

static int refuse(const struct room *r, struct err *e)
{
	if (r->fault == 0 || r->fault == -EFBIG)
		return err_set(e, EFBIG,
			       "the recording is full: its %llu bytes are taken by names and the newest ticks",
			       (unsigned long long)r->most);
	return err_set(e, -r->fault, "the recording is full (%llu bytes) and cannot be thinned: %s",
		       (unsigned long long)r->most, r->why.text);
}

int room_make(struct room *r, struct recording_file *f, size_t more, bool wait, struct err *e)
{
	const int patience_ms = wait ? FOR_EVER : f->tail <= SMALL ? QUICK_MS : 0;

	while (r->most) {
		const bool fits = f->tail + more + END_ROOM <= r->most;

		if (r->thinner) {
			if (!thinner_wait(r->thinner, fits ? 0 : patience_ms))
				return fits ? 0 : ROOM_LATER;
			finish(r, f);
			continue;
		}
		if (fits && f->tail + more <= r->most / 8 * 7)
			return 0;
		if (!fits && (r->fault || f->empty))
			return refuse(r, e);
		if (!wait && clock_now_ns() < r->not_before_ns)
			return fits ? 0 : ROOM_LATER;
		r->fault = thinner_new(&r->thinner, f, &r->why);
		if (r->fault)
			wait_before_next(r, 0);
	}
	return 0;
}

void room_taken(struct room *r, const struct recording_file *f)
{
	if (r->thinner)
		thinner_follow(r->thinner, f);
}
