/*
 * change: what a tick adds to the figures of a site. Serves this folder only.
 *
 * Writers make one of the figures before and after, readers add it to those before: so both have the same after each tick.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "amounts.h"
#include "memspy/buf.h"
#include "memspy/sample.h"
#include "sites_private.h"

struct change {
	uint32_t site; /* index; its id in the file is one more */
	struct amount came, went; /* allocated; live grows by came less went */
	struct amount temporary; /* the first three figures */
	struct amount peak;	 /* beyond what it was; at a tick that is the peak: beyond what is live after it */
	bool has_ages;
	int64_t ages[LIFETIME_BUCKETS]; /* not set, not even to 0, without has_ages; last: change_read clears the rest */
};

/* ---- change.c ---- */

enum change_kind {
	CHANGE_NONE, /* nothing that is written */
	CHANGE_ONE,
	CHANGE_TWO, /* figures of a target that lies: too far apart for one step; by way of nothing it can be said in two */
};

/* at_peak: what is peak becomes what is live after, at every site. */
enum change_kind change_between(struct change ret[2], uint32_t site, const struct site *before, const struct site *after,
				bool at_peak);
/* Is the peak what is live, as far as that is written? */
bool site_is_at_peak(const struct site *s);
/* false: the figures would be below 0 or too large; *s is as it was, or spoilt. */
bool change_apply(struct site *s, const struct change *c, bool at_peak);

/* ---- changes.c ---- */

/* How a tick adds up; for each reader one. */
struct changes {
	struct amounts amounts;
	uint32_t *changed; /* by the tick: indices of sites; one may be there twice */
	size_t changed_count, changed_room;
	uint32_t *apart; /* sites whose peak may be something else than what is live */
	size_t apart_count, apart_room;
	bool *is_apart; /* by site */
	size_t is_apart_room;
};

void changes_done(struct changes *c);
/* A tick begins. at_peak: the peak of all sites becomes what is live; those with a row see to it again. */
int changes_begin(struct changes *c, struct sites *s, bool at_peak, struct err *e);
/* -EBADMSG without a sentence: the figures are not possible. */
int changes_take(struct changes *c, struct sites *s, const struct change *what, bool at_peak, struct err *e);

/* ---- change_text.c ---- */

/* The row of a change. Amounts that have an id are written by it. */
void change_write(struct buf *to, const struct change *c, const struct amounts *a);
void amount_write(struct buf *to, const struct amount *a);

/* ---- change_read.c ---- */

/* The row at `at`; where it ends, or NULL: not such, or of a site or an amount that is not known. What stands at `end` can be
 * read, too, and is no digit. */
const char *change_read(const char *at, const char *end, const struct amounts *a, size_t sites, struct change *ret);
/* "[1,2]" at `at`; missing figures are 0. */
const char *amount_read(const char *at, const char *end, struct amount *ret);

/* ---- told.c ---- */

/* The figures of sites as the file has them so far, by index. */
struct told {
	struct site *at;
	size_t count, room;
};

void told_done(struct told *t);
/* Room for as many sites as there are; new ones have no figures. */
int told_room(struct told *t, const struct sites *s, struct err *e);
/*
 * The row that leads from what is told of a site to what it is now; nothing where they are the same. An amount that comes
 * again gets an id as long as there are less than most_amounts.
 */
int told_row(const struct told *t, struct buf *rows, uint32_t index, const struct site *now, bool at_peak, struct amounts *a,
	     size_t most_amounts, struct err *e);

/* ---- told_tick.c: for who writes ticks ---- */

struct told_tick {
	struct told told;
	size_t sites; /* that have their id */
	struct amounts amounts;
	size_t amount_count, most_amounts; /* amounts that were told, and may be */
	uint32_t *pending;		   /* sites that may not be as they were told */
	bool *is_pending;
	size_t pending_count, pending_room;
	struct buf rows;
};

void told_tick_done(struct told_tick *t);
/* A site may not be as it was told. */
int told_tick_changed(struct told_tick *t, const struct sites *s, size_t site, struct err *e);
/* Rows of all that changed since it was told, and the amounts they need. */
int told_tick_make(struct told_tick *t, const struct sites *s, bool *ret_at_peak, struct err *e);
/* The tick was written, or it was not. */
void told_tick_keep(struct told_tick *t, const struct sites *s);
void told_tick_forget(struct told_tick *t);
