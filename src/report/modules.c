#include "memspy/modules.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memspy/cleanup.h"

struct module {
	uint32_t number; /* string id in `texts`; 0: no frame's file */
	enum module_kind kind;
};

struct modules {
	struct names *texts; /* a name seen twice has one id */
	struct module *of_file; /* by string id of the recording's names */
	uint32_t files;
};

const char *module_path(const char *path, enum module_kind *ret_kind)
{
	static const char *const places[] = { "/site-packages/", "/dist-packages/" };
	enum module_kind ignored, *kind = ret_kind ? ret_kind : &ignored;
	const char *found;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		found = strstr(path, places[i]);
		*kind = MODULE_PACKAGE;
		if (found)
			return found + strlen(places[i]);
	}
	*kind = MODULE_STANDARD;
	for (found = strstr(path, "/lib/python"); found; found = strstr(found + 1, "/lib/python")) {
		const char *p = found + strlen("/lib/python");

		p += strspn(p, "0123456789.t");
		if (*p == '/' && p[1])
			return p + 1;
	}
	*kind = MODULE_PROGRAM;
	return path;
}

static bool is_import(const char *path)
{
	const char *rest;

	if (strncmp(path, "<frozen importlib.", 18) == 0 || strncmp(path, "<frozen zipimport", 17) == 0)
		return true;
	rest = module_path(path, NULL);
	return rest != path && (strncmp(rest, "importlib/_bootstrap", 20) == 0 || strcmp(rest, "zipimport.py") == 0);
}

/* How much of `root` the folder of `path` shares, whole folders only. */
static size_t common(const char *root, size_t length, const char *path)
{
	size_t same = 0;

	for (size_t i = 0; i < length && root[i] == path[i]; i++)
		if (root[i] == '/')
			same = i + 1;
	return same;
}

/* The folder that all files of the program are below: what stands before a module's name. */
static void find_root(const struct modules *m, const struct names *n, const char **ret, size_t *ret_length)
{
	*ret = "";
	*ret_length = 0;
	for (uint32_t file = 1; file <= m->files; file++) {
		const char *path = names_text(n, file);
		const char *slash = strrchr(path, '/');

		if (!m->of_file[file].number || m->of_file[file].kind != MODULE_PROGRAM || *path != '/')
			continue;
		if (!**ret) {
			*ret = path;
			*ret_length = (size_t)(slash + 1 - path);
		} else {
			*ret_length = common(*ret, *ret_length, path);
		}
	}
}

static bool strip(size_t *length, const char *text, const char *end)
{
	size_t n = strlen(end);

	if (*length <= n || strncmp(text + *length - n, end, n) != 0)
		return false;
	*length -= n;
	return true;
}

/* "pandas/core/frame.py" is pandas.core.frame, "json/__init__.py" json, "<frozen importlib._bootstrap>" what it says. */
static int name_module(struct modules *m, const char *path, uint32_t *ret, struct err *e)
{
	size_t length = strlen(path);
	_cleanup_(freep) char *text = NULL;
	int r;

	if (strncmp(path, "<frozen ", 8) == 0 && path[length - 1] == '>') {
		path += 8;
		length -= 9;
	} else if (*path != '<') {
		while (strncmp(path, "./", 2) == 0)
			path += 2;
		length = strlen(path);
		(void)(strip(&length, path, ".py") || strip(&length, path, ".pyc") || strip(&length, path, ".pyw"));
		(void)strip(&length, path, "/__init__");
	}
	text = strndup(path, length);
	if (!text)
		return err_set(e, ENOMEM, "out of memory for the names of modules");
	if (*text != '<')
		for (char *p = text; *p; p++)
			*p = *p == '/' ? '.' : *p;
	r = names_string(m->texts, *text ? text : path, strlen(*text ? text : path), ret, e);
	return r;
}

static int name_all(struct modules *m, const struct names *n, struct err *e)
{
	const char *root;
	size_t length;
	int r = 0;

	find_root(m, n, &root, &length);
	for (uint32_t file = 1; file <= m->files && r == 0; file++) {
		const char *path = names_text(n, file);
		struct module *module = &m->of_file[file];

		if (!module->number)
			continue;
		if (module->kind == MODULE_PROGRAM && *path == '/' && length && strlen(path) > length)
			path += length;
		else
			path = module_path(path, NULL);
		r = name_module(m, path, &module->number, e);
	}
	return r;
}

static void modules_freep(struct modules **m)
{
	modules_free(*m);
}

int modules_new(struct modules **ret, const struct names *n, struct err *e)
{
	_cleanup_(modules_freep) struct modules *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return err_set(e, ENOMEM, "out of memory for the names of modules");
	m->files = names_strings(n);
	m->of_file = calloc((size_t)m->files + 1, sizeof(*m->of_file));
	if (!m->of_file)
		return err_set(e, ENOMEM, "out of memory for the names of modules");
	r = names_new(&m->texts, e);
	if (r < 0)
		return r;
	for (uint32_t frame = 1; frame <= names_frames(n); frame++) {
		uint32_t file = names_frame_at(n, frame).file;
		const char *path = names_text(n, file);

		if (!*path || m->of_file[file].number)
			continue;
		m->of_file[file].number = 1; /* a file, to be named */
		module_path(path, &m->of_file[file].kind);
		if (is_import(path))
			m->of_file[file].kind = MODULE_IMPORT;
		else if (strncmp(path, "<frozen ", 8) == 0)
			m->of_file[file].kind = MODULE_STANDARD;
	}
	r = name_all(m, n, e);
	if (r < 0)
		return r;
	*ret = TAKE(m);
	return 0;
}

void modules_free(struct modules *m)
{
	if (!m)
		return;
	names_free(m->texts);
	free(m->of_file);
	free(m);
}

uint32_t modules_number(const struct modules *m, uint32_t file)
{
	return file <= m->files ? m->of_file[file].number : 0;
}

const char *modules_name(const struct modules *m, uint32_t file)
{
	return names_text(m->texts, modules_number(m, file));
}

enum module_kind modules_kind(const struct modules *m, uint32_t file)
{
	return file <= m->files ? m->of_file[file].kind : MODULE_PROGRAM;
}
