/*
 * ledger: what one process held, moment after moment, as far as a live view asks for it.
 *
 * Of every site it keeps the figures of now, of when we began to look and of a baseline that the person marked; of a site
 * that changed within the last minute those of that minute, too, in steps: bounded, however long it runs. Names are copied,
 * so that it may be fed from one source after another.
 *
 * It knows nothing of where samples come from nor of how they are shown.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/err.h"
#include "memspy/history.h"
#include "memspy/names.h"
#include "memspy/sample.h"

enum { LEDGER_STEPS = 7 }; /* of the last minute, ten seconds apart */

/* A site at an earlier moment: as much as tells how it has changed since, and how sure that is (estimate_growth). */
struct ledger_then {
	uint64_t live_bytes, live_sure, alloc_bytes, alloc_sure;
	double live_variance, alloc_variance;
	uint32_t live_samples, alloc_samples; /* modulo 2^32: differences are what is asked for */
};

/* All allocators of one stack in one thread. */
struct ledger_site {
	uint32_t stack, thread;
	struct estimate live, alloc;
	struct ledger_then first, marked; /* when we began to look; at the mark */
	struct ledger_then settled; /* as it is now, where there are no steps */
	struct ledger_then *steps; /* LEDGER_STEPS; NULL: at each of them it was as it is now */
	double held_since; /* seconds; since then it never was without live bytes. Negative: it holds nothing */
};

struct ledger {
	struct names *names; /* ours */
	struct ledger_site *sites;
	size_t count;
	struct sample last; /* its figures but not its sites */
	struct estimate live;
	double seconds; /* of the last sample, on the clock of who feeds us; the first: began */
	double began;
	double marked; /* when; negative: nothing is marked */
	size_t samples;
	struct history history;
	struct ledger_private *private;
};

int ledger_init(struct ledger *l, struct err *e);
void ledger_done(struct ledger *l);

/* From now on ids are those of other names: a new source begins. */
void ledger_source(struct ledger *l);
/* One sample with all its sites. A site that it leaves out has nothing live. Time does not go back. */
int ledger_take(struct ledger *l, const struct names *names, const struct sample *s, double seconds, struct err *e);

void ledger_mark(struct ledger *l);
void ledger_unmark(struct ledger *l);

/* How one site has changed since a moment of its own, added up. */
void ledger_add_since(struct turnover *to, const struct ledger_site *s, const struct ledger_then *then);
/* As it was when we began to look, or at the mark. */
const struct ledger_then *ledger_start(const struct ledger *l, const struct ledger_site *s);
const struct ledger_then *ledger_step(const struct ledger_site *s, int step);

/* The step that growth is counted from, a minute ago, or as long as is known; false while that is only some seconds. */
bool ledger_growth(const struct ledger *l, double *ret_minutes, int *ret_step);
/* The step that rates are counted from: some seconds ago; false while there is none. */
bool ledger_rate(const struct ledger *l, double *ret_seconds, int *ret_step);

/* A file as it is called below the folder above that which all files of the program have in common: "shop/cache.py". */
const char *ledger_file(const struct ledger *l, const char *file);
/* The stack without the frames of the import system and of the standard library; itself where nothing else is in it. */
int ledger_own_code(struct ledger *l, uint32_t stack, uint32_t *ret, struct err *e);
