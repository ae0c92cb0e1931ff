/*
 * Is an aligned word written through /proc/PID/mem ever seen half? docs/decisions/0002 builds on "no".
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 2 };

static int read_for_a_while(volatile uint64_t *word, uint64_t a, uint64_t b)
{
	time_t end = time(NULL) + SECONDS;
	unsigned long torn = 0, reads = 0;

	while (time(NULL) < end)
		for (int i = 0; i < 1000000; i++, reads++) {
			uint64_t seen = *word;

			torn += seen != a && seen != b;
		}
	printf("%lu reads, %lu torn\n", reads, torn);
	fflush(stdout);
	return torn != 0;
}

int main(void)
{
	const uint64_t values[2] = { 0x00007f1111111111u, 0x0000562222222222u };
	volatile uint64_t *words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long writes = 0;
	char path[64];
	int fd, status = 0;
	pid_t pid;

	if (words == MAP_FAILED)
		return 1;
	words[5] = values[0];
	pid = fork();
	if (pid == 0)
		_exit(read_for_a_while(&words[5], values[0], values[1]));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		kill(pid, 9);
		waitpid(pid, &status, 0);
		return 77; /* no ptrace here */
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		if (pwrite(fd, &values[writes % 2], 8, (off_t)(uintptr_t)&words[5]) == 8)
			writes++;
	printf("%lu writes\n", writes);
	return !WIFEXITED(status) || WEXITSTATUS(status) || writes < 1000;
}
