#include <errno.h>
#include <stdlib.h>

#include "change.h"

void told_done(struct told *t)
{
	free(t->at);
	*t = (struct told){ 0 };
}

int told_room(struct told *t, const struct sites *s, struct err *e)
{
	struct site *at;

	if (t->room < s->count) {
		at = realloc(t->at, s->room * sizeof(*at));
		if (!at)
			return err_set(e, ENOMEM, "out of memory for %zu sites", s->room);
		t->at = at;
		t->room = s->room;
	}
	/* Not the rest of the room: what nobody touched takes no memory. */
	for (; t->count < s->count; t->count++)
		t->at[t->count] = (struct site){ 0 };
	return 0;
}

/* What comes only once is not worth a number. */
static int name_amount(struct amounts *a, const struct amount *what, size_t most, struct err *e)
{
	if (a->count >= most || amount_is_nothing(what) || amounts_find(a, what) || !amounts_were_seen(a, what))
		return 0;
	return amounts_add(a, what, e);
}

static int name_amounts(struct amounts *a, const struct change *c, size_t most, struct err *e)
{
	int r = name_amount(a, &c->came, most, e);

	if (r == 0)
		r = name_amount(a, &c->went, most, e);
	return r == 0 ? name_amount(a, &c->peak, most, e) : r;
}

int told_row(const struct told *t, struct buf *rows, uint32_t index, const struct site *now, bool at_peak, struct amounts *a,
	     size_t most_amounts, struct err *e)
{
	struct change changes[2];
	enum change_kind kind = change_between(changes, index, &t->at[index], now, at_peak);
	int count = kind == CHANGE_NONE ? 0 : kind == CHANGE_ONE ? 1 : 2;

	for (int i = 0; i < count; i++) {
		int r = name_amounts(a, &changes[i], most_amounts, e);

		if (r < 0)
			return r;
		if (rows->length)
			buf_putc(rows, ',');
		change_write(rows, &changes[i], a);
	}
	return 0;
}
