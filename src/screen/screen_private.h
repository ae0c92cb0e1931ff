/*
 * screen_private: the state of a screen, and the parts that draw it. Serves this folder only.
 */
#pragma once

#include <regex.h>

#include "memspy/callers.h"
#include "memspy/screen.h"

enum page { PAGE_TABLE, PAGE_CALLERS, PAGE_PROCESSES, PAGE_HELP };

enum { FILTER_MOST = 120, FOLDED_MOST = 64, SOURCE_AROUND = 12 };

/* A ledger as it was when it was last looked at: a picture stands still while it is paused. */
struct look_at {
	struct board board;
	struct sample last;
	struct estimate live;
	double seconds;
	double marked;
	struct history history;
};

struct shown {
	struct screen_process about; /* its strings are ours */
	double added; /* seconds */
	struct ledger ledger;
	struct look_at now;
	bool is_looked_at, is_gone;
	char how[64];
	char *file; /* of the recording that goes on */
	double file_seconds;
	uint64_t file_bytes;
	uint64_t selected; /* key of a row; 0: the first, whatever it is */
	size_t top;
	/* the callers of a row */
	uint64_t row;
	char *row_text;
	uint64_t row_bytes;
	struct callers callers;
	uint64_t caller; /* path; 0: the first */
	size_t caller_top;
	uint64_t folded[FOLDED_MOST];
	size_t folded_count;
};

struct screen {
	struct screen_options options;
	struct board_look look;
	regex_t expression;
	bool has_expression, is_bad; /* what is typed is no regular expression (yet) */
	bool is_typing;
	char filter[FILTER_MOST], filter_before[FILTER_MOST];
	enum page page, page_behind; /* help lies over a page */
	bool is_paused, has_unicode;
	bool graph_asked, graph_on;
	char message[200];
	bool message_is_wrong;
	struct shown **at;
	size_t count, current;
	size_t process_at; /* on the page of processes */
	int page_rows;	   /* of the list, when it was last drawn */
	int help_top;
	/* lines around a frame, kept while the frame stays selected */
	struct buf source;
	char *source_file;
	int source_first, source_asked; /* the first line at hand; the line they are around */
	char source_fault[200];
};

struct shown *screen_shown(const struct screen *s);
/* Makes the picture's figures anew from the ledger. */
int screen_look(struct screen *s, struct shown *p, struct err *e);
int screen_look_all(struct screen *s, struct err *e);
int screen_open_callers(struct screen *s, struct err *e);
/* The place of the selected row or node; 0 where it is not there any more. */
size_t screen_row_at(const struct shown *p);
size_t screen_caller_at(const struct shown *p);
bool screen_is_folded(const struct shown *p, uint64_t path);
void screen_fold(struct shown *p, uint64_t path, bool fold);
/* The next node that is to be seen, or count. */
size_t screen_next_caller(const struct shown *p, size_t at);

/* "shop/cache.py:88 remember", "json.decoder", "thread 4712 worker": escaped. */
void screen_name_row(const struct screen *s, const struct shown *p, const struct row *row, enum rows_by by, struct buf *to);

/* Sets the filter as typed; a bad one leaves the last good one. */
int screen_filter(struct screen *s, struct err *e);

/* ---- drawing, from row up to end ---- */

/* The row behind it. */
int draw_header(struct screen *s, struct canvas *c);
void draw_table(struct screen *s, struct canvas *c, int row, int end);
void draw_callers(struct screen *s, struct canvas *c, int row, int end);
void draw_processes(struct screen *s, struct canvas *c, int row, int end);
void draw_help(struct screen *s, struct canvas *c, int row, int end);
void draw_footer(struct screen *s, struct canvas *c);

/* "shop/cache.py:88 remember" before column end. */
void draw_where(const struct screen *s, const struct shown *p, struct canvas *c, int row, int column, int end, enum rows_by by,
		const struct row *what);
/* The rows of a list that are seen when `at` must be: the first of them. */
size_t draw_from(size_t top, size_t at, size_t count, int rows);

/* Figures in few columns: "51.2K", "2.1h", "+204 ± 24 MiB", "▲ 204 ± 24 MiB/min". */
struct units_text short_bytes(double bytes);
struct units_text short_seconds(double seconds);
struct change_text {
	char text[72];
};
struct change_text put_change_text(const struct canvas *c, const struct difference *d, bool has_interval, int decimals);
void put_trend(struct canvas *c, int row, int *column, int end, const struct difference *per_minute);
