/* host_math: what the figures are held against. */
#include <math.h>

#include "probe_host.h"

double host_uniform(void)
{
	uint64_t z = (host.random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double)(((z ^ (z >> 31)) >> 11) + 1) * 0x1p-53;
}

double host_gap(double mean)
{
	return -log(host_uniform()) * mean;
}

double expected_variance(double size, double period)
{
	double p = -expm1(-size / period);

	return size * size * (1 - p) / p;
}

void within_six_sigma(const char *what, double got, double want, double sigma, double rounding)
{
	ck_assert_msg(fabs(got - want) <= 6 * sigma + rounding, "%s: %.6g, should be %.6g ± %.3g (%.1f sigma away)", what,
		      got, want, sigma, sigma > 0 ? (got - want) / sigma : INFINITY);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double kolmogorov_smirnov(double *u, size_t n)
{
	double worst = 0;

	qsort(u, n, sizeof(*u), ascending);
	for (size_t i = 0; i < n; i++) {
		worst = fmax(worst, u[i] - (double)i / (double)n);
		worst = fmax(worst, (double)(i + 1) / (double)n - u[i]);
	}
	return worst * sqrt((double)n);
}
