#include "memspy/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/screen.h"
#include "memspy/units.h"

struct folder {
	const struct outline *outline;
	char *title;
	bool *shown;
	struct outline_page page;
	size_t selected, top; /* lines */
	size_t rows;	      /* of the last picture: what a page is */
};

static void folder_freep(struct folder **f)
{
	folder_free(*f);
}

void folder_free(struct folder *f)
{
	if (!f)
		return;
	outline_page_done(&f->page);
	free(f->shown);
	free(f->title);
	free(f);
}

/* The page after what is shown has changed; the line of that branch stays selected, or that of who called it. */
static int turn(struct folder *f, uint32_t branch, struct err *e)
{
	struct outline_page page = { 0 };
	int r = outline_page(f->outline, f->shown, &page, e);

	if (r < 0)
		return r;
	outline_page_done(&f->page);
	f->page = page;
	while (branch && !f->shown[branch])
		branch = outline_parent(f->outline, branch);
	f->selected = 0;
	for (size_t i = 0; branch && i < page.count; i++)
		if (page.at[i].branch == branch)
			f->selected = i;
	return 0;
}

int folder_new(struct folder **ret, const struct outline *o, const char *title, size_t most, struct err *e)
{
	_cleanup_(folder_freep) struct folder *f = calloc(1, sizeof(*f));
	int r;

	if (!f || !(f->title = strdup(title)) || !(f->shown = calloc(outline_count(o), sizeof(*f->shown))))
		return err_set(e, ENOMEM, "out of memory for a tree");
	f->outline = o;
	f->rows = 20;
	r = outline_largest(o, most, f->shown, e);
	if (r == 0)
		r = turn(f, 0, e);
	if (r == 0)
		*ret = TAKE(f);
	return r;
}

static const struct outline_line *selected(const struct folder *f)
{
	static const struct outline_line nothing;

	return f->selected < f->page.count ? &f->page.at[f->selected] : &nothing;
}

/* The branch that calls what a line with the rest leaves out: that of the line before it, or one of those above. */
static uint32_t caller_of_rest(const struct folder *f, size_t line)
{
	uint32_t branch = line ? f->page.at[line - 1].branch : 0;

	/* The rest stands behind all that is shown of its caller: the first above with calls that are not shown. */
	for (; branch; branch = outline_parent(f->outline, branch)) {
		bool any = false, all = true;

		for (uint32_t i = branch + 1; i < outline_after(f->outline, branch); i = outline_after(f->outline, i)) {
			any |= f->shown[i];
			all &= f->shown[i];
		}
		if (any && !all)
			return branch;
	}
	return 0;
}

/* All calls of a branch; and on, as long as there is but one. */
static void unfold(struct folder *f, uint32_t branch)
{
	for (;;) {
		uint32_t first = branch + 1, end = branch ? outline_after(f->outline, branch) : outline_count(f->outline);

		for (uint32_t i = first; i < end; i = outline_after(f->outline, i))
			f->shown[i] = true;
		if (first >= end || outline_after(f->outline, first) != end)
			return;
		branch = first;
	}
}

static void unfold_all(struct folder *f, uint32_t branch)
{
	for (uint32_t i = branch + 1; i < outline_after(f->outline, branch); i++)
		f->shown[i] = true;
}

static void fold(struct folder *f, uint32_t branch)
{
	for (uint32_t i = branch + 1; i < outline_after(f->outline, branch); i++)
		f->shown[i] = false;
}

static void fold_everything(struct folder *f)
{
	for (uint32_t i = 1; i < outline_count(f->outline); i++)
		f->shown[i] = outline_parent(f->outline, i) == 0;
}

static int go_in(struct folder *f, struct err *e)
{
	const struct outline_line *line = selected(f);
	uint32_t branch = line->branch ? line->branch : caller_of_rest(f, f->selected);

	if (f->page.count == 0 || (line->branch && !outline_has_calls(f->outline, branch)))
		return 0;
	if (line->branch && !line->is_folded) {
		f->selected++;
		return 0;
	}
	unfold(f, branch);
	if (line->branch)
		return turn(f, branch, e);
	else {
		size_t here = f->selected;
		int r = turn(f, 0, e);

		f->selected = here;
		return r;
	}
}

/* Folds what is unfolded; else goes to who called it. */
static int go_out(struct folder *f, struct err *e)
{
	const struct outline_line *line = selected(f);
	uint32_t branch = line->branch ? line->branch : caller_of_rest(f, f->selected);

	if (line->branch && outline_has_calls(f->outline, branch) && !line->is_folded) {
		fold(f, branch);
		return turn(f, branch, e);
	}
	if (line->branch)
		branch = outline_parent(f->outline, branch);
	return branch ? turn(f, branch, e) : 0;
}

static void move_by(struct folder *f, long by)
{
	long to = (long)f->selected + by, last = f->page.count ? (long)f->page.count - 1 : 0;

	f->selected = (size_t)(to < 0 ? 0 : to > last ? last : to);
}

int folder_key(struct folder *f, int key, bool *quit, struct err *e)
{
	const uint32_t branch = selected(f)->branch;
	const long page = f->rows > 1 ? (long)f->rows - 1 : 1;

	switch (key) {
	case 'q':
	case KEY_IS_ESCAPE:
	case 3: /* Ctrl-C */
		*quit = true;
		return 0;
	case KEY_IS_UP:
	case 'k':
		move_by(f, -1);
		return 0;
	case KEY_IS_DOWN:
	case 'j':
		move_by(f, 1);
		return 0;
	case KEY_IS_PAGE_UP:
		move_by(f, -page);
		return 0;
	case KEY_IS_PAGE_DOWN:
		move_by(f, page);
		return 0;
	case KEY_IS_HOME:
	case 'g':
		f->selected = 0;
		return 0;
	case KEY_IS_END:
	case 'G':
		move_by(f, (long)f->page.count);
		return 0;
	case KEY_IS_RIGHT:
	case KEY_IS_ENTER:
	case 'l':
		return go_in(f, e);
	case KEY_IS_LEFT:
	case 'h':
		return go_out(f, e);
	case 'e':
		if (branch)
			unfold_all(f, branch);
		return turn(f, branch, e);
	case 'c':
		fold_everything(f);
		return turn(f, branch, e);
	default:
		return 0;
	}
}

static void draw_line(const struct folder *f, struct canvas *c, int row, size_t i)
{
	const struct outline_line *line = &f->page.at[i];
	const char *stem = f->page.stems.data + line->stem;
	_cleanup_(buf_done) struct buf text = { 0 };
	int column;

	if (line->branch) {
		outline_figures(f->outline, line->branch, &text);
		column = canvas_put(c, row, 0, c->columns, STYLE_PLAIN, text.data ? text.data : "");
		buf_reset(&text);
		outline_label(f->outline, line->branch, (size_t)c->columns, &text);
	} else {
		column = canvas_printf(c, row, 0, c->columns, STYLE_DIM, "%11s%20s",
				       units_bytes(line->rest_bytes).text, "");
		buf_printf(&text, "… %u more", line->rest);
	}
	column = canvas_put(c, row, column + 2, c->columns, STYLE_DIM, stem);
	column = canvas_put(c, row, column, c->columns, line->is_folded ? STYLE_STATE : STYLE_DIM,
			    line->is_folded	? canvas_glyph(c, "▸ ", "+ ") :
			    line->branch && outline_has_calls(f->outline, line->branch) ? canvas_glyph(c, "▾ ", "- ") : "  ");
	canvas_put(c, row, column, c->columns, line->branch ? STYLE_PLAIN : STYLE_DIM, text.data ? text.data : "");
	if (i == f->selected)
		canvas_select(c, row);
}

void folder_draw(struct folder *f, struct canvas *c)
{
	enum { HEAD = 2, FOOT = 1 };

	canvas_clear(c);
	f->rows = c->rows > HEAD + FOOT ? (size_t)(c->rows - HEAD - FOOT) : 1;
	if (f->selected < f->top)
		f->top = f->selected;
	if (f->selected >= f->top + f->rows)
		f->top = f->selected - f->rows + 1;
	if (f->top + f->rows > f->page.count)
		f->top = f->page.count > f->rows ? f->page.count - f->rows : 0;
	canvas_put(c, 0, 0, c->columns, STYLE_HEAD, f->title);
	canvas_printf(c, 1, 0, c->columns, STYLE_BOLD, "%s  callers, and what they called", outline_head);
	for (size_t i = f->top; i < f->page.count && i < f->top + f->rows; i++)
		draw_line(f, c, HEAD + (int)(i - f->top), i);
	if (f->page.count == 0)
		canvas_put(c, HEAD, 10, c->columns, STYLE_PLAIN, "nothing that was sampled");
	canvas_put(c, c->rows - 1, 0, c->columns, STYLE_DIM,
		   canvas_glyph(c, "↑↓ move   → unfold   ← fold, to the caller   e unfold all below   c fold all   q quit",
				"up down: move  right: unfold  left: fold, to the caller  e: all below  c: fold all  q: quit"));
}
