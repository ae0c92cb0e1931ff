/*
 * plain: a live view as lines of text, one block per look: for pipes, logs and terminals that cannot do more.
 *
 * The form is a promise (docs/top.md): scripts may read it. The JSON form has one object to a line.
 */
#pragma once

#include <stddef.h>

#include "memspy/board.h"
#include "memspy/buf.h"
#include "memspy/ledger.h"
#include "memspy/screen.h"

struct plain_look {
	size_t most_rows;
	enum rows_by by;
	size_t columns; /* of the place and the function; 0: as many as they need */
};

void plain_block(struct buf *to, const struct screen_process *p, const struct ledger *l, const struct board *b,
		 const struct plain_look *look);
void plain_json(struct buf *to, const struct screen_process *p, const struct ledger *l, const struct board *b,
		const struct plain_look *look);
