/*
 * intervals: what the C code says of many figures, a line of JSON each: the test holds the page's formula against it.
 */
#include <stdio.h>

#include "memspy/estimate.h"

static void print(const char *name, const struct estimate *v)
{
	printf("\"%s\":{\"bytes\":%llu,\"samples\":%llu,\"sure\":%llu,\"variance\":%.17g},", name,
	       (unsigned long long)v->bytes, (unsigned long long)v->samples, (unsigned long long)v->sure_bytes, v->variance);
}

/* Figures of n blocks of one size, and so many bytes that were sure to be seen. */
static struct estimate made(uint64_t size, uint64_t n, uint64_t sure)
{
	return (struct estimate){
		.bytes = size * n + sure, .blocks = n, .samples = n + (sure > 0), .sure_bytes = sure,
		.variance = (double)size * (double)size * 0.9 * (double)n,
	};
}

int main(void)
{
	static const uint64_t sizes[] = { 1, 700, 524544, 9000001, 70000000000 }, counts[] = { 0, 1, 2, 7, 300, 80000 };
	static const uint64_t sures[] = { 0, 5, 1 << 24 }, every[] = { 0, 512, 524288 };

	for (int i = 0; i < 5 * 6 * 3 * 3; i++) {
		uint64_t size = sizes[i % 5], n = counts[i / 5 % 6], sure = sures[i / 30 % 3], T = every[i / 90];
		struct estimate now = made(size, n, sure), before = made(size, n / 2 + i % 3, sure / 2);
		struct estimate came = made(size, n + i % 5, sure);
		struct interval v = estimate_interval(&now, T);
		struct difference g = estimate_growth(&before, &now, &came, T);

		printf("{\"T\":%llu,", (unsigned long long)T);
		print("now", &now);
		print("before", &before);
		print("came", &came);
		printf("\"interval\":{\"low\":%llu,\"high\":%llu},", (unsigned long long)v.low, (unsigned long long)v.high);
		printf("\"growth\":{\"low\":%lld,\"high\":%lld}}\n", (long long)g.low, (long long)g.high);
	}
	return 0;
}
