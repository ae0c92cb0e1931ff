#include "memspy/outline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/call_tree.h"
#include "memspy/cleanup.h"
#include "memspy/text.h"
#include "memspy/units.h"

enum { STEM_COLUMNS = 48 };

struct outline {
	struct call_tree *tree;
};

const char outline_head[] = "      total         own   % all";

static void outline_freep(struct outline **o)
{
	outline_free(*o);
}

int outline_new(struct outline **ret, const struct report *r, struct err *e)
{
	_cleanup_(outline_freep) struct outline *o = calloc(1, sizeof(*o));
	int code = o ? call_tree_of_view(&o->tree, r, e) : err_set(e, ENOMEM, "out of memory for a tree");

	if (code == 0)
		*ret = TAKE(o);
	return code;
}

void outline_free(struct outline *o)
{
	if (!o)
		return;
	call_tree_free(o->tree);
	free(o);
}

uint32_t outline_count(const struct outline *o)
{
	return o->tree->count;
}

uint32_t outline_parent(const struct outline *o, uint32_t branch)
{
	return o->tree->at[branch].parent;
}

uint32_t outline_after(const struct outline *o, uint32_t branch)
{
	return o->tree->at[branch].after;
}

static int by_bytes(const void *one, const void *other)
{
	const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return a < b ? 1 : a > b ? -1 : 0;
}

/* Nobody is larger than its caller: of the largest, all callers are. Of those that are as large, callers come first. */
int outline_largest(const struct outline *o, size_t most, bool *shown, struct err *e)
{
	const struct branch *at = o->tree->at;
	const uint32_t count = o->tree->count;
	_cleanup_(freep) uint64_t *bytes = calloc(count, sizeof(*bytes));
	uint64_t least;
	size_t left = most;

	if (!bytes)
		return err_set(e, ENOMEM, "out of memory for a tree");
	memset(shown, 0, count * sizeof(*shown));
	for (uint32_t i = 1; i < count; i++)
		bytes[i - 1] = at[i].total.bytes;
	qsort(bytes, count - 1, sizeof(*bytes), by_bytes);
	least = most < count - 1 ? bytes[most] : 0;
	for (uint32_t i = 1; i < count && left; i++)
		if (at[i].total.bytes > least) {
			shown[i] = true;
			left--;
		}
	for (uint32_t i = 1; i < count && left; i++)
		if (at[i].total.bytes == least && (at[i].parent == 0 || shown[at[i].parent])) {
			shown[i] = true;
			left--;
		}
	return 0;
}

/* ---- a page ---- */

struct paging {
	const struct outline *o;
	const bool *shown;
	struct outline_page *page;
	size_t room;
	uint32_t *left;	    /* of a branch: how many of its shown calls are still to come */
	uint32_t *rest;	    /* of a branch: how many of its calls are not shown */
	uint64_t *rest_bytes;
	size_t *below;	    /* of a branch: the stem of what is below it */
};

static void paging_done(struct paging *p)
{
	free(p->left);
	free(p->rest);
	free(p->rest_bytes);
	free(p->below);
}

void outline_page_done(struct outline_page *p)
{
	free(p->at);
	buf_done(&p->stems);
	*p = (struct outline_page){ 0 };
}

/* The stem and what is added to it, as a stem of its own. It loses its beginning where it gets too long. */
static size_t add_stem(struct paging *p, size_t stem, const char *more)
{
	struct buf *stems = &p->page->stems;
	_cleanup_(freep) char *old = stems->data ? strdup(stems->data + stem) : NULL;
	const char *from = old ? old : "";
	size_t place = stems->length, columns = text_columns(from) + text_columns(more);

	if (columns > STEM_COLUMNS && strncmp(from, "…", 3) == 0)
		from += 3;
	if (columns > STEM_COLUMNS) {
		for (int skip = 2; skip && *from; skip--)
			do
				from++;
			while (((unsigned char)*from & 0xc0) == 0x80);
		buf_puts(stems, "…");
	}
	buf_puts(stems, from);
	buf_puts(stems, more);
	buf_putc(stems, '\0');
	return place;
}

static struct outline_line *add_line(struct paging *p)
{
	struct outline_page *page = p->page;

	if (page->count == p->room) {
		size_t room = p->room ? p->room * 2 : 64;
		struct outline_line *at = realloc(page->at, room * sizeof(*at));

		if (!at)
			return NULL;
		page->at = at;
		p->room = room;
	}
	page->at[page->count] = (struct outline_line){ 0 };
	return &page->at[page->count++];
}

/* Its caller holds nothing itself and calls nobody else: they stand at one depth. */
static bool is_only_call(const struct outline *o, uint32_t branch)
{
	const struct branch *at = o->tree->at;
	uint32_t parent = at[branch].parent;

	return parent && at[parent].after == at[branch].after && branch == parent + 1 && at[parent].own.bytes == 0;
}

static int add_branch(struct paging *p, uint32_t i)
{
	const uint32_t parent = p->o->tree->at[i].parent;
	const bool last = p->left[parent] == 1 && p->rest[parent] == 0;
	struct outline_line *line = add_line(p);

	if (!line)
		return -ENOMEM;
	p->left[parent]--;
	line->branch = i;
	line->is_folded = outline_has_calls(p->o, i) && p->left[i] == 0;
	if (parent == 0) {
		line->stem = p->below[i] = add_stem(p, 0, "");
	} else if (is_only_call(p->o, i)) {
		line->stem = p->below[i] = p->below[parent];
	} else {
		line->stem = add_stem(p, p->below[parent], last ? "└ " : "├ ");
		p->below[i] = add_stem(p, p->below[parent], last ? "  " : "│ ");
	}
	return 0;
}

/* Behind the last that is shown of a caller stands how many are not. */
static int add_rest(struct paging *p, uint32_t parent)
{
	struct outline_line *line;

	if (p->rest[parent] == 0)
		return 0;
	line = add_line(p);
	if (!line)
		return -ENOMEM;
	line->rest = p->rest[parent];
	line->rest_bytes = p->rest_bytes[parent];
	line->stem = parent ? add_stem(p, p->below[parent], "└ ") : 0;
	return 0;
}

static void count_calls(struct paging *p)
{
	for (uint32_t i = 1; i < p->o->tree->count; i++) {
		uint32_t parent = p->o->tree->at[i].parent;

		if (p->shown[i]) {
			p->left[parent]++;
		} else {
			p->rest[parent]++;
			p->rest_bytes[parent] += p->o->tree->at[i].total.bytes;
		}
	}
	for (uint32_t i = 0; i < p->o->tree->count; i++)
		if (p->left[i] == 0) /* folded: that is said by its own line */
			p->rest[i] = 0;
}

/* Who was open before branch i and does not hold it has ended. */
static int close_before(struct paging *p, uint32_t i, uint32_t *open)
{
	for (; *open && i >= p->o->tree->at[*open].after; *open = p->o->tree->at[*open].parent)
		if (add_rest(p, *open) < 0)
			return -ENOMEM;
	return 0;
}

static int add_lines(struct paging *p)
{
	const uint32_t count = p->o->tree->count;
	uint32_t open = 0, i = 1;

	while (i < count) {
		if (close_before(p, i, &open) < 0)
			return -ENOMEM;
		if (!p->shown[i]) {
			i = p->o->tree->at[i].after;
			continue;
		}
		if (add_branch(p, i) < 0)
			return -ENOMEM;
		open = i++;
	}
	return close_before(p, count, &open) < 0 || add_rest(p, 0) < 0 ? -ENOMEM : 0;
}

int outline_page(const struct outline *o, const bool *shown, struct outline_page *ret, struct err *e)
{
	const size_t count = o->tree->count;
	_cleanup_(outline_page_done) struct outline_page page = { 0 };
	_cleanup_(paging_done) struct paging p = {
		.o = o, .shown = shown, .page = &page, .left = calloc(count, sizeof(*p.left)), .rest = calloc(count, sizeof(*p.rest)),
		.rest_bytes = calloc(count, sizeof(*p.rest_bytes)), .below = calloc(count, sizeof(*p.below)),
	};

	if (!p.left || !p.rest || !p.rest_bytes || !p.below)
		return err_set(e, ENOMEM, "out of memory for a tree");
	buf_putc(&page.stems, '\0'); /* the empty stem */
	count_calls(&p);
	if (add_lines(&p) < 0 || page.stems.failed)
		return err_set(e, ENOMEM, "out of memory for a tree");
	*ret = page;
	page = (struct outline_page){ 0 };
	return 0;
}

void outline_figures(const struct outline *o, uint32_t branch, struct buf *to)
{
	const struct branch *b = &o->tree->at[branch];
	uint64_t whole = o->tree->at[0].total.bytes;

	buf_printf(to, "%11s", units_bytes(b->total.bytes).text);
	buf_printf(to, "%12s", b->own.bytes ? units_bytes(b->own.bytes).text : "");
	buf_printf(to, "%8.1f", whole ? (double)b->total.bytes / (double)whole * 100 : 0);
}

void outline_label(const struct outline *o, uint32_t branch, size_t room, struct buf *to)
{
	const struct place *place = &o->tree->places[o->tree->at[branch].place];
	_cleanup_(buf_done) struct buf where = { 0 };

	if (*place->function)
		text_name(to, place->function);
	else
		text_path(to, place->file, TEXT_NAME);
	if (!*place->function)
		return;
	place_where(&where, place, room);
	if (where.length)
		buf_printf(to, "  %s", where.data);
}
