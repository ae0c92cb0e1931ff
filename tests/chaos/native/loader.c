#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

enum { MOST = 16 };

static struct count *counted;
static const char *objects[MOST];
static unsigned object_count;

static int count_object(struct dl_phdr_info *info, size_t size, void *own)
{
	(void)info;
	(void)size;
	++*(unsigned *)own;
	return 0;
}

/* What plugin.c promises: 30 blocks made by its constructor, all there and right when we ask. */
static void check_plugin(void *handle)
{
	unsigned (*whole)(void) = (unsigned (*)(void))dlsym(handle, "plugin_whole_blocks");

	if (whole && whole() != 30)
		__atomic_add_fetch(&counted->faults, 1, __ATOMIC_RELAXED);
}

static void *load(void *own)
{
	for (unsigned n = (unsigned)(uintptr_t)own;; n++) {
		void *handle = dlopen(objects[n % object_count], n & 1 ? RTLD_NOW : RTLD_LAZY);
		unsigned seen = 0;

		if (!handle) {
			__atomic_add_fetch(&counted->faults, 1, __ATOMIC_RELAXED);
			continue;
		}
		check_plugin(handle);
		dl_iterate_phdr(count_object, &seen);
		if (seen < 3 || dlclose(handle))
			__atomic_add_fetch(&counted->faults, 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&counted->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

int loader_begin(struct count *c, const char *const *paths, unsigned count)
{
	pthread_t thread;
	int r = 0;

	counted = c;
	object_count = count < MOST ? count : MOST;
	for (unsigned i = 0; i < object_count; i++)
		objects[i] = strdup(paths[i]);
	for (uintptr_t i = 0; !r && i < 2; i++)
		r = pthread_create(&thread, NULL, load, (void *)i);
	return r;
}
