/*
 * sample: one process at one moment: what it holds and what the kernel says.
 *
 * Plain data. The sampler makes it, series and reports read it; neither knows the other. Stack and string
 * ids belong to the struct names that travels beside it. All bytes are integers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/estimate.h"

enum { LIFETIME_BUCKETS = 16 }; /* bucket b: freed after 2^(b-1) .. 2^b ms; 0: under 1 ms; the last: longer */

enum domain { DOMAIN_MALLOC, DOMAIN_MEM, DOMAIN_OBJ, DOMAIN_MMAP, DOMAIN_COUNT };
extern const char *const domain_names[DOMAIN_COUNT]; /* "malloc" "mem" "obj" "mmap" */

/* One stack in one thread through one allocator, since attach. */
struct site {
	uint32_t stack;	  /* stack id; 0: no Python frame */
	uint32_t thread;  /* kernel thread id as the daemon's pid namespace has it; 0: several (merged) */
	uint32_t domain;  /* enum domain */
	struct estimate live;  /* allocated less freed */
	struct estimate alloc; /* ever allocated */
	struct estimate peak;  /* live at the moment the whole heap was largest */
	struct estimate temporary; /* freed by the same thread within the next few sampled events */
	uint32_t lifetimes[LIFETIME_BUCKETS]; /* samples freed, by age */
};

/* Samples that did not make it, by cause; every one is shown. */
struct losses {
	uint64_t contention; /* allocations dropped: the table was busy for too long */
	uint64_t full;	     /* allocations dropped: the live table was full */
	uint64_t merged;     /* allocations booked under a merged stack: no room for their own */
	uint64_t text;	     /* functions without a name: no room for it */
	uint64_t frees;	     /* frees not booked: may look like leaks */
	uint64_t truncated;  /* stacks deeper than what is kept */
	uint64_t torn;	     /* entries that did not read consistently at this tick */
};

/* Bytes; has_detail tells whether the slower figures were read at this tick. */
struct memory {
	uint64_t rss;
	bool has_detail;
	uint64_t rss_anon, rss_file, rss_shmem, pss, swap;
};

struct sample {
	uint64_t time_ns;     /* CLOCK_MONOTONIC of the daemon */
	struct memory memory; /* the probe's table is in rss and rss_shmem; table_bytes says how much */
	uint64_t table_bytes; /* resident bytes of our own in the target */
	bool has_heap;
	uint64_t sample_bytes; /* T in force; 0: exact */
	uint64_t peak_bytes;   /* the largest live estimate so far */
	struct losses lost;
	struct site *sites; /* all sites, absolute figures; owned */
	size_t site_count;
};

void sample_done(struct sample *s);
struct estimate sample_live(const struct sample *s); /* the sum over sites */
uint64_t losses_total(const struct losses *l);	     /* samples lost: contention + full + frees */
