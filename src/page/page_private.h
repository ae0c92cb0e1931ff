/*
 * page_private: what the HTML page is made of, on its way from the recording into one file. Serves this folder only.
 *
 * One pass over the recording keeps a bounded history (page_history.c): every tick's totals, and the figures of every
 * site at some moments. What weighs little is merged so that the page stays small (page_fit.c, page_merge.c); columns
 * of numbers are packed (page_pack.c, page_figures.c) beside a head of JSON (page_head.c) and the source lines that
 * could be read (page_source.c). web/data.js reads what is written here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/estimate.h"
#include "memspy/names.h"
#include "memspy/page.h"
#include "memspy/series.h"

enum {
	PAGE_TICKS_MOST = 4000,	  /* of the timeline; older neighbours are merged beyond */
	PAGE_MOMENTS = 120,	  /* a window begins and ends at one of so many moments at most */
	PAGE_ENTRIES_MOST = 400000, /* figures of sites at moments that are held: 50 MB */
	PAGE_THREADS_MOST = 60,
};

struct page_tick {
	uint64_t us, rss, pss, live, low, high, lost, table;
	bool has_pss, has_heap;
};

struct page_moment {
	uint64_t us, sample_bytes;
};

/* A site as of a moment; sites without an entry there are as they were. */
struct page_entry {
	uint32_t site, moment;
	struct estimate live, alloc, temporary;
};

#define PAGE_NONE UINT32_MAX

struct page_history {
	struct series *series; /* read to its end */
	uint64_t first_rss, most_rss, peak_us;
	double last_seconds, mark_seconds;
	size_t ticks_read;

	struct page_tick *ticks;
	size_t tick_count;
	struct page_moment moments[PAGE_MOMENTS + 4];
	size_t moment_count, steps;
	uint32_t mark; /* the moment that the view leaks looks back to, when it has come */

	struct page_entry *entries; /* by moment */
	size_t entry_count, entry_room;
	uint32_t *last;	 /* of a site: its newest entry, or PAGE_NONE */
	unsigned halved; /* so often */
	uint32_t *dirty; /* sites that changed since the newest moment */
	bool *is_dirty;
	size_t site_room, dirty_count;
};

/*
 * last_seconds: the time of the last tick, which says how far apart moments are. mark_seconds: the tick that the view
 * leaks looks back to.
 */
int page_history_read(struct page_history *h, const char *path, double last_seconds, double mark_seconds, struct err *e);
/* Every other moment goes; what was seen then is said by the next that stays. The first, the mark and the last stay. */
void page_history_halve(struct page_history *h);
void page_history_done(struct page_history *h);

/* Sites that the page tells apart: a stack in a thread, all its allocators together. */
struct page_group {
	uint32_t stack;	 /* of `names` below */
	uint32_t thread; /* place in threads; 0: several */
};

struct page_groups {
	struct names *names; /* only what the groups use, with long names cut */
	struct page_group *at;
	size_t count;
	uint32_t *of_site;
	uint32_t threads[PAGE_THREADS_MOST + 1];
	size_t thread_count;
	double *frame_weights; /* by frame id of names: how much goes through it; a rank, no figure */
	size_t merged_sites;   /* that lost their callers; of these, that lost their line */
	size_t merged_lines;
	struct estimate merged_live; /* what of the live bytes at the end stands on them */
};

/* How much a site, and a line with all its sites, ever is of all. */
struct page_weights {
	double *of_site, *of_line; /* by place; by frame id of the innermost frame */
	double *sites, *lines;	   /* the same, heaviest first */
	size_t site_count, line_count;
};

/* What is not above these is merged. */
struct page_limits {
	double small_site, small_line;
	unsigned halvings; /* of the moments: page_history_halve so often */
	size_t most_name;  /* bytes of a name; longer ones are cut */
};

int page_weigh(struct page_weights *ret, const struct page_history *h, struct err *e);
void page_weights_done(struct page_weights *w);
/* The widest limits within which the page takes about `room` bytes. Leaves most_name to the caller. */
int page_fit(struct page_limits *ret, const struct page_weights *w, const struct page_history *h, double room,
	     struct err *e);
int page_groups_make(struct page_groups *ret, const struct page_history *h, const struct page_weights *weights,
		     const struct page_limits *limits, struct err *e);
void page_groups_done(struct page_groups *g);

/* A number of JavaScript is exact up to 2^53; a doubled difference of two such figures stays below. */
#define PAGE_FIGURE_MOST (1ull << 51)

void page_put(struct buf *to, uint64_t v);
void page_put_signed(struct buf *to, int64_t v);
int64_t page_figure(uint64_t v); /* no more than PAGE_FIGURE_MOST */
/* All columns of numbers; of these, the figures of sites. Appended. */
int page_pack(struct buf *to, const struct page_history *h, const struct page_groups *g, size_t *ret_entries,
	      struct err *e);
int page_pack_figures(struct buf *to, const struct page_history *h, const struct page_groups *g, size_t *ret_entries,
		      struct err *e);

/* What people read, as JSON; appended. */
int page_head(struct buf *to, const struct page_history *h, const struct page_groups *g, size_t entries,
	      const struct page_ask *ask, struct err *e);
/* What could be read of the files that the names name, as a list; appended. */
int page_sources(struct buf *to, const struct page_groups *g, uint64_t wall_ns, struct err *e);

/* The page without its data, from the build; 0 bytes where html was not built in. */
extern const unsigned char page_template[];
extern const size_t page_template_bytes;
