/*
 * hooks: the functions that stand in, for the entry table.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memspy/probe_abi.h"

#pragma GCC visibility push(hidden)

void *hook_malloc(size_t n);
void *hook_calloc(size_t count, size_t n);
void *hook_realloc(void *p, size_t n);
void *hook_reallocarray(void *p, size_t count, size_t n);
void hook_free(void *p);
int hook_posix_memalign(void **to, size_t alignment, size_t n);
void *hook_aligned_alloc(size_t alignment, size_t n);
void *hook_memalign(size_t alignment, size_t n);
void *hook_valloc(size_t n);
void *hook_pvalloc(size_t n);
void *hook_mmap(void *at, size_t n, int protection, int flags, int fd, int64_t offset);
int hook_munmap(void *p, size_t n);
void *hook_mremap(void *p, size_t old_size, size_t n, int flags, void *at);
void *hook_dlopen(const char *name, int flags);

void enter(void);
void enter_alone(void);

void *hook_mem_malloc(void *ctx, size_t n);
void *hook_mem_calloc(void *ctx, size_t count, size_t n);
void *hook_mem_realloc(void *ctx, void *p, size_t n);
void hook_mem_free(void *ctx, void *p);
void *hook_obj_malloc(void *ctx, size_t n);
void *hook_obj_calloc(void *ctx, size_t count, size_t n);
void *hook_obj_realloc(void *ctx, void *p, size_t n);
void hook_obj_free(void *ctx, void *p);

/* The same for an interpreter without a GIL. Nothing in the way out of a free depends on it. */
void *hook_mem_free_threaded_malloc(void *ctx, size_t n);
void *hook_mem_free_threaded_calloc(void *ctx, size_t count, size_t n);
void *hook_mem_free_threaded_realloc(void *ctx, void *p, size_t n);
void *hook_obj_free_threaded_malloc(void *ctx, size_t n);
void *hook_obj_free_threaded_calloc(void *ctx, size_t count, size_t n);
void *hook_obj_free_threaded_realloc(void *ctx, void *p, size_t n);

/* The same beside the interpreter; their section. */
void *near_mem_malloc(void *ctx, size_t n);
void *near_mem_calloc(void *ctx, size_t count, size_t n);
void *near_mem_realloc(void *ctx, void *p, size_t n);
void *near_obj_malloc(void *ctx, size_t n);
void *near_obj_calloc(void *ctx, size_t count, size_t n);
void *near_obj_realloc(void *ctx, void *p, size_t n);
extern struct probe_near near_words; /* at its beginning */
void near_end(void);

#pragma GCC visibility pop
