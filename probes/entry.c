/*
 * entry: what memspy finds in the image.
 *
 * Nothing else is visible. All addresses in the table are relocated against the image's base by whoever maps it.
 */
#include "hooks.h"
#include "probe.h"

__attribute__((used)) const struct probe_entry memspy_probe_entry = {
	.magic = PROBE_MAGIC,
	.abi = PROBE_ABI,
	.hook_count = HOOK_COUNT,
	.hooks = {
		[HOOK_MALLOC] = (uint64_t)hook_malloc,
		[HOOK_CALLOC] = (uint64_t)hook_calloc,
		[HOOK_REALLOC] = (uint64_t)hook_realloc,
		[HOOK_REALLOCARRAY] = (uint64_t)hook_reallocarray,
		[HOOK_FREE] = (uint64_t)hook_free,
		[HOOK_POSIX_MEMALIGN] = (uint64_t)hook_posix_memalign,
		[HOOK_ALIGNED_ALLOC] = (uint64_t)hook_aligned_alloc,
		[HOOK_MEMALIGN] = (uint64_t)hook_memalign,
		[HOOK_VALLOC] = (uint64_t)hook_valloc,
		[HOOK_PVALLOC] = (uint64_t)hook_pvalloc,
		[HOOK_MMAP] = (uint64_t)hook_mmap,
		[HOOK_MUNMAP] = (uint64_t)hook_munmap,
		[HOOK_MREMAP] = (uint64_t)hook_mremap,
		[HOOK_DLOPEN] = (uint64_t)hook_dlopen,
		[HOOK_MEM_MALLOC] = (uint64_t)hook_mem_malloc,
		[HOOK_MEM_CALLOC] = (uint64_t)hook_mem_calloc,
		[HOOK_MEM_REALLOC] = (uint64_t)hook_mem_realloc,
		[HOOK_MEM_FREE] = (uint64_t)hook_mem_free,
		[HOOK_OBJ_MALLOC] = (uint64_t)hook_obj_malloc,
		[HOOK_OBJ_CALLOC] = (uint64_t)hook_obj_calloc,
		[HOOK_OBJ_REALLOC] = (uint64_t)hook_obj_realloc,
		[HOOK_OBJ_FREE] = (uint64_t)hook_obj_free,
	},
	.free_threaded = {
		(uint64_t)hook_mem_free_threaded_malloc, (uint64_t)hook_mem_free_threaded_calloc,
		(uint64_t)hook_mem_free_threaded_realloc, (uint64_t)hook_mem_free,
		(uint64_t)hook_obj_free_threaded_malloc, (uint64_t)hook_obj_free_threaded_calloc,
		(uint64_t)hook_obj_free_threaded_realloc, (uint64_t)hook_obj_free,
	},
	.near = (uint64_t)&near_words,
	.near_end = (uint64_t)near_end,
	.near_hooks = {
		(uint64_t)near_mem_malloc, (uint64_t)near_mem_calloc, (uint64_t)near_mem_realloc, 0,
		(uint64_t)near_obj_malloc, (uint64_t)near_obj_calloc, (uint64_t)near_obj_realloc, 0,
	},
	.config = (uint64_t)&config,
	.private_pages = (uint64_t)&pages,
	.config_bytes = sizeof(struct probe_config),
	.private_bytes = sizeof(struct probe_private),
	.enter = (uint64_t)enter,
	.enter_alone = (uint64_t)enter_alone,
};
