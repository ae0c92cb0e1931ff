/*
 * own_key: preloaded, it has a key for threads before Python makes its own, and gives it back when asked. In the child of a
 * fork, where CPython makes its key anew, that gets another number then.
 */
#include <pthread.h>

static pthread_key_t key;

__attribute__((constructor)) static void make(void)
{
	pthread_key_create(&key, 0);
}

int give_back(void)
{
	return pthread_key_delete(key);
}
