#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/buf.h"
#include "memspy/cleanup.h"
#include "memspy/proc.h"
#include "title.h"

enum { MAX_TITLE = 80, MAX_ARGUMENTS = 64 };

struct arguments {
	const char *at[MAX_ARGUMENTS];
	size_t count;
};

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static bool is_python(const char *program)
{
	const char *name = basename_of(program);

	return strncmp(name, "python", 6) == 0 && name[6 + strspn(name + 6, "0123456789.-dtm")] == '\0';
}

/* A script called __main__.py says little without its folder. */
static const char *script_name(const char *path)
{
	const char *name = basename_of(path), *parent = name;

	if (strcmp(name, "__main__.py") != 0 || name == path)
		return name;
	for (parent = name - 1; parent > path && parent[-1] != '/'; parent--)
		;
	return parent;
}

/* What python runs: the options as python itself reads them, up to the first that ends them. */
static void python_title(const struct arguments *a, struct buf *to)
{
	const char *python = basename_of(a->at[0]);

	for (size_t i = 1; i < a->count; i++) {
		const char *option = a->at[i], *next = i + 1 < a->count ? a->at[i + 1] : "";

		if (option[0] != '-') {
			buf_puts(to, script_name(option));
			return;
		}
		if (option[1] == '\0') {
			buf_printf(to, "%s -", python);
			return;
		}
		if (strcmp(option, "--check-hash-based-pycs") == 0)
			i++;
		if (option[1] == '-')
			continue;
		for (const char *letter = option + 1; *letter; letter++) {
			if (*letter == 'c') {
				buf_printf(to, "%s -c", python);
				return;
			}
			if (*letter == 'm') {
				buf_printf(to, "%s -m %s", python, letter[1] ? letter + 1 : next);
				return;
			}
			if (strchr("XWQ", *letter)) { /* with a value: the rest, or the next one */
				i += letter[1] == '\0';
				break;
			}
		}
	}
	buf_puts(to, python);
}

/* The arguments in text, which ends with NUL. Programs that set their title leave one, and NULs behind it. */
static void split(const char *text, size_t length, struct arguments *ret)
{
	const char *end = text + length;

	while (end > text && end[-1] == '\0')
		end--;
	for (const char *at = text; at < end && ret->count < MAX_ARGUMENTS; at += strlen(at) + 1)
		ret->at[ret->count++] = at;
}

/* One line, and not too long; cut between characters. */
static void make_printable(struct buf *title)
{
	for (size_t i = 0; i < title->length; i++)
		if ((unsigned char)title->data[i] < 0x20 || title->data[i] == 0x7f)
			title->data[i] = '?';
	while (title->length && title->data[title->length - 1] == ' ')
		title->data[--title->length] = '\0';
	if (title->length > MAX_TITLE) {
		title->length = MAX_TITLE - strlen("…");
		while (title->length && ((unsigned char)title->data[title->length] & 0xc0) == 0x80)
			title->length--;
		buf_puts(title, "…");
	}
}

void title_from_cmdline(const char *text, size_t length, struct buf *to)
{
	struct arguments a = { 0 };

	split(text, length, &a);
	if (a.count == 0)
		return;
	if (is_python(a.at[0]))
		python_title(&a, to);
	else if (a.count == 1 && strchr(a.at[0], ' '))
		buf_puts(to, a.at[0]);
	else
		buf_puts(to, basename_of(a.at[0]));
	make_printable(to);
}

int proc_title(pid_t pid, char **ret, struct err *e)
{
	_cleanup_(buf_done) struct buf title = { 0 };
	_cleanup_(freep) char *cmdline = NULL;
	struct proc_status status;
	size_t length;
	int r;

	r = proc_cmdline(pid, &cmdline, &length, e);
	if (r < 0)
		return r;
	title_from_cmdline(cmdline, length, &title);
	if (title.length == 0) { /* of the kernel, or a zombie */
		r = proc_status_read(pid, &status, e);
		if (r < 0)
			return r;
		buf_printf(&title, "[%s]", status.comm);
		make_printable(&title);
	}
	if (title.failed)
		return err_set(e, ENOMEM, "no memory for the title of %d", pid);
	*ret = TAKE(title.data);
	return 0;
}
