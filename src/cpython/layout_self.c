#include <string.h>

#include "layout.h"

/*
 * _Py_DebugOffsets: a cookie, the version, the kind of build, then groups of 64-bit numbers, each opened by the size
 * of its struct. New fields come in the middle, so where a number stands depends on the minor version.
 */
enum { COOKIE = 0, VERSION = 8, FREE_THREADED = 16 };

/* Where a number stands, and which field of ours it is. */
struct row {
	uint16_t at;
	uint16_t field; /* offset of a struct field, or of a size, in struct py_layout */
	bool is_size;
	uint16_t group; /* the size its offset must stay within, as an offset in struct py_layout */
};

#define SIZE(slot, g) { slot, offsetof(struct py_layout, g.size), true, 0 }
#define FIELD(slot, g, f) { slot, offsetof(struct py_layout, g.f), false, offsetof(struct py_layout, g.size) }

static const struct row rows_3_13[] = {
	SIZE(24, runtime),	    FIELD(32, runtime, finalizing), FIELD(40, runtime, interpreters),
	SIZE(48, interpreter),	    FIELD(64, interpreter, next),   FIELD(72, interpreter, threads),
	FIELD(112, interpreter, gil),
	SIZE(152, thread),	    FIELD(168, thread, next),	    FIELD(176, thread, interpreter),
	FIELD(184, thread, frame),  FIELD(192, thread, id),	    FIELD(200, thread, native_id),
	SIZE(224, frame),	    FIELD(232, frame, previous),    FIELD(240, frame, code),
	FIELD(248, frame, position), FIELD(264, frame, owner),
	SIZE(272, code),	    FIELD(280, code, filename),	    FIELD(288, code, name),
	FIELD(296, code, qualname), FIELD(304, code, lines),	    FIELD(312, code, first_line),
	FIELD(344, code, start),
	SIZE(352, object),	    FIELD(360, object, type),
	SIZE(512, bytes),	    FIELD(520, bytes, length),	    FIELD(528, bytes, data),
	SIZE(536, string),	    FIELD(544, string, state),	    FIELD(552, string, length),
};

static const struct row rows_3_14[] = {
	SIZE(24, runtime),	    FIELD(32, runtime, finalizing), FIELD(40, runtime, interpreters),
	SIZE(48, interpreter),	    FIELD(64, interpreter, next),   FIELD(72, interpreter, threads),
	FIELD(120, interpreter, gil),
	SIZE(176, thread),	    FIELD(192, thread, next),	    FIELD(200, thread, interpreter),
	FIELD(208, thread, frame),  FIELD(216, thread, id),	    FIELD(224, thread, native_id),
	SIZE(248, frame),	    FIELD(256, frame, previous),    FIELD(264, frame, code),
	FIELD(272, frame, position), FIELD(288, frame, owner),  FIELD(304, frame, copy),
	SIZE(312, code),	    FIELD(320, code, filename),	    FIELD(328, code, name),
	FIELD(336, code, qualname), FIELD(344, code, lines),	    FIELD(352, code, first_line),
	FIELD(384, code, start),    FIELD(392, code, copies),
	SIZE(400, object),	    FIELD(408, object, type),
	SIZE(592, bytes),	    FIELD(600, bytes, length),	    FIELD(608, bytes, data),
	SIZE(616, string),	    FIELD(624, string, state),	    FIELD(632, string, length),
};

static const struct row rows_3_15[] = {
	SIZE(24, runtime),	    FIELD(32, runtime, finalizing), FIELD(40, runtime, interpreters),
	SIZE(48, interpreter),	    FIELD(64, interpreter, next),   FIELD(72, interpreter, threads),
	FIELD(120, interpreter, gil),
	SIZE(176, thread),	    FIELD(192, thread, next),	    FIELD(200, thread, interpreter),
	FIELD(208, thread, frame),  FIELD(240, thread, id),	    FIELD(248, thread, native_id),
	SIZE(312, frame),	    FIELD(320, frame, previous),    FIELD(328, frame, code),
	FIELD(336, frame, position), FIELD(352, frame, owner),  FIELD(368, frame, copy),
	SIZE(376, code),	    FIELD(384, code, filename),	    FIELD(392, code, name),
	FIELD(400, code, qualname), FIELD(408, code, lines),	    FIELD(416, code, first_line),
	FIELD(448, code, start),    FIELD(456, code, copies),
	SIZE(464, object),	    FIELD(472, object, type),
	SIZE(688, bytes),	    FIELD(696, bytes, length),	    FIELD(704, bytes, data),
	SIZE(712, string),	    FIELD(720, string, state),	    FIELD(728, string, length),
};

#define ROWS(rows) rows, sizeof(rows) / sizeof((rows)[0])

/* docs/new-python.md has the way to add one here. */
static const struct {
	uint16_t version;
	uint16_t length;
	const struct row *rows;
	size_t count;
	uint16_t gil_holder, gil_locked, gil_base; /* these are given from the start of the interpreter */
	uint16_t ascii;
} tables[] = {
	{ 0x030d, 584, ROWS(rows_3_13), 144, 136, 120, 560 },
	{ 0x030e, 760, ROWS(rows_3_14), 152, 144, 128, 640 },
	{ 0x030f, 888, ROWS(rows_3_15), 152, 144, 128, 736 },
};

static uint64_t number(const uint8_t *offsets, size_t at)
{
	uint64_t n;

	memcpy(&n, offsets + at, sizeof(n));
	return n;
}

bool layout_own_version(const uint8_t *offsets, size_t length, uint32_t *ret_version, bool *ret_free_threaded)
{
	if (length < FREE_THREADED + 8 || memcmp(offsets + COOKIE, "xdebugpy", 8) ||
	    number(offsets, VERSION) > UINT32_MAX)
		return false;
	*ret_version = (uint32_t)number(offsets, VERSION);
	*ret_free_threaded = number(offsets, FREE_THREADED) != 0;
	return true;
}

static bool take_row(struct py_layout *l, const struct row *row, uint64_t value)
{
	struct field *f = (struct field *)((char *)l + row->field);
	uint32_t size;

	if (row->is_size) {
		/* Nobody's struct is larger than this, and none is empty. */
		if (value == 0 || value > 1u << 24)
			return false;
		*(uint32_t *)((char *)l + row->field) = (uint32_t)value;
		return true;
	}
	size = *(const uint32_t *)((const char *)l + row->group);
	if (value > size || size - value < f->size)
		return false;
	f->offset = (uint32_t)value;
	return true;
}

bool layout_take_own(struct py_layout *layout, const uint8_t *offsets, size_t length, const char **why)
{
	struct py_layout l = *layout;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		uint64_t base, ascii;

		if (tables[i].version != layout->version)
			continue;
		*why = "its table of debug offsets is cut short";
		if (length < tables[i].length)
			return false;
		*why = "its table of debug offsets contradicts itself";
		for (size_t k = 0; k < tables[i].count; k++)
			if (!take_row(&l, &tables[i].rows[k], number(offsets, tables[i].rows[k].at)))
				return false;
		/* Every object begins with it: another size is another build than the one it says. */
		if (l.object.size != layout->object.size)
			return false;
		base = number(offsets, tables[i].gil_base);
		l.gil.holder.offset = (uint32_t)(number(offsets, tables[i].gil_holder) - base);
		l.gil.locked.offset = (uint32_t)(number(offsets, tables[i].gil_locked) - base);
		ascii = number(offsets, tables[i].ascii);
		if (l.gil.holder.offset > l.gil.size - 8 || l.gil.locked.offset > l.gil.size - 4 ||
		    ascii < l.string.state.offset + l.string.state.size || ascii > l.string.size)
			return false;
		l.string.ascii = (uint32_t)ascii;
		/* We copy these structs whole: a size far from the one we know is a lie, or not this version. */
		if (l.thread.size > 4096 || l.frame.size > 256 || l.code.size > 1024 || l.string.size > 256 ||
		    l.object.size > 64 || l.bytes.size > 256)
			return false;
		*layout = l;
		return true;
	}
	*why = "no table of its debug offsets is known";
	return false;
}
