#include "memspy/board.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/buf.h"
#include "memspy/cleanup.h"

const char *const board_sort_names[SORT_COUNT] = {
	[SORT_LIVE] = "live",	       [SORT_TOTAL] = "total",	 [SORT_GROWN] = "grown", [SORT_PER_MINUTE] = "growth",
	[SORT_ALLOCATED] = "allocated", [SORT_BLOCKS] = "blocks", [SORT_AGE] = "age",	 [SORT_NAME] = "name",
};

enum { MATCHED_MOST = 4096 }; /* a name may be 64 KiB, and an expression slow */

void board_done(struct board *b)
{
	rows_done(&b->rows);
	free(b->at);
	*b = (struct board){ 0 };
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h * 31;
}

/* By line, the function may change: it is that with most bytes there. */
uint64_t board_key(const struct row *row, enum rows_by by)
{
	uint64_t h = hash_text(0xcbf29ce484222325u, by == BY_MODULE ? row->module : row->file);

	if (by == BY_THREAD)
		return h ^ row->thread;
	if (by != BY_LINE || row->line == 0)
		h = hash_text(h, row->function);
	return (h ^ (uint32_t)row->line) * 0x100000001b3u + row->stack;
}

static struct part *parts_of(struct ledger *l, const struct board_look *look, struct err *e)
{
	struct part *parts = calloc(l->count + 1, sizeof(*parts));
	double seconds;
	int step;
	bool rate = look->sort == SORT_ALLOCATED && ledger_rate(l, &seconds, &step);

	if (!parts)
		err_set(e, ENOMEM, "out of memory for the rows");
	for (size_t i = 0; parts && i < l->count; i++) {
		parts[i] = (struct part){ .stack = l->sites[i].stack, .thread = l->sites[i].thread, .figures = l->sites[i].live };
		/* What comes and goes at once holds nothing, and is what is looked for here: it was something before. */
		if (rate && l->sites[i].alloc.bytes > ledger_step(&l->sites[i], step)->alloc_bytes)
			parts[i].before.samples = 1;
		if (look->own_code && ledger_own_code(l, parts[i].stack, &parts[i].stack, e) < 0) {
			free(parts);
			return NULL;
		}
	}
	return parts;
}

/* What is counted from where: steps, and the time since them; 0 while there are none. */
struct since {
	int growth_step, rate_step;
	double minutes, seconds;
};

/* The changes of a row while its sites are added up. */
struct changes {
	struct turnover start, minute;
};

static void add_site(struct entry *to, struct changes *sums, const struct ledger *l, const struct ledger_site *s, const struct since *since)
{
	const struct ledger_then *recent = ledger_step(s, since->rate_step);

	ledger_add_since(&sums->start, s, ledger_start(l, s));
	if (since->minutes > 0)
		ledger_add_since(&sums->minute, s, ledger_step(s, since->growth_step));
	if (since->seconds > 0 && s->alloc.bytes > recent->alloc_bytes)
		to->allocated_per_s += (double)(s->alloc.bytes - recent->alloc_bytes) / since->seconds;
	if (s->held_since >= 0 && l->seconds - s->held_since > to->held_seconds)
		to->held_seconds = l->seconds - s->held_since;
}

static int64_t per_minute(int64_t bytes, double minutes)
{
	double scaled = (double)bytes / minutes;

	return fabs(scaled) < 9e18 ? (int64_t)scaled : scaled < 0 ? INT64_MIN : INT64_MAX;
}

static void judge(struct entry *to, const struct changes *sums, uint64_t every, double minutes)
{
	struct difference d;

	to->grown = estimate_turnover(&sums->start, every);
	if (minutes <= 0)
		return;
	d = estimate_turnover(&sums->minute, every);
	to->per_minute = (struct difference){ per_minute(d.bytes, minutes), per_minute(d.low, minutes), per_minute(d.high, minutes) };
}

/* What is gone altogether has no row any more, but it is part of how the whole has changed. */
static int add_up(struct board *b, const struct ledger *l, struct entry *of_row, struct err *e)
{
	_cleanup_(freep) struct changes *sums = calloc(b->rows.count + 1, sizeof(*sums));
	struct since since = { 0 };
	struct changes of_all = { 0 };
	struct entry all = { 0 };

	if (!sums)
		return err_set(e, ENOMEM, "out of memory for the rows");
	b->has_growth = ledger_growth(l, &since.minutes, &since.growth_step);
	b->has_rate = ledger_rate(l, &since.seconds, &since.rate_step);
	for (size_t i = 0; i < l->count; i++) {
		uint32_t row = b->rows.of_part[i];

		add_site(&all, &of_all, l, &l->sites[i], &since);
		if (row != ROWS_NONE)
			add_site(&of_row[row], &sums[row], l, &l->sites[i], &since);
	}
	for (size_t i = 0; i < b->rows.count; i++)
		judge(&of_row[i], &sums[i], l->last.sample_bytes, since.minutes);
	judge(&all, &of_all, l->last.sample_bytes, since.minutes);
	b->grown = all.grown;
	b->per_minute = all.per_minute;
	b->allocated_per_s = all.allocated_per_s;
	return 0;
}

static bool matches(const struct board_look *look, const struct row *row)
{
	_cleanup_(buf_done) struct buf text = { 0 };

	if (!look->filter)
		return true;
	if (*row->module)
		buf_printf(&text, "%.*s", MATCHED_MOST, row->module);
	else if (row->thread)
		buf_printf(&text, "thread %u", row->thread);
	else
		buf_printf(&text, "%.*s %.*s:%d", MATCHED_MOST / 2, row->function, MATCHED_MOST / 2, row->file,
			   row->line);
	return text.data && regexec(look->filter, text.data, 0, NULL, 0) == 0;
}

struct order {
	enum board_sort sort;
	bool reversed;
};

static double figure(const struct entry *x, enum board_sort sort)
{
	switch (sort) {
	case SORT_TOTAL:
		return (double)x->row.total_bytes;
	case SORT_GROWN:
		return (double)x->grown.bytes;
	case SORT_PER_MINUTE:
		return (double)x->per_minute.bytes;
	case SORT_ALLOCATED:
		return x->allocated_per_s;
	case SORT_BLOCKS:
		return (double)x->row.own.blocks;
	case SORT_AGE:
		return x->held_seconds;
	default:
		return (double)x->row.own.bytes;
	}
}

static int by_name(const struct row *a, const struct row *b)
{
	int c = strcmp(*a->module ? a->module : a->file, *b->module ? b->module : b->file);

	if (c == 0)
		c = a->line < b->line ? -1 : a->line > b->line;
	return c ? c : strcmp(a->function, b->function);
}

static int by_order(const void *one, const void *other, void *how)
{
	const struct entry *a = one, *b = other;
	const struct order *o = how;
	double x = figure(a, o->sort), y = figure(b, o->sort);
	int c = x < y ? 1 : x > y ? -1 : 0;

	if (o->sort == SORT_NAME)
		c = by_name(&a->row, &b->row);
	if (c == 0)
		c = a->row.own.bytes < b->row.own.bytes ? 1 : a->row.own.bytes > b->row.own.bytes ? -1 : 0;
	if (c == 0)
		c = by_name(&a->row, &b->row);
	return o->reversed ? -c : c;
}

/* Rows that only call others have nothing of their own: they are there to be sorted by total, and to be searched for. */
static bool is_shown(const struct ledger *l, const struct board_look *look, const struct entry *x)
{
	if (l->marked >= 0 && x->grown.bytes <= 0)
		return false;
	if (x->row.own.bytes == 0 && look->sort != SORT_TOTAL && !look->filter &&
	    !(look->sort == SORT_ALLOCATED && x->allocated_per_s > 0))
		return false;
	return matches(look, &x->row);
}

static void choose(struct board *b, const struct ledger *l, const struct board_look *look)
{
	struct order order = { look->sort, look->reversed };

	for (size_t i = 0; i < b->rows.count; i++) {
		struct entry *x = &b->at[i];

		x->row = b->rows.at[i];
		if (!is_shown(l, look, x)) {
			b->left_out += x->row.own.bytes > 0;
			continue;
		}
		x->key = board_key(&x->row, look->by);
		estimate_add(&b->shown, &x->row.own);
		b->at[b->count++] = *x;
	}
	if (b->count)
		qsort_r(b->at, b->count, sizeof(*b->at), by_order, &order);
}

int board_build(struct board *ret, struct ledger *l, const struct board_look *look, struct err *e)
{
	_cleanup_(board_done) struct board b = { 0 };
	_cleanup_(freep) struct part *parts = parts_of(l, look, e);
	int r;

	if (!parts)
		return -ENOMEM;
	r = rows_build(&b.rows, look->by, l->names, parts, l->count, e);
	if (r < 0)
		return r;
	b.sum = b.rows.sum;
	b.at = calloc(b.rows.count + 1, sizeof(*b.at));
	if (!b.at)
		return err_set(e, ENOMEM, "out of memory for the rows");
	r = add_up(&b, l, b.at, e);
	if (r < 0)
		return r;
	choose(&b, l, look);
	*ret = b;
	b = (struct board){ 0 };
	return 0;
}
