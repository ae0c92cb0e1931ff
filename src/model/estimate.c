#include "memspy/estimate.h"

#include <math.h>

/* Figures of a target that lies may be of any size: their sum stays at the largest that a reader of JSON can hold. */
static uint64_t sum(uint64_t a, uint64_t b)
{
	uint64_t s;

	return __builtin_add_overflow(a, b, &s) || s > INT64_MAX ? INT64_MAX : s;
}

void estimate_add(struct estimate *to, const struct estimate *what)
{
	to->bytes = sum(to->bytes, what->bytes);
	to->blocks = sum(to->blocks, what->blocks);
	to->samples = sum(to->samples, what->samples);
	to->sure_bytes = sum(to->sure_bytes, what->sure_bytes);
	to->variance += what->variance;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void estimate_subtract(struct estimate *to, const struct estimate *what)
{
	to->bytes = less(to->bytes, what->bytes);
	to->blocks = less(to->blocks, what->blocks);
	to->samples = less(to->samples, what->samples);
	to->sure_bytes = less(to->sure_bytes, what->sure_bytes);
	to->variance = fmax(0, to->variance - what->variance);
}

/* Wilson and Hilferty's cube: three digits from two degrees of freedom on; z is the normal quantile. */
static double chi_square(double z, double degrees)
{
	double spread = 2.0 / (9.0 * degrees);
	double root = 1.0 - spread + z * sqrt(spread);

	return root > 0 ? degrees * root * root * root : 0;
}

static uint64_t to_bytes(double v)
{
	if (!(v > 0))
		return 0;
	return v >= 9e18 ? (uint64_t)9e18 : (uint64_t)(v + 0.5);
}

struct interval estimate_interval(const struct estimate *what, uint64_t sample_bytes)
{
	const double z = 1.959963985;
	double sure = (double)what->sure_bytes;
	double unsure = (double)less(what->bytes, what->sure_bytes);
	double n;

	/* Nothing uncertain was seen: what is too small to be seen may still be there. */
	if (unsure <= 0)
		return (struct interval){ what->bytes, what->bytes + (what->samples ? 0 : to_bytes(3.0 * (double)sample_bytes)) };
	if (what->variance <= 0)
		return (struct interval){ what->bytes, what->bytes };

	n = unsure * unsure / what->variance;
	return (struct interval){
		.low = to_bytes(sure + unsure * chi_square(-z, 2 * n) / (2 * n)),
		.high = to_bytes(sure + unsure * chi_square(z, 2 * n + 2) / (2 * n)),
	};
}

static int64_t rounded(double v)
{
	return v >= 0 ? (int64_t)to_bytes(v) : -(int64_t)to_bytes(-v);
}

/*
 * Zou and Donner's way with the difference of two lopsided intervals: what one may be too high and the other too low, and
 * the reverse, add up like the sides of a right angle. With symmetrical intervals it is the root of the summed variances.
 */
static struct difference combine(const struct estimate *minus, struct interval m, const struct estimate *plus, struct interval p)
{
	double bytes = (double)plus->bytes - (double)minus->bytes;
	double down = hypot((double)plus->bytes - (double)p.low, (double)m.high - (double)minus->bytes);
	double up = hypot((double)p.high - (double)plus->bytes, (double)minus->bytes - (double)m.low);

	return (struct difference){ (int64_t)plus->bytes - (int64_t)minus->bytes, rounded(bytes - down), rounded(bytes + up) };
}

struct difference estimate_difference(const struct estimate *before, const struct estimate *after, uint64_t before_sample_bytes,
				  uint64_t after_sample_bytes)
{
	return combine(before, estimate_interval(before, before_sample_bytes), after,
		       estimate_interval(after, after_sample_bytes));
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What went, one field of it: what came less what it grew by; at least nothing, at most all there was. */
static uint64_t went(uint64_t came, uint64_t before, uint64_t after)
{
	return least(before, after > before ? less(came, after - before) : sum(came, before - after));
}

/*
 * Let N be what is new of what is live after, G what is gone of what was live before. after - before = N - G, and so
 * with the variances: V(N) - V(G) = V(after) - V(before). N itself nobody counted, but it is part of what is live after and
 * of what came. The change is the surer the smaller N is, so it is taken as large as it can be.
 */
void estimate_turnover_add(struct turnover *to, const struct estimate *before, const struct estimate *after, const struct estimate *came)
{
	struct estimate new = {
		.bytes = least(after->bytes, came->bytes),
		.samples = least(after->samples, came->samples),
		.sure_bytes = least(after->sure_bytes, came->sure_bytes),
		.variance = fmin(after->variance, came->variance),
	};
	struct estimate gone = {
		.bytes = went(new.bytes, before->bytes, after->bytes),
		.samples = went(new.samples, before->samples, after->samples),
		.sure_bytes = went(new.sure_bytes, before->sure_bytes, after->sure_bytes),
		.variance = fmin(before->variance, fmax(0, new.variance - after->variance + before->variance)),
	};

	new.bytes = sum(gone.bytes, less(after->bytes, before->bytes)) - least(gone.bytes, less(before->bytes, after->bytes));
	estimate_add(&to->new, &new);
	estimate_add(&to->gone, &gone);
}

struct difference estimate_turnover(const struct turnover *t, uint64_t sample_bytes)
{
	return combine(&t->gone, estimate_interval(&t->gone, sample_bytes), &t->new, estimate_interval(&t->new, sample_bytes));
}

struct difference estimate_growth(const struct estimate *before, const struct estimate *after, const struct estimate *came,
			      uint64_t sample_bytes)
{
	struct turnover t = { 0 };

	estimate_turnover_add(&t, before, after, came);
	return estimate_turnover(&t, sample_bytes);
}
