/*
 * ledger: what one process held, moment after moment, as far as a live view asks for it.
 *
 * Of every site it keeps the figures of now, of when we began to look, of a baseline that the person marked, and of the
 * last minute in steps: bounded, however long it runs. Names are copied, so that it may be fed from one source after another.
 * Growth and rates are of estimates and as sure as these.
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

/* All allocators of one stack in one thread. */
struct ledger_site {
	uint32_t stack, thread;
	struct estimate live, alloc;
	uint64_t first_bytes, marked_bytes; /* live when we began to look; live at the mark */
	double held_since; /* seconds; since then it never was without live bytes. Negative: it holds nothing */
	uint64_t live_then[LEDGER_STEPS], alloc_then[LEDGER_STEPS]; /* bytes, by step */
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

/* The step that growth is counted from, a minute ago, or as long as is known; false while that is only some seconds. */
bool ledger_growth(const struct ledger *l, double *ret_minutes, int *ret_step);
/* The step that rates are counted from: some seconds ago; false while there is none. */
bool ledger_rate(const struct ledger *l, double *ret_seconds, int *ret_step);

/* A file as it is called below the folder above that which all files of the program have in common: "shop/cache.py". */
const char *ledger_file(const struct ledger *l, const char *file);
/* The stack without the frames of the import system and of the standard library; itself where nothing else is in it. */
int ledger_own_code(struct ledger *l, uint32_t stack, uint32_t *ret, struct err *e);
