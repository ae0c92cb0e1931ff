/*
 * beside: a library that loads its neighbour by name, which only its own RPATH can find; and threads without Python.
 * Compiled by tests/live/test_life.py; with -DNEIGHBOUR it is the neighbour.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#ifdef NEIGHBOUR
int answer(void)
{
	char *p = strdup("42"); /* its own slots: they are turned when it comes, and gone when it goes */
	int n = p ? atoi(p) : 0;

	free(p);
	return n;
}
#else
int load(void)
{
	void *neighbour = dlopen("libneighbour.so", RTLD_NOW);
	int (*answer)(void) = neighbour ? (int (*)(void))dlsym(neighbour, "answer") : NULL;
	int n = answer ? answer() : -1;

	if (neighbour)
		dlclose(neighbour);
	return n;
}

void *hold(size_t n)
{
	return malloc(n);
}

static void *run(void *rounds)
{
	char *last = NULL;
	long done = 0;

	for (long i = 0; i < (long)rounds; i++) {
		char *p = malloc((size_t)(i % 3000) + 1);

		memset(p, 1, (size_t)(i % 3000) + 1);
		p = realloc(p, (size_t)(i % 5000) + 1);
		free(last);
		last = p;
		done += p != NULL;
	}
	free(last);
	return (void *)done;
}

int work(int count, long rounds)
{
	pthread_t threads[16];
	long sum = 0;

	for (int i = 0; i < count && i < 16; i++)
		pthread_create(&threads[i], NULL, run, (void *)rounds);
	for (int i = 0; i < count && i < 16; i++) {
		void *done;

		pthread_join(threads[i], &done);
		sum += (long)done;
	}
	return (int)sum;
}
#endif
