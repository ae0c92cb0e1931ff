/*
 * inject_sweep: descriptors that a memspy left in the target because it was killed between making and closing them.
 *
 * They have names that nobody else gives. Should their maker be alive, it finds its descriptor closed and gives up, as it
 * does when the target closes it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject_private.h"
#include "memspy/cleanup.h"

enum { PATIENCE_NS = 500000000 };

struct left {
	int number; /* in the target */
	int ours;   /* the same file, open here: the number may be another's by then */
};

static bool has_our_name(int folder, const char *path)
{
	static const char *const names[] = { "/memfd:" TABLE_NAME " (deleted)", "/memfd:" PROBE_NAME " (deleted)" };
	char link[64];
	ssize_t n = readlinkat(folder, path, link, sizeof(link) - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	return strcmp(link, names[0]) == 0 || strcmp(link, names[1]) == 0;
}

static int close_one(const struct entering *in, struct tracee *t, void *own, struct err *e)
{
	const struct left *left = own;

	return inject_close(in, t, left->number, left->ours, e);
}

static void sweep_one(const struct entering *in, int folder, const char *name, struct injected *ret)
{
	struct left left = { .number = atoi(name) };
	struct entering with_gadgets = *in;
	char ours[64];
	struct err ignored;

	left.ours = openat(folder, name, O_RDWR | O_CLOEXEC);
	if (left.ours < 0)
		return;
	with_gadgets.patience_ns = PATIENCE_NS;
	snprintf(ours, sizeof(ours), "/proc/self/fd/%d", left.ours);
	if (has_our_name(AT_FDCWD, ours) && !gadgets_find(&with_gadgets.gadgets, in->maps, in->remote, &ignored))
		inject_some_thread(&with_gadgets, close_one, &left, ret, &ignored);
	close(left.ours);
}

void inject_sweep(const struct entering *in, struct injected *ret)
{
	const struct dirent *entry;
	char path[32];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", in->pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (has_our_name(dirfd(folder), entry->d_name))
			sweep_one(in, dirfd(folder), entry->d_name, ret);
	if (folder)
		closedir(folder);
}
