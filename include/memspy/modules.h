/*
 * modules: which module a file of Python is, and whose.
 *
 * Nobody records a module's name; it follows from the path: behind site-packages or the standard library's folder it is what
 * one imports ("json.decoder"), of a program's own files what they are called below the folder that they have in common.
 *
 * It knows nothing of figures. Texts live until modules_free.
 */
#pragma once

#include <stdint.h>

#include "memspy/err.h"
#include "memspy/names.h"

enum module_kind {
	MODULE_PROGRAM,	 /* the program's own, or what nobody knows better */
	MODULE_PACKAGE,	 /* of site-packages or dist-packages */
	MODULE_STANDARD, /* of the standard library */
	MODULE_IMPORT,	 /* the machinery behind "import" */
};

struct modules;

int modules_new(struct modules **ret, const struct names *n, struct err *e);
void modules_free(struct modules *m);

/* file: string id. Modules of one name have one number, from 1 on; 0 and "" for what is no frame's file. */
uint32_t modules_number(const struct modules *m, uint32_t file);
const char *modules_name(const struct modules *m, uint32_t file);
enum module_kind modules_kind(const struct modules *m, uint32_t file);

/* The part of a path behind the place that libraries are kept in: everybody knows where that is. ret_kind may be NULL. */
const char *module_path(const char *path, enum module_kind *ret_kind);
