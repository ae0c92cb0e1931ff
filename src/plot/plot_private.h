/*
 * plot_private: from files to something that can be drawn. Serves this folder only.
 *
 * A file is read into tracks (one process each); tracks become a chart: curves and lanes over one axis of time. The
 * chart is what pictures and terminals draw: they know nothing of files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/plot.h"
#include "memspy/units.h"

/* ---- tracks ---- */

/* One moment. A value with an interval: low <= is <= high. */
struct level {
	uint64_t is, low, high;
};

struct tick {
	double t; /* seconds since the track's begin */
	uint64_t number; /* how many were before it in the file */
	uint64_t rss;
	bool has_heap;
	struct level heap, function;
	uint64_t lines[PLOT_LINES_MOST];
};

struct bar {
	double from, to;
};

struct lane { /* when a function was there */
	char *name;
	size_t colour;
	struct bar *bars;
	size_t count;
};

struct track {
	char *file;   /* the name of its file, as it is shown: escaped */
	char *name;   /* of the process, likewise */
	char *about;  /* "2026-11-20 14:02:11, 60 s, sampled every 512 KiB" */
	double begin; /* seconds since 1970; 0: not known */
	struct tick *ticks;
	size_t count, room;
	char *lines[PLOT_LINES_MOST]; /* names of the lines, the largest first; NULL from the end on */
	char *function;
	struct lane *lanes;
	size_t lane_count;
	uint64_t lost; /* samples */
	uint64_t limit; /* of the memory of its cgroup, bytes; 0: none, or not known */
};

struct tracks {
	struct track *at;
	size_t count;
};

void tracks_done(struct tracks *t);
int tracks_add(struct tracks *t, struct track **ret, struct err *e);
/* The moments of a track stay bounded: see track_thin. */
int track_tick(struct track *t, const struct tick *m, struct err *e);
/* At most so many, if that is more than 16: of each eight those with the lowest and highest RSS and heap remain. */
void track_thin(struct track *t, size_t most);
int track_bar(struct track *t, const char *name, struct bar bar, struct err *e);

/* Reads a file to the end of tracks, with one more behind it, or several (mprof's children). */
int plot_read(struct tracks *to, const char *path, const struct plot_ask *ask, struct err *e);
int plot_read_recording(struct tracks *to, const char *path, const struct plot_ask *ask, struct err *e);
int plot_read_mprof(struct tracks *to, const char *path, const struct plot_ask *ask, struct err *e);
bool plot_is_mprof(const char *path);

bool plot_has_window(const struct plot_ask *ask);
/* Only the moments from..to stay, in seconds since the track's begin. */
void track_cut(struct track *t, double from, double to);
/* The stretch that is asked for, of the tracks of one file: those from `first` on. -EINVAL: there is nothing in it. */
int tracks_cut(struct tracks *all, size_t first, const char *path, const struct plot_ask *ask, struct err *e);

/* Of a path, what is behind the last "/", for people. */
char *plot_file_name(const char *path);

/* ---- the chart ---- */

struct spot {
	double t;
	double y, low, high; /* bytes. Of an area: from low to y. Of a line: low and high are its interval */
};

enum curve_kind { CURVE_LINE, CURVE_AREA, CURVE_DASHED };

struct curve {
	enum curve_kind kind;
	size_t colour;
	bool thin, has_interval;
	bool is_above; /* areas lie under its interval */
	char *name; /* "RSS" */
	char figure[64]; /* "612.4 MiB"; "": the curve has no label */
	char more[64];	 /* "+3.1 MiB/min"; "": none */
	struct spot *spots;
	size_t count, room;
};

struct chart {
	char *title, *about, *note; /* note: what the picture does not say by itself */
	bool wall;
	double from, to; /* seconds; wall: since 1970 */
	double top;	 /* bytes: the upper end of the axis */
	struct curve *curves; /* in the order of drawing */
	size_t curve_count;
	struct lane *lanes;
	size_t lane_count;
	bool has_most;
	struct spot most; /* the highest RSS of a single process, where it is worth a mark */
};

/* Thins the tracks to what a picture can show. */
int chart_make(struct chart *ret, struct tracks *t, const struct plot_ask *ask, struct err *e);
void chart_done(struct chart *c);

struct plot {
	struct chart chart;
};

/* ---- axes ---- */

struct axis_mark {
	double at;
	char text[24];
};

enum { AXIS_MOST = 24 };

/* Round values from 0 to top, at most so many. */
size_t axis_bytes(double top, size_t most, struct axis_mark ret[AXIS_MOST]);
/* Round moments from..to; wall: by the clock of this place. */
size_t axis_time(double from, double to, bool wall, size_t most, struct axis_mark ret[AXIS_MOST]);
