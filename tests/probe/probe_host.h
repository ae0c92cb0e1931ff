/*
 * probe_host: this process as the target: the real probe, loaded, armed, and called as if it had been hooked.
 *
 * What the hooks stand in for is made of air by default: addresses that are given out once, backed by memory that is
 * only touched when somebody copies into it. So 10^7 allocations take a moment. One host per process; Check forks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check_memspy.h"
#include "memspy/heap.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

struct host {
	struct probe_header *header; /* as the probe sees the table */
	struct probe_private *pages;
	struct probe_config *config;
	struct heap *heap;
	struct remote *remote;
	uint64_t random; /* of the test itself; the same in every run */

	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void (*free)(void *);
	void *(*mmap)(void *, size_t, int, int, int, int64_t);
	int (*munmap)(void *, size_t);
	void *(*mem_malloc)(void *, size_t);
	void *(*obj_malloc)(void *, size_t);
	void *(*obj_calloc)(void *, size_t, size_t);
	void *(*obj_realloc)(void *, void *, size_t);
	void (*obj_free)(void *, void *);
};
extern struct host host;
extern struct err e;

/* The main of a program that is no test: Check's assertions, which the host is full of, want to stand in one. Its exit code. */
int host_program(const char *name, const TTest *run);

/* Loads and arms. T in bytes; the table is the smallest that holds what the test wants alive. */
void host_start(uint64_t sample_bytes, uint64_t table_bytes);
/* From now on all is passed on, as in front of debug hooks, and free leads to us as well. */
void host_wrapped(void);
/* Before that: so many tables, all but the first for children, which are followed. Its private pages are wiped by a fork. */
extern unsigned host_tables;
/* Empties and arms again: a new session. */
void host_arm(uint64_t sample_bytes);
/* The same samples in every run: this thread's generator and the one under the GIL start from here. */
void host_seed(uint64_t seed);
/* This thread's distance to its next sample. */
struct probe_slot *host_slot(void);
/* Is a free of this let through by the filter; and by the sieve behind it, so that it looks into the table? */
bool host_filter_has(const void *p);
bool host_sieve_has(const void *p);

/* The next originals: libc's own, for tests that need real memory and real reuse of addresses. */
void host_use_libc(void);
/* What realloc of the air does. */
extern enum host_realloc { REALLOC_MOVES, REALLOC_IN_PLACE, REALLOC_FAILS } host_realloc;

extern void *host_given_again; /* not NULL: what the next malloc gives, whoever has it */

/* Python frames made by hand: allocations from here on are on this line of this function; 0: no frame at all. */
void host_line(unsigned line);

/* What heap_take says: over all sites, over those of a domain. */
enum tally { LIVE, ALLOC, PEAK, TEMPORARY };
struct estimate host_estimate(enum tally which);
struct estimate host_domain(enum tally which, enum domain domain);
/* Of one line: its node is looked up in the table. */
struct estimate host_line_estimate(enum tally which, unsigned line);
struct losses host_lost(void);

/* Every entry can be found, and the sites' sums are those of the entries. Nobody may be allocating. */
void host_check_table(void);

/* ---- the mathematics that the results are held against (docs/decisions/0003-estimates.md) ---- */

double host_uniform(void); /* (0, 1] */
double host_gap(double mean);
double expected_variance(double size, double period); /* of the estimated bytes of one block */
/* |got - want| within six standard deviations, and half a unit of rounding for each sample. */
void within_six_sigma(const char *what, double got, double want, double sigma, double rounding);
/* The largest distance of n numbers, sorted here, from the uniform law, times the root of n. */
double kolmogorov_smirnov(double *u, size_t n);
