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
