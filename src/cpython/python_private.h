/*
 * python_private: what the files of this folder share about one interpreter.
 *
 * Everything here was found once by python_find; only the names of code objects come later, and they are
 * forgotten at the start of every python_stacks, because code objects die and addresses are used again.
 */
#pragma once

#include "layout.h"
#include "memspy/python.h"
#include "memspy/symbols.h"

struct code;

struct python {
	pid_t pid;
	bool other_pid_namespace;
	uint32_t version; /* PY_VERSION_HEX */
	char version_text[32];
	char build[48];
	struct py_layout layout; /* ours, the target's own offsets put over it */

	struct object object;
	struct map first; /* object.first: the maps it came from may be gone */
	struct symbols *symbols;

	raddr runtime;	    /* _PyRuntime; 0 before 3.7 */
	raddr interpreters; /* address of the pointer to the first interpreter */
	raddr current;	    /* address of the pointer to the thread that has the GIL; 0 from 3.12 on */
	raddr key;	    /* 3.6: address of the int that is the pthread key of a thread's state; 0: not known */
	raddr finalizing;   /* address of a word that is not 0 while all is torn down; 0: not known */
	raddr code_type;    /* PyCode_Type */
	raddr getspecific;  /* pthread_getspecific; 0: not found */
	uint32_t tid_offset; /* of the kernel thread id from the thread pointer; 0: not known */

	struct code **codes; /* chains by address; NULL when empty */
};

enum { STACK_THREADS_MAX = 8192, STACK_DEPTH_MAX = 4096, STACK_INTERPRETERS_MAX = 256 };

/* python_object: sets symbols, object and what hangs on them: build, runtime. A sentence says what else the process is. */
int python_find_object(struct python *p, const struct object *objects, size_t count, struct err *e);
raddr python_address(const struct python *p, const char *name); /* of a symbol of the interpreter; 0: not there */

/* version: "3.12.1" and its hex form; patch level 0 when only the minor version can be known. READ_TORN: no idea. */
int version_find(struct python *p, struct remote *r, struct err *e);

/* stranger: a process in which no CPython was found, by what it executes or has mapped. */
bool stranger_is_pypy(const char *path);
int stranger_refuse(pid_t pid, const char *path, struct err *e);

/* libc: what we need of the C library, found in its files: getspecific and tid_offset stay 0 when it does not say. */
void libc_find(struct python *p, const struct object *objects, size_t count);

/* tls: 3.15+: fills in the way, and where the word is that leads to a thread's own state. */
int tls_find(const struct python *p, struct remote *r, struct probe_python *ret, struct err *e);

/* tids: kernel thread ids as we see them, beside those the target sees in its own pid namespace. */
struct tids {
	pid_t *outer;
	pid_t *inner; /* NULL: the same */
	size_t count;
};

int tids_read(const struct python *p, struct tids *t, struct err *e);
void tids_done(struct tids *t);
pid_t tids_find(const struct tids *t, uint64_t inner); /* 0: the process has no such thread */

/* code: a code object by its address, its names read once. */
struct code {
	raddr address;
	const char *function, *file; /* UTF-8 */
	uint8_t *lines;
	size_t lines_length;
	int first_line;
	bool is_generator;	  /* or a coroutine */
	uint32_t first_traceable; /* code units before which a frame is still being built */
	struct code *next;	  /* in its bucket */
};

int code_find(struct python *p, struct remote *r, raddr address, const struct code **ret, struct err *e);
void codes_forget(struct python *p);

/* frames: one thread's frames, innermost first, as the target has them. */
struct raw_frame {
	raddr at, code, previous;
	uint64_t position;
	uint32_t copy; /* of the bytecode that position is in; 0: the code's own */
	uint8_t owner;
};

struct raw_stack {
	struct raw_frame *frames; /* room for STACK_DEPTH_MAX; reused from thread to thread */
	struct raw_frame *best;
	uint8_t *copies, *again;
	size_t count;
	bool truncated;
	bool torn; /* frames are only those outer ones that held still */
};

int raw_stack_init(struct raw_stack *s, struct err *e);
void raw_stack_done(struct raw_stack *s);
int raw_stack_walk(const struct python *p, struct remote *r, raddr thread, struct raw_stack *s, struct err *e);
/* Where in the bytecode. *ret_built false: this frame is still being built. */
int raw_frame_offset(const struct python *p, struct remote *r, const struct raw_frame *f, const struct code *code,
		     uint32_t *ret, bool *ret_built, struct err *e);
