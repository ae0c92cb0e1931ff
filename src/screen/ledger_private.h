/*
 * ledger_private: how a ledger finds its sites, names and the last minute again. Serves this folder only.
 */
#pragma once

#include <stdint.h>

#include "memspy/ledger.h"
#include "memspy/own_code.h"

struct ledger_private {
	struct ledger_index *by_key;
	size_t site_room;
	uint32_t *stack_of; /* our stack + 1 by theirs; 0: not seen yet */
	size_t stack_room;
	struct own_code own_code;
	char *folder; /* what all files of the program have in common, up to and with a slash; NULL: none was seen yet */
	double step_at[LEDGER_STEPS]; /* seconds; the newest at `newest` */
	int steps, newest;
};

void ledger_saw_file(struct ledger *l, const char *file);
/* Makes room for an index, zeroed. */
int ledger_room(uint32_t **array, size_t *room, size_t index, struct err *e);

/* ---- ledger_steps.c ---- */

struct ledger_then ledger_now(const struct ledger_site *s);
/* Sites that just changed keep what they were, from here on. */
int ledger_keep_changed(struct ledger *l, struct err *e);
/* A step begins, if it is time: what is so now is what was so then, later. */
void ledger_begin_step(struct ledger *l);
