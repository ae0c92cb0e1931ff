/*
 * python: a CPython inside a process: where it is, which it is, what its threads are doing.
 *
 * Finds the interpreter, knows its layout (3.13 and later: the target's own offsets, validated once; older:
 * tables generated from the headers), walks its threads from outside, and tells the probe how to walk them from
 * inside. A version without a table is refused with a sentence, never guessed at. Bytes from the target are
 * claims: every walk has a last step, every size a ceiling.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "memspy/buf.h"
#include "memspy/err.h"
#include "memspy/maps.h"
#include "memspy/probe_abi.h"
#include "memspy/remote.h"

struct python;

/* Looks at what is mapped and at the files behind it. Refusals: not Python, PyPy, unknown version, not yet initialised. */
int python_find(struct python **ret, pid_t pid, struct remote *remote, const struct maps *maps, struct err *e);
/* Its two halves, for who waits for an interpreter to come up: where it is; and -EAGAIN until it runs (a few reads). */
int python_locate(struct python **ret, pid_t pid, struct remote *remote, const struct maps *maps, struct err *e);
int python_is_up(struct python *p, struct remote *remote, struct err *e);
void python_free(struct python *p);

uint32_t python_version(const struct python *p);     /* PY_VERSION_HEX; patch level 0 where it cannot be known */
const char *python_version_text(const struct python *p); /* "3.12.1" */
const char *python_build(const struct python *p);    /* "shared, with symbols" or "static, stripped", … */
bool python_is_free_threaded(const struct python *p); /* a build without a GIL, even where somebody turned one on */
/* The ELF object that holds the interpreter. Lent by the python. */
const struct object *python_object(const struct python *p);
/* Of a thread's kernel id (in the target's pid namespace) from its thread pointer; 0: not known. */
uint32_t python_tid_offset(const struct python *p);

/*
 * Where a piece of a program stands. Lines count from 1, 0: not known. Columns are bytes of the line in UTF-8 and count from 0,
 * as in code.co_positions(), -1: not known; before 3.11 no table says columns, nor where something ends.
 */
struct python_place {
	int line, end_line;
	int column, end_column;
};

/* One frame as people read it. The text is UTF-8, lent until the next call of python_stacks or python_free. */
struct python_frame {
	const char *function; /* qualified name from 3.11 on */
	const char *file;
	struct python_place place;
};

struct python_thread {
	pid_t tid; /* kernel thread id as our pid namespace has it; 0: not known */
	char name[64];
	bool has_gil;
	bool truncated; /* deeper than what is read */
	bool torn;	/* did not hold still: frames has the outer ones that did, perhaps none */
	struct python_frame *frames; /* innermost first */
	size_t frame_count;
};

struct python_stacks {
	struct python_thread *threads;
	size_t count;
};

/* The stacks of all threads of all interpreters; the target keeps running, so a thread is read again when it moved. */
int python_stacks(struct python *p, struct remote *r, struct python_stacks *ret, struct err *e);
void python_stacks_done(struct python_stacks *s);

/* How the probe finds its own thread's frames. */
int python_probe_table(struct python *p, struct remote *r, struct probe_python *ret, struct err *e);

/* The allocator tables of the mem and obj domains. */
enum python_hooking {
	HOOK_NOTHING, /* all goes to malloc anyway (PYTHONMALLOC=malloc), or there are no tables (2.7) */
	HOOK_DIVERT,  /* plain pymalloc: wrap allocation only, free needs no wrapper */
	HOOK_BOTH,    /* debug hooks, tracemalloc, mimalloc, somebody else's: wrap both sides, pass everything on */
};

struct python_allocator {
	raddr table;	  /* address of the PyMemAllocatorEx: ctx malloc calloc realloc free */
	uint64_t ctx, functions[4]; /* as they are now: malloc calloc realloc free */
};

struct python_allocators {
	enum python_hooking hooking;
	struct python_allocator mem, obj, raw;
	uint32_t small_limit; /* requests up to here stay in the table's allocator, larger ones go on to malloc */
};

int python_allocators(struct python *p, struct remote *r, struct python_allocators *ret, struct err *e);

/*
 * Names for what the probe copied. `table` and `first_line` come from the probe's table; offset is the byte
 * offset of the instruction. 0 when the table says there is no line.
 */
int python_line(const struct python *p, const uint8_t *table, size_t length, int first_line, uint32_t offset);
/* The same, and all the table says. */
void python_place(const struct python *p, const uint8_t *table, size_t length, int first_line, uint32_t offset,
		  struct python_place *ret);
/*
 * The low half of a pointer into a copy of a code object's bytecode, as an offset. The object is told by its line table;
 * READ_TORN: it is gone, or the copy is.
 */
int python_offset_in_copy(const struct python *p, struct remote *r, raddr code, raddr line_table, uint32_t copy,
			  uint32_t low, uint32_t *ret, struct err *e);
/* Characters as the probe copied them (width 1, 2 or 4; 0 for plain bytes) to UTF-8. */
void python_text(const void *chars, size_t count, unsigned width, struct buf *to);
