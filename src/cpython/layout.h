/*
 * layout: where the fields of CPython's structs are, one table per minor version.
 *
 * The tables are written by scripts/gen-layout from the headers; the last four lines of each are rules that no header
 * tells. A field of size 0 does not exist in that version. A version without a table is refused, not guessed at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
	uint32_t offset, size;
};

enum py_line_format {
	PY_LINES_UNSIGNED,  /* co_lnotab of 2.7: pairs of steps, both unsigned */
	PY_LINES_SIGNED,    /* co_lnotab of 3.6 to 3.9: lines may go back */
	PY_LINES_RANGES,    /* co_linetable of 3.10: lengths of ranges */
	PY_LINES_LOCATIONS, /* co_linetable from 3.11 on: entries of variable length */
};

struct py_layout {
	uint16_t version; /* major and minor, as in PY_VERSION_HEX >> 16 */
	bool is_free_threaded;
	struct {
		uint32_t size; /* 0: there is no _PyRuntime, the lists start at symbols */
		struct field initialized, finalizing, interpreters, current, key, raw, mem, obj;
	} runtime;
	struct {
		uint32_t size;
		struct field next, threads, gil;
	} interpreter;
	struct {
		uint32_t size;
		struct field holder, locked;
	} gil;
	struct {
		uint32_t size;
		struct field next, interpreter, frame, id, native_id;
		struct field state; /* an int: 1 while it is attached to its interpreter */
	} thread;
	struct {
		uint32_t size; /* 0: thread.frame is the frame; else it is a cframe that has it */
		struct field frame;
	} cframe;
	struct {
		uint32_t size;
		uint32_t tags; /* bits of the code reference that are no address */
		struct field code, previous, position, owner;
		struct field copy; /* free-threaded 3.14+: which copy of the bytecode position is in; 0: the code's own */
	} frame;
	struct {
		uint32_t size;
		struct field filename, name, qualname, lines, first_line, flags, start, first_traceable;
		struct field copies; /* a pointer to {how many, where each begins} */
	} code;
	struct {
		uint32_t size;
		struct field type;
	} object;
	struct {
		uint32_t size;
		struct field length, data;
	} bytes;
	struct {
		uint32_t size; /* 0: names are bytes */
		struct field length, state, legacy;
		uint32_t ascii, compact; /* where characters begin behind the short and the long header */
		uint32_t shift; /* the state's bits are so much further up than PY_STRING_… says */
	} string;
	enum py_line_format line_format;
	uint32_t position_scale; /* position counts so many bytes; 0: it is a pointer into the code */
};

/* Owners of a frame (3.11+). */
enum { PY_OWNER_GENERATOR = 1, PY_OWNER_SKIP = 3 };

/* The state word of a str: the same bits from 3.6 on but for string.shift. */
enum {
	PY_STRING_KIND_SHIFT = 2,
	PY_STRING_KIND_MASK = 7,
	PY_STRING_COMPACT = 0x20,
	PY_STRING_ASCII = 0x40,
	PY_STRING_READY = 0x80, /* up to 3.11; the bit means something else later */
};

/* NULL: not known. version is major << 8 | minor. */
const struct py_layout *layout_find(uint16_t version, bool is_free_threaded);
/* "2.7, 3.6, …": for the sentence that refuses. */
const char *layout_known(void);

/*
 * 3.13+: the target says itself where its fields are. Takes the bytes of its _Py_DebugOffsets and puts what they say
 * over the table of its version; false with *why when they do not hold together, and then *layout is as it was.
 */
enum { DEBUG_OFFSETS_MAX = 1024 };
bool layout_take_own(struct py_layout *layout, const uint8_t *offsets, size_t length, const char **why);
/* The head of the same bytes: is it one, which version, which build. */
bool layout_own_version(const uint8_t *offsets, size_t length, uint32_t *ret_version, bool *ret_free_threaded);

/* A copy of one struct of the target. */
struct view {
	const uint8_t *bytes;
	size_t length;
};

/* false when the field does not exist or is not within the copy. Widened with zeroes. */
bool view_get(struct view v, struct field f, uint64_t *ret);

extern const struct py_layout py_2_7, py_3_6, py_3_7, py_3_8, py_3_9, py_3_10, py_3_11, py_3_12, py_3_13, py_3_13t,
	py_3_14, py_3_14t, py_3_15;
