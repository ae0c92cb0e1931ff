#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "maps_private.h"
#include "memspy/buf.h"
#include "memspy/cleanup.h"

/*
 * btrfs and overlayfs show another device in maps than to stat, both without a driver (major 0). Then the inode
 * must do.
 */
static bool is_the_mapped_file(const struct stat *st, const struct map *map)
{
	if (st->st_ino != map->inode)
		return false;
	if (major(st->st_dev) == map->device_major && minor(st->st_dev) == map->device_minor)
		return true;
	return major(st->st_dev) == 0 && map->device_major == 0;
}

/*
 * Looks before it opens: the name is the target's, and opening a device or a FIFO does things. 0, or -errno.
 */
static int open_checked(const char *path, const struct map *map, bool certain, int *ret_fd)
{
	_cleanup_(closep) int handle = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	char again[32];

	if (handle < 0 || fstat(handle, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENODEV;
	if (!certain && !is_the_mapped_file(&st, map))
		return -ESTALE;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", handle);
	*ret_fd = open(again, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

/* maps writes a newline in a name as \012, and nothing else is escaped. */
static void put_path(struct buf *to, const char *path)
{
	for (const char *newline; (newline = strstr(path, "\\012")); path = newline + 4) {
		buf_add(to, path, (size_t)(newline - path));
		buf_putc(to, '\n');
	}
	buf_puts(to, path);
}

int maps_open(pid_t pid, const struct map *map, int *ret_fd, struct err *e)
{
	_cleanup_(buf_done) struct buf path = { 0 };
	int first, r;

	if (map->inode == 0)
		return err_set(e, ENOENT, "no file is mapped at 0x%llx", (unsigned long long)map->start);
	buf_printf(&path, "/proc/%d/map_files/%llx-%llx", pid, (unsigned long long)map->start,
		   (unsigned long long)map->end);
	if (path.failed)
		return err_set(e, ENOMEM, "no memory to open %s", map->path);
	first = r = open_checked(path.data, map, true, ret_fd);
	if (r == 0)
		return 0;

	/* Without CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE map_files stays shut: by name, then. */
	buf_reset(&path);
	buf_printf(&path, "/proc/%d/root", pid);
	put_path(&path, map->path);
	if (!path.failed && map->path[0] == '/')
		r = open_checked(path.data, map, false, ret_fd);
	if (r == 0)
		return 0;

	buf_reset(&path);
	buf_printf(&path, "/proc/%d/exe", pid);
	if (!path.failed && open_checked(path.data, map, false, ret_fd) == 0)
		return 0;
	/* map_files knows every mapping there is: this one is not, and the name leads to what the process was before. */
	if (first == -ENOENT && (r == -ESTALE || r == -ENOENT))
		return err_set(e, EAGAIN, "%d no longer maps %s: it changed while memspy looked at it; try again", pid,
			       map->path);
	if (r == -ESTALE)
		return err_set(e, ESTALE, "%s is no longer the file that %d has mapped, and /proc/%d/map_files needs root",
			       map->path, pid, pid);
	return err_sys(e, first == -ESRCH ? ESRCH : -r, "cannot open %s of %d", map->path, pid);
}
