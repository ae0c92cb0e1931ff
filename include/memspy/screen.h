/*
 * screen: what a live view shows of one or several processes, and what its keys do.
 *
 * A state and a picture of it: no terminal, no process, no clock. Whoever owns it feeds the ledgers, hands on the keys, and
 * shows the canvas. The picture fits any size from 40 columns and 8 rows on. Names of the target are escaped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "memspy/board.h"
#include "memspy/canvas.h"
#include "memspy/err.h"
#include "memspy/ledger.h"
#include "memspy/recording.h"

struct screen;

/* Letters are themselves. */
enum key {
	KEY_IS_NONE,
	KEY_IS_TAB = 9,
	KEY_IS_ENTER = 10,
	KEY_IS_ESCAPE = 27,
	KEY_IS_BACKSPACE = 127,
	KEY_IS_UP = 0x110000, /* behind the last character there is */
	KEY_IS_DOWN,
	KEY_IS_LEFT,
	KEY_IS_RIGHT,
	KEY_IS_PAGE_UP,
	KEY_IS_PAGE_DOWN,
	KEY_IS_HOME,
	KEY_IS_END,
	KEY_IS_BACK_TAB,
	KEY_IS_REDRAW,
};

enum screen_wish {
	WISH_NOTHING, /* to be drawn anew */
	WISH_QUIT,
	WISH_WRITE,   /* begin a recording of the process that is shown, or end it */
	WISH_REDRAW,  /* the whole terminal: something else has written on it */
};

/* Lines first .. first + count - 1 of a file as the target sees it, each with its newline. A fault has a sentence. */
typedef int screen_source(void *own, pid_t pid, const char *file, int first, int count, struct buf *to, struct err *e);

/* What a thread is called now; not 0: it has ended. */
typedef int screen_thread(void *own, pid_t pid, pid_t thread, struct buf *to);

struct screen_options {
	enum rows_by by;
	enum board_sort sort;
	bool own_code;
	const char *filter; /* NULL: none. Lent */
	double interval_s;
	screen_source *source; /* NULL: there is none to be had */
	screen_thread *thread; /* NULL: nobody knows */
	void *own;
};

/* Who is shown. Strings are copied. */
struct screen_process {
	pid_t pid;
	const char *name, *python;
	double age_seconds; /* of the process, when it was added; 0: not known */
	uint64_t rss_before; /* mapped before memspy came */
	uint64_t memory_limit; /* of its cgroup, bytes; 0: none, or not known */
	bool stays;	    /* the session is not ours: it goes on when we leave */
};

int screen_new(struct screen **ret, const struct screen_options *o, struct err *e);
void screen_free(struct screen *s);

/* The ledger to be fed is the screen's. seconds: on the clock that the ledger is fed with. */
int screen_add(struct screen *s, const struct screen_process *p, double seconds, struct ledger **ret, struct err *e);
/* Its ledger took a sample. */
int screen_taken(struct screen *s, size_t process, struct err *e);
void screen_gone(struct screen *s, size_t process, const char *how); /* "killed by signal 9"; "": nobody knows */
/* NULL: no recording goes on. The path is copied. */
void screen_recording(struct screen *s, size_t process, const char *path, double seconds, uint64_t bytes);
/* One sentence at the foot, until the next key. */
void screen_say(struct screen *s, bool wrong, const char *sentence);

/* How rows are chosen now. The filter is lent by the screen. */
struct board_look screen_look_of(const struct screen *s);
size_t screen_current(const struct screen *s);
/* What it asks of the owner is in *ret; 0 or a fault of memory. */
int screen_key(struct screen *s, int key, enum screen_wish *ret, struct err *e);
void screen_draw(struct screen *s, struct canvas *c);
