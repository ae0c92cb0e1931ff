#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"

void changes_done(struct changes *c)
{
	amounts_done(&c->amounts);
	free(c->changed);
	free(c->apart);
	free(c->is_apart);
	*c = (struct changes){ 0 };
}

static int append(uint32_t **list, size_t *count, size_t *room, uint32_t site, struct err *e)
{
	if (*count == *room) {
		size_t more = *room ? *room * 2 : 256;
		uint32_t *at = realloc(*list, more * sizeof(*at));

		if (!at)
			return err_set(e, ENOMEM, "out of memory for %zu sites", more);
		*list = at;
		*room = more;
	}
	(*list)[(*count)++] = site;
	return 0;
}

static int note_apart(struct changes *c, const struct sites *s, uint32_t site, struct err *e)
{
	if (c->is_apart_room < s->count) {
		bool *more = realloc(c->is_apart, s->room * sizeof(*more));

		if (!more)
			return err_set(e, ENOMEM, "out of memory for %zu sites", s->room);
		memset(more + c->is_apart_room, 0, (s->room - c->is_apart_room) * sizeof(*more));
		c->is_apart = more;
		c->is_apart_room = s->room;
	}
	if (c->is_apart[site])
		return 0;
	c->is_apart[site] = true;
	return append(&c->apart, &c->apart_count, &c->apart_room, site, e);
}

int changes_begin(struct changes *c, struct sites *s, bool at_peak, struct err *e)
{
	int r = 0;

	c->changed_count = 0;
	if (!at_peak)
		return 0;
	for (size_t i = 0; i < c->apart_count && r == 0; i++) {
		struct site *site = &s->at[c->apart[i]];

		c->is_apart[c->apart[i]] = false;
		if (!site_is_at_peak(site))
			r = append(&c->changed, &c->changed_count, &c->changed_room, c->apart[i], e);
		site->peak = site->live;
	}
	c->apart_count = 0;
	return r;
}

int changes_take(struct changes *c, struct sites *s, const struct change *what, bool at_peak, struct err *e)
{
	struct site *site = &s->at[what->site];
	int r;

	if (!change_apply(site, what, at_peak))
		return -EBADMSG;
	r = append(&c->changed, &c->changed_count, &c->changed_room, what->site, e);
	return r == 0 && !site_is_at_peak(site) ? note_apart(c, s, what->site, e) : r;
}
