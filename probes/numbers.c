/*
 * numbers: logarithm, weights, random gaps, without libm.
 *
 * The target may have unmasked floating-point exceptions or changed the rounding: we compute under the default
 * control word and put the target's back, flags included.
 */
#include "probe.h"

struct fp_state {
	uint32_t control;
};

static inline struct fp_state fp_begin(void)
{
	struct fp_state s = { 0 };

#if defined(__x86_64__)
	uint32_t ours = 0x1f80;

	__asm__ volatile("stmxcsr %0\n\tldmxcsr %1" : "=m"(s.control) : "m"(ours) : "memory");
#endif
	return s;
}

static inline void fp_end(struct fp_state s)
{
#if defined(__x86_64__)
	__asm__ volatile("ldmxcsr %0" ::"m"(s.control) : "memory");
#else
	(void)s;
#endif
}

static double as_double(uint64_t bits)
{
	union {
		uint64_t u;
		double d;
	} v = { .u = bits };

	return v.d;
}

/* ln(x) for normal x > 0: the exponent apart, the rest by the series of atanh; error below 1e-13. */
static double natural_log(double x)
{
	union {
		double d;
		uint64_t u;
	} v = { .d = x };
	int exponent = (int)(v.u >> 52) - 1023;
	double m = as_double((v.u & 0x000fffffffffffffu) | 0x3ff0000000000000u);
	double t, t2, sum = 0;

	if (m > 1.4142135623730951) {
		m *= 0.5;
		exponent++;
	}
	t = (m - 1.0) / (m + 1.0);
	t2 = t * t;
	for (int k = 17; k >= 1; k -= 2)
		sum = sum * t2 + 1.0 / k;
	return 2.0 * t * sum + exponent * 0.6931471805599453;
}

/* 1 - exp(-x), x >= 0: a short series for a small part of x, then doubling, so that no digits cancel. */
static double one_minus_exp(double x)
{
	int doublings = 0;
	double p;

	if (x > 45.0)
		return 1.0;
	while (x > 0.03125) {
		x *= 0.5;
		doublings++;
	}
	p = x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6)))));
	while (doublings--)
		p = p * (2.0 - p);
	return p;
}

/* A block of n bytes is picked with probability 1 - exp(-n / period), so each one picked stands for n / that. */
struct weight weigh_chance(uint64_t size, uint64_t period)
{
	struct fp_state fp = fp_begin();
	double s = (double)size, p = one_minus_exp(s / (double)period);
	struct weight w;

	w.bytes = (uint64_t)(s / p + 0.5);
	w.inverse = (uint64_t)(4096.0 / p + 0.5);
	w.variance = (uint64_t)(s / p * (s / p - s) / 256.0 + 0.5);
	w.sure_bytes = 0;
	fp_end(fp);
	return w;
}

uint64_t random_next(uint64_t *state) /* splitmix64 */
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Uniform in (0, 1], 53 bits. */
static double uniform(uint64_t *state)
{
	return (double)((random_next(state) >> 11) + 1) * 0x1p-53;
}

int64_t random_gap(uint64_t *state, uint64_t period)
{
	struct fp_state fp;
	double gap;
	int64_t whole;

	if (period == 0)
		return 0;
	fp = fp_begin();
	gap = -natural_log(uniform(state)) * (double)period;
	whole = (int64_t)gap;
	whole += (double)whole < gap; /* up: a block of n bytes is picked when gap <= n */
	fp_end(fp);
	return whole > 0 ? whole : 1;
}

bool random_keeps(uint64_t *state, uint64_t size, uint64_t old, uint64_t new_)
{
	struct fp_state fp = fp_begin();
	double p_old = old ? one_minus_exp((double)size / (double)old) : 1.0;
	double p_new = one_minus_exp((double)size / (double)new_);
	bool keep = uniform(state) * p_old <= p_new;

	fp_end(fp);
	return keep;
}
