#include "change.h"

#include <string.h>

static const struct site nothing;

bool site_is_at_peak(const struct site *s)
{
	struct amount live, peak;

	if (memcmp(&s->live, &s->peak, sizeof(s->live)) == 0)
		return true;
	live = amount_of(&s->live);
	peak = amount_of(&s->peak);
	return memcmp(&live, &peak, sizeof(live)) == 0;
}

/* Only bytes, blocks and samples of what was temporary are told. */
static struct amount temporary_of(const struct site *s)
{
	struct amount a = amount_of(&s->temporary);

	a.figures[3] = a.figures[4] = 0;
	return a;
}

static bool between(struct change *ret, uint32_t site, const struct site *before, const struct site *after, bool at_peak)
{
	const struct amount live = amount_of(&after->live), live_before = amount_of(&before->live);
	const struct amount alloc = amount_of(&after->alloc), alloc_before = amount_of(&before->alloc);
	const struct amount peak = amount_of(&after->peak), peak_before = amount_of(&before->peak);
	const struct amount temporary = temporary_of(after), temporary_before = temporary_of(before);
	struct amount grew;

	memset(ret, 0, sizeof(*ret));
	ret->site = site;
	for (int i = 0; i < LIFETIME_BUCKETS; i++) {
		ret->ages[i] = (int64_t)after->lifetimes[i] - (int64_t)before->lifetimes[i];
		ret->has_ages |= ret->ages[i] != 0;
	}
	return amount_between(&ret->came, &alloc_before, &alloc) && amount_between(&grew, &live_before, &live) &&
	       amount_between(&ret->went, &grew, &ret->came) &&
	       amount_between(&ret->temporary, &temporary_before, &temporary) &&
	       amount_between(&ret->peak, at_peak ? &live : &peak_before, &peak);
}

static bool is_nothing(const struct change *c)
{
	return amount_is_nothing(&c->came) && amount_is_nothing(&c->went) && amount_is_nothing(&c->temporary) &&
	       amount_is_nothing(&c->peak) && !c->has_ages;
}

enum change_kind change_between(struct change ret[2], uint32_t site, const struct site *before, const struct site *after,
				bool at_peak)
{
	if (between(&ret[0], site, before, after, at_peak))
		return is_nothing(&ret[0]) ? CHANGE_NONE : CHANGE_ONE;
	between(&ret[0], site, before, &nothing, at_peak);
	between(&ret[1], site, &nothing, after, at_peak);
	return CHANGE_TWO;
}

static bool add(uint64_t *to, int64_t more, int64_t less)
{
	__int128 sum = (__int128)*to + more - less;

	*to = (uint64_t)sum;
	return sum >= 0 && sum <= INT64_MAX;
}

static bool add_variance(double *to, int64_t more, int64_t less)
{
	uint64_t whole = (uint64_t)amount_variance(*to);

	if (!add(&whole, more, less))
		return false;
	*to = (double)whole;
	return true;
}

static bool add_amount(struct estimate *to, const struct amount *more, const struct amount *less)
{
	const int64_t *m = more->figures, *l = less->figures;

	return add(&to->bytes, m[0], l[0]) && add(&to->blocks, m[1], l[1]) && add(&to->samples, m[2], l[2]) &&
	       add_variance(&to->variance, m[3], l[3]) && add(&to->sure_bytes, m[4], l[4]);
}

bool change_apply(struct site *s, const struct change *c, bool at_peak)
{
	static const struct amount none;
	bool good = add_amount(&s->alloc, &c->came, &none) && add_amount(&s->live, &c->came, &c->went) &&
		    add(&s->temporary.bytes, c->temporary.figures[0], 0) &&
		    add(&s->temporary.blocks, c->temporary.figures[1], 0) &&
		    add(&s->temporary.samples, c->temporary.figures[2], 0);

	for (int i = 0; c->has_ages && i < LIFETIME_BUCKETS && good; i++) {
		uint64_t n = s->lifetimes[i];

		if (c->ages[i] == 0)
			continue;
		good = add(&n, c->ages[i], 0) && n <= UINT32_MAX;
		s->lifetimes[i] = (uint32_t)n;
	}
	if (at_peak)
		s->peak = s->live;
	return good && add_amount(&s->peak, &c->peak, &none);
}
