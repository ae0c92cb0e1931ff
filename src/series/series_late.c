/*
 * Rows whose place in the file is noted, and that are read once somebody wants to know. Of a site only the last row counts: of
 * an hour's rows one in twenty.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "series_private.h"

enum {
	KEY_END_MOST = 1000, /* bytes of a row before its ages: twice what 22 numbers can be */
	ROW_MOST = 2000,     /* and with them */
};

void late_done(struct late *l)
{
	free(l->rows);
	free(l->waiting);
	*l = (struct late){ 0 };
}

/* Behind the key nothing but the ages: so it is found from the row's end. */
static bool can_wait(const struct series *s)
{
	const size_t n = s->column_count;

	return n > 3 && s->columns[0] == COLUMN_STACK && s->columns[n - 3] == COLUMN_THREAD &&
	       s->columns[n - 2] == COLUMN_DOMAIN && s->columns[n - 1] == COLUMN_LIFETIMES;
}

void series_read_late(struct series *s)
{
	s->is_late = can_wait(s);
}

/* Eight bytes at a time, of plain ASCII: it is nearly all that is done to most of a recording. */
static size_t count_commas(const char *at, size_t length)
{
	const uint64_t ones = 0x0101010101010101, highs = ones << 7;
	uint64_t eight, sums = 0;
	size_t count = 0;

	for (; length >= sizeof(eight); at += sizeof(eight), length -= sizeof(eight)) {
		memcpy(&eight, at, sizeof(eight));
		/* A comma becomes 0, and only what is 0 stays below 0x80. */
		sums += (~((eight ^ ones * ',') + ones * 0x7f) & highs) >> 7;
	}
	for (; length; at++, length--)
		count += *at == ',';
	return count + (size_t)(sums * ones >> 56);
}

/* The number that ends before *at, of at most nine digits; *at moves to its first. -1: none. */
static int64_t number_before(const char **at)
{
	const char *p = *at;
	int64_t v = 0, scale = 1;

	for (; p[-1] >= '0' && p[-1] <= '9' && scale < 1000000000; p--, scale *= 10)
		v += (p[-1] - '0') * scale;
	if (p == *at || (p[-1] >= '0' && p[-1] <= '9'))
		return -1;
	*at = p;
	return v;
}

const char *late_key(const struct series *s, const char *at, const char *end, struct site_key *ret)
{
	const char *close = memchr(at, ']', (size_t)(end - at)), *open, *stack = at + 1, *p;
	const size_t commas = s->column_count - 2; /* before the end of the domain */
	int64_t thread, domain;

	if (!close || *at != '[' || commas > 255)
		return NULL;
	open = memchr(at + 1, '[', (size_t)(close - at - 1));
	if (open && (close + 1 == end || close[1] != ']' || open[-1] != ','))
		return NULL;
	p = open ? open - 1 : close;
	if (p - at > KEY_END_MOST || close - at > ROW_MOST - 2 || count_commas(at, (size_t)(p - at)) != commas)
		return NULL;
	domain = number_before(&p);
	if (domain < 0 || domain >= DOMAIN_COUNT || *--p != ',')
		return NULL;
	thread = number_before(&p);
	if (thread < 0)
		return NULL;
	for (ret->stack = 0; *stack >= '0' && *stack <= '9' && stack - at < 9; stack++)
		ret->stack = ret->stack * 10 + (uint32_t)(*stack - '0');
	if (stack == at + 1 || *stack != ',' || ret->stack > names_stacks(s->names))
		return NULL;
	ret->thread = (uint32_t)thread;
	ret->domain = (uint32_t)domain;
	return close + 1 + (open != NULL);
}

static int room_for(struct late *l, size_t site, struct err *e)
{
	size_t room = l->room ? l->room : 1024;
	struct late_row *rows;
	uint32_t *waiting;

	if (site < l->room)
		return 0;
	while (room <= site)
		room *= 2;
	rows = realloc(l->rows, room * sizeof(*rows));
	l->rows = rows ? rows : l->rows;
	waiting = realloc(l->waiting, room * sizeof(*waiting));
	l->waiting = waiting ? waiting : l->waiting;
	if (!rows || !waiting)
		return err_set(e, ENOMEM, "out of memory for %zu sites", room);
	memset(rows + l->room, 0, (room - l->room) * sizeof(*rows));
	l->room = room;
	return 0;
}

/* The sites take ten times the memory of these rows: they are left alone where the rows know which site it is. */
static bool is_latest(const struct series *s, const struct site_key *key, size_t *ret)
{
	*ret = series_latest(s, key->stack);
	return *ret < s->late.room && s->late.rows[*ret].length && memcmp(&s->late.rows[*ret].key, key, sizeof(*key)) == 0;
}

int late_keep(struct series *s, const struct site_key *key, const char *row, size_t length, struct err *e)
{
	struct late *l = &s->late;
	struct late_row *to;
	size_t site;
	int r = 0;

	if (!is_latest(s, key, &site)) {
		r = series_place(s, key, &site, e);
		if (r == 0)
			r = room_for(l, site, e);
	}
	if (r == 0)
		r = series_change(s, site, e);
	if (r < 0)
		return r;
	to = &l->rows[site];
	if (!to->waits)
		l->waiting[l->waiting_count++] = (uint32_t)site;
	*to = (struct late_row){ .at = lines_where(&s->lines, row), .length = (uint16_t)length, .waits = true, .key = *key };
	return 0;
}

void late_forget(struct series *s, size_t site)
{
	if (site < s->late.room)
		s->late.rows[site].length = 0;
}
