/* Maps the library it is given, says that it is ready, and waits. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

int main(int count, char *arguments[])
{
	if (count < 2 || !dlopen(arguments[1], RTLD_NOW)) {
		fprintf(stderr, "%s\n", count < 2 ? "give it a library" : dlerror());
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
