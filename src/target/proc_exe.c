/*
 * proc_exe: the file a process executes, and what it is made for.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memspy/cleanup.h"
#include "memspy/proc.h"

#if defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
#else
enum { OUR_MACHINE = EM_X86_64 };
#endif

int proc_exe(pid_t pid, char *to, size_t room, struct err *e)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = room ? readlink(path, to, room - 1) : 0;
	if (n < 0 && (errno == ENOENT || errno == ESRCH)) {
		struct proc_id id;
		int r = proc_identify(pid, &id, e);

		return r < 0 ? r : err_set(e, ENOENT, "process %d has no executable: it has ended, or belongs to the kernel", pid);
	}
	if (n < 0)
		return err_sys(e, errno, "cannot read %s", path);
	to[n] = '\0';
	if ((size_t)n > tail && strcmp(to + n - tail, deleted) == 0)
		to[(size_t)n - tail] = '\0';
	return 0;
}

enum proc_kind proc_kind(pid_t pid)
{
	_cleanup_(closep) int fd = -1;
	Elf32_Ehdr header; /* as far as machine both classes are alike */
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return PROC_UNKNOWN;
	if (header.e_ident[EI_CLASS] == ELFCLASS32)
		return PROC_32_BIT;
	return header.e_machine == OUR_MACHINE ? PROC_NATIVE : PROC_FOREIGN;
}
