#include "flame_colours.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"
#include "memspy/modules.h"

enum { TOP = 6 };

/* A circle of twelve hues, as light and as dark as black and white text can be read on. */
static const char *const shades[FLAME_COLOURS + 1][2] = {
	{ "#eebcb5", "#6a3b34" }, { "#eed3b5", "#6a5134" }, { "#eee6b5", "#6a6334" }, { "#dceeb5", "#5a6a34" },
	{ "#b5eeb5", "#346a34" }, { "#b5eedb", "#346a58" }, { "#b5eaee", "#34666a" }, { "#b5d6ee", "#34546a" },
	{ "#b5c0ee", "#343f6a" }, { "#cab5ee", "#48346a" }, { "#e6b5ee", "#63346a" }, { "#eeb5cf", "#6a344d" },
	[FLAME_GREY] = { "#dcdcdc", "#4a4d52" },
};

struct flame_colours {
	struct names *modules;
	uint32_t *of_place; /* module by place; 0: none */
	uint64_t *bytes;    /* own, by module */
	uint32_t top[TOP];
};

void flame_colours_free(struct flame_colours *c)
{
	if (!c)
		return;
	names_free(c->modules);
	free(c->of_place);
	free(c->bytes);
	free(c);
}

/* "pandas" of a library's "pandas/core/frame.py", "cache" of a program's "/srv/shop/cache.py", "abc" of "<frozen abc>". */
static void find_module(const struct place *p, const char **ret, size_t *ret_length)
{
	static const char frozen[] = "<frozen ";
	enum module_kind kind;
	const char *path = p->example, *rest = module_path(path, &kind), *slash = strrchr(path, '/');

	if (strncmp(path, frozen, strlen(frozen)) == 0) {
		*ret = path + strlen(frozen);
		*ret_length = strcspn(*ret, ".>");
		return;
	}
	if (kind == MODULE_PROGRAM)
		rest = slash && slash[1] ? slash + 1 : path;
	*ret = rest;
	*ret_length = strcspn(rest, kind == MODULE_PROGRAM ? "" : "/");
	if (*ret_length > 3 && strncmp(rest + *ret_length - 3, ".py", 3) == 0)
		*ret_length -= 3;
}

static void find_top(struct flame_colours *c)
{
	for (uint32_t m = 1; m <= names_strings(c->modules); m++) {
		uint32_t larger = m;

		for (int i = 0; i < TOP && c->bytes[larger]; i++)
			if (!c->top[i] || c->bytes[larger] > c->bytes[c->top[i]]) {
				uint32_t pushed = c->top[i];

				c->top[i] = larger;
				larger = pushed;
			}
	}
}

int flame_colours_new(struct flame_colours **ret, const struct call_tree *t, struct err *e)
{
	_cleanup_(flame_colours_freep) struct flame_colours *c = calloc(1, sizeof(*c));
	int r = c ? names_new(&c->modules, e) : err_set(e, ENOMEM, "out of memory for a report");

	if (r < 0)
		return r;
	c->of_place = calloc(t->place_count, sizeof(*c->of_place));
	c->bytes = calloc(t->place_count + 1u, sizeof(*c->bytes));
	if (!c->of_place || !c->bytes)
		return err_set(e, ENOMEM, "out of memory for a report");
	for (uint32_t i = 0; i < t->place_count && r == 0; i++) {
		const char *module;
		size_t length;

		find_module(&t->places[i], &module, &length);
		r = names_string(c->modules, module, length, &c->of_place[i], e);
	}
	if (r < 0)
		return r;
	for (uint32_t i = 1; i < t->count; i++)
		c->bytes[c->of_place[t->at[i].place]] += t->at[i].own.bytes;
	find_top(c);
	*ret = TAKE(c);
	return 0;
}

static unsigned colour_of(const struct flame_colours *c, uint32_t module)
{
	const char *name = names_text(c->modules, module);
	uint32_t hash = 0x811c9dc5u;

	/* What stands behind every import is seldom what one looks for. */
	if (module == 0 || strcmp(name, "importlib") == 0 || strcmp(name, "zipimport") == 0)
		return FLAME_GREY;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x01000193u;
	return (hash ^ hash >> 16) % FLAME_COLOURS;
}

unsigned flame_colour(const struct flame_colours *c, uint32_t place)
{
	return colour_of(c, c->of_place[place]);
}

const char *flame_colours_top(const struct flame_colours *c, unsigned i, unsigned *ret_colour, uint64_t *ret_bytes)
{
	if (i >= TOP || !c->top[i])
		return NULL;
	*ret_colour = colour_of(c, c->top[i]);
	*ret_bytes = c->bytes[c->top[i]];
	return names_text(c->modules, c->top[i]);
}

void flame_colours_css(struct buf *to, bool dark)
{
	for (int i = 0; i <= FLAME_COLOURS; i++)
		buf_printf(to, ".c%d{fill:%s}", i, shades[i][dark]);
}
