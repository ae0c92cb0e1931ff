/*
 * estimate: a figure weighed up from samples, and how sure it is.
 *
 * A block of s bytes is picked with probability p = 1 - exp(-s/T) and then stands for s/p bytes and 1/p
 * blocks. All five fields add: over blocks, sites, functions. Never multiply samples by T, and never
 * correct a sum.
 */
#pragma once

#include <stdint.h>

struct estimate {
	uint64_t bytes;	  /* sum of s/p */
	uint64_t blocks;  /* sum of 1/p */
	uint64_t samples; /* blocks picked */
	uint64_t sure_bytes; /* the part picked with p > 1 - 10^-9: certain, and left out of the interval */
	double variance;  /* of bytes, in bytes²: sum of w(w - s) */
};

struct interval {
	uint64_t low, high; /* bytes; 95 % */
};

void estimate_add(struct estimate *to, const struct estimate *what);
/* to - what, no field below zero. */
void estimate_subtract(struct estimate *to, const struct estimate *what);
/* The gamma form with n_eff = E²/V on the uncertain part. sample_bytes (T) bounds what none seen may hide. */
struct interval estimate_interval(const struct estimate *what, uint64_t sample_bytes);
