/* The short names of the program's files: what all of them have in common is left out. */
#include <string.h>

#include "ledger_private.h"
#include "memspy/modules.h"

static size_t folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? (size_t)(slash - file) + 1 : 0;
}

/* The folder becomes what it has in common with that of the file. */
void ledger_saw_file(struct ledger *l, const char *file)
{
	char **folder = &l->private->folder;
	size_t same = 0, last = 0;
	enum module_kind kind;

	module_path(file, &kind);
	if (kind != MODULE_PROGRAM || file[0] != '/')
		return;
	if (!*folder) {
		*folder = strndup(file, folder_of(file));
		return;
	}
	for (; (*folder)[same] && (*folder)[same] == file[same]; same++)
		if (file[same] == '/')
			last = same + 1;
	(*folder)[last] = '\0';
}

const char *ledger_file(const struct ledger *l, const char *file)
{
	const char *folder = l->private->folder;
	size_t length = folder ? strlen(folder) : 0;

	if (length < 2 || strncmp(file, folder, length) != 0)
		return file;
	/* Its own name stays: it often is the program's. */
	for (length--; length && folder[length - 1] != '/'; length--)
		;
	return length > 1 ? file + length : file;
}
