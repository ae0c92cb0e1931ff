#include "group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording_private.h"

void group_done(struct group *g)
{
	buf_done(&g->head);
	for (int i = 0; i < LIST_COUNT; i++)
		buf_done(&g->lists[i]);
	sites_done(&g->sites);
	free(g->rows);
	*g = (struct group){ 0 };
}

bool group_is_whole(const struct group *g, size_t more)
{
	size_t bytes = g->head.length + more;

	if (g->ticks == 0)
		return false;
	for (int i = 0; i < LIST_COUNT; i++)
		bytes += g->lists[i].length;
	if (bytes > GROUP_LINE_MOST)
		return true;
	return g->ticks > 1 && (g->head.length + g->rows_bytes <= g->ticks_bytes / 2 ||
				g->lists[LIST_SITES].length > GROUP_ROWS_MOST);
}

static int add_row(struct group *g, const struct number_row *row, const char *text, size_t length, struct err *e)
{
	struct buf *all = &g->lists[LIST_SITES];
	const size_t known = g->sites.count;
	struct group_row *rows;
	size_t i;
	int r = sites_find(&g->sites, (uint32_t)row->numbers[COLUMN_STACK], (uint32_t)row->numbers[COLUMN_THREAD],
			   (uint32_t)row->numbers[COLUMN_DOMAIN], &i, e);

	if (r < 0)
		return r;
	if (g->row_room < g->sites.count) {
		rows = realloc(g->rows, g->sites.room * sizeof(*rows));
		if (!rows)
			return err_set(e, ENOMEM, "out of memory for %zu sites", g->sites.room);
		g->rows = rows;
		g->row_room = g->sites.room;
	}
	if (i < known)
		g->rows_bytes -= g->rows[i].length + 1;
	g->rows[i] = (struct group_row){ .at = all->length, .length = length };
	g->rows_bytes += length + 1;
	buf_add(all, text, length);
	return 0;
}

static int add_rows(struct group *g, const struct span *rows, struct err *e)
{
	const char *at = rows->at, *end;
	struct number_row row;
	int r = 0;

	if (rows->length == 0)
		return 0;
	end = at + rows->length;
	while (r == 0 && at < end) {
		const char *next = number_row_read(at, end, &row);

		if (!next || row.count <= COLUMN_DOMAIN || (next < end && *next != ','))
			return err_set(e, EBADMSG, "a site of it does not read back");
		r = add_row(g, &row, at, (size_t)(next - at), e);
		at = next + (next < end);
	}
	return r;
}

int group_add(struct group *g, const char *line, size_t length, struct err *e)
{
	struct tick_text tick;
	int r;

	if (!tick_text_split(line, length, &tick))
		return err_set(e, EBADMSG, "a tick of it does not read back");
	buf_reset(&g->head);
	buf_add(&g->head, line, tick.head);
	for (int i = 0; i < LIST_SITES; i++) {
		if (!tick.lists[i].length)
			continue;
		if (g->lists[i].length)
			buf_putc(&g->lists[i], ',');
		buf_add(&g->lists[i], tick.lists[i].at, tick.lists[i].length);
	}
	r = add_rows(g, &tick.lists[LIST_SITES], e);
	g->ticks_bytes += tick.head + tick.lists[LIST_SITES].length;
	g->ticks++;
	return r;
}

static void add_rows_in_force(const struct group *g, struct buf *to)
{
	for (size_t i = 0; i < g->sites.count; i++) {
		buf_puts(to, i ? "," : tick_list_keys[LIST_SITES]);
		buf_add(to, g->lists[LIST_SITES].data + g->rows[i].at, g->rows[i].length);
	}
	if (g->sites.count)
		buf_putc(to, ']');
}

int group_write(struct group *g, struct buf *to, struct err *e)
{
	bool failed = g->head.failed || g->lists[LIST_SITES].failed;

	buf_add(to, g->head.data, g->head.length);
	for (int i = 0; i < LIST_SITES; i++) {
		failed |= g->lists[i].failed;
		if (!g->lists[i].length)
			continue;
		buf_puts(to, tick_list_keys[i]);
		buf_add(to, g->lists[i].data, g->lists[i].length);
		buf_putc(to, ']');
	}
	if (!failed)
		add_rows_in_force(g, to);
	buf_putc(to, '}');
	for (int i = 0; i < LIST_COUNT; i++)
		buf_reset(&g->lists[i]);
	sites_clear(&g->sites);
	g->rows_bytes = g->ticks_bytes = g->ticks = 0;
	return failed || to->failed ? err_set(e, ENOMEM, "out of memory") : 0;
}
