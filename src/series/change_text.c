/* The row of a change as text: [site, came, went, ages, temporary, peak], docs/recording-format.md. */
#include "change.h"
#include "number_text.h"

void amount_write(struct buf *to, const struct amount *a)
{
	int count = AMOUNT_FIGURES;

	while (count > 0 && a->figures[count - 1] == 0)
		count--;
	buf_putc(to, '[');
	for (int i = 0; i < count; i++) {
		if (i)
			buf_putc(to, ',');
		number_write(to, a->figures[i]);
	}
	buf_putc(to, ']');
}

static void write_amount(struct buf *to, const struct amount *what, int64_t id)
{
	if (id || amount_is_nothing(what))
		number_write(to, id);
	else
		amount_write(to, what);
}

/* A number: one more that was as old as that. Otherwise pairs of bucket and how many more. */
static void write_ages(struct buf *to, const struct change *c)
{
	int buckets = 0, last = 0;
	bool first = true;

	for (int i = 0; c->has_ages && i < LIFETIME_BUCKETS; i++)
		if (c->ages[i]) {
			buckets++;
			last = i;
		}
	if (buckets == 1 && c->ages[last] == 1) {
		number_write(to, last);
		return;
	}
	buf_putc(to, '[');
	for (int i = 0; buckets && i < LIFETIME_BUCKETS; i++) {
		if (!c->ages[i])
			continue;
		if (!first)
			buf_putc(to, ',');
		first = false;
		number_write(to, i);
		buf_putc(to, ',');
		number_write(to, c->ages[i]);
	}
	buf_putc(to, ']');
}

/* What was temporary is told by three figures: any amount that begins with these will do. Mostly it is all that came. */
static int64_t find_temporary(const struct change *c, const struct amounts *a)
{
	const struct amount *const others[] = { &c->came, &c->went };

	for (int i = 0; i < 2; i++) {
		const int64_t *x = others[i]->figures, *t = c->temporary.figures;

		if (x[0] == t[0] && x[1] == t[1] && x[2] == t[2] && amounts_find(a, others[i]))
			return amounts_find(a, others[i]);
	}
	return amounts_find(a, &c->temporary);
}

void change_write(struct buf *to, const struct change *c, const struct amounts *a)
{
	const int parts = !amount_is_nothing(&c->peak) ? 5 : !amount_is_nothing(&c->temporary) ? 4 : c->has_ages ? 3 :
			  !amount_is_nothing(&c->went) ? 2 : 1;

	buf_putc(to, '[');
	number_write(to, (int64_t)c->site + 1);
	for (int i = 0; i < parts; i++) {
		buf_putc(to, ',');
		switch (i) {
		case 0: write_amount(to, &c->came, amounts_find(a, &c->came)); break;
		case 1: write_amount(to, &c->went, amounts_find(a, &c->went)); break;
		case 2: write_ages(to, c); break;
		case 3: write_amount(to, &c->temporary, find_temporary(c, a)); break;
		case 4: write_amount(to, &c->peak, amounts_find(a, &c->peak)); break;
		}
	}
	buf_putc(to, ']');
}
