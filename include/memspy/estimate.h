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

/* How much more one figure is than another, below 0 where it is less; 95 %. */
struct difference {
	int64_t bytes, low, high;
};

/*
 * after - before, of two recordings or of any figures that have no sample in common. The intervals of both are combined as
 * independent ones are, each side for itself: they are lopsided. T as it was for each.
 */
struct difference estimate_difference(const struct estimate *before, const struct estimate *after, uint64_t before_sample_bytes,
				  uint64_t after_sample_bytes);
/*
 * The same of what is live at two moments of one recording. A block that was there at both is in both with the same
 * weight and says nothing about the change: only what came and what went is uncertain. came: all that was allocated in
 * between, which bounds how much that can be; the widest interval that is possible with it is given.
 */
struct difference estimate_growth(const struct estimate *before, const struct estimate *after, const struct estimate *came,
			      uint64_t sample_bytes);
/*
 * The same of a sum whose parts are known one by one: what is new of what is live after, and what is gone of what was live
 * before, each as much as it can be. A part that turns over then does not blur the others. Zero it, add the parts, ask.
 */
struct turnover {
	struct estimate new, gone;
};
void estimate_turnover_add(struct turnover *to, const struct estimate *before, const struct estimate *after, const struct estimate *came);
struct difference estimate_turnover(const struct turnover *t, uint64_t sample_bytes);
