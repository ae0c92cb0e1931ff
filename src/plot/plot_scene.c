#include "plot_scene.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	uint32_t light, dark;
} colours[PAINT_COUNT] = {
	[PAINT_BACK] = { 0xffffff, 0x16181d },
	[PAINT_INK] = { 0x1c2128, 0xe8eaed },
	[PAINT_MUTED] = { 0x626b77, 0x9aa4b1 },
	[PAINT_GRID] = { 0xe4e7eb, 0x2d323a },
	/* Told apart by those who do not see red and green alike, on either ground; none is a warning. */
	[PAINT_SERIES + 0] = { 0x2563c9, 0x74a9ff },
	[PAINT_SERIES + 1] = { 0xc85a0a, 0xf6a04d },
	[PAINT_SERIES + 2] = { 0x1c8552, 0x5fd39a },
	[PAINT_SERIES + 3] = { 0x8b3fae, 0xcf94f0 },
	[PAINT_SERIES + 4] = { 0x0c7f93, 0x56cfe1 },
	[PAINT_SERIES + 5] = { 0xa87b00, 0xe9c845 },
	[PAINT_SERIES + 6] = { 0xb0407c, 0xf291c0 },
	[PAINT_SERIES + 7] = { 0x6a5644, 0xc9b29b },
};

uint32_t paint_rgb(enum paint p, bool dark)
{
	return dark ? colours[p].dark : colours[p].light;
}

static void mark_done(struct mark *m)
{
	free(m->points);
	free(m->text);
}

void scene_done(struct scene *s)
{
	for (size_t i = 0; i < s->count; i++)
		mark_done(&s->marks[i]);
	free(s->marks);
	free(s->title);
	free(s->about);
	*s = (struct scene){ 0 };
}

static bool grow(struct scene *s)
{
	size_t room = s->room ? s->room * 2 : 64;
	struct mark *marks;

	if (s->count < s->room)
		return true;
	marks = realloc(s->marks, room * sizeof(*marks));
	if (!marks)
		return false;
	s->marks = marks;
	s->room = room;
	return true;
}

void scene_add(struct scene *s, const struct mark *mark)
{
	struct mark copy = *mark;

	if (s->failed)
		return;
	copy.points = calloc(mark->count + 1, sizeof(*copy.points));
	copy.text = mark->text ? strdup(mark->text) : NULL;
	if (!copy.points || (mark->text && !copy.text) || !grow(s)) {
		mark_done(&copy);
		s->failed = true;
		return;
	}
	memcpy(copy.points, mark->points, mark->count * sizeof(*copy.points));
	if (copy.opacity == 0)
		copy.opacity = 1;
	s->marks[s->count++] = copy;
}
