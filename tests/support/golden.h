/*
 * golden: text that must stay as it was, letter by letter, in a file of the golden folder.
 *
 * MEMSPY_GOLDEN names the folder; with MEMSPY_GOLDEN_WRITE set the files are made anew: look at what changed.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_memspy.h"
#include "memspy/buf.h"

static inline void golden_is(const char *name, const struct buf *text)
{
	const char *folder = getenv("MEMSPY_GOLDEN");
	char file[512];
	char *want;
	FILE *f;
	size_t n;

	ck_assert_msg(folder != NULL, "MEMSPY_GOLDEN is not set");
	snprintf(file, sizeof(file), "%s/%s", folder, name);
	if (getenv("MEMSPY_GOLDEN_WRITE")) {
		f = fopen(file, "we");
		ck_assert(f && fwrite(text->data, 1, text->length, f) == text->length && fclose(f) == 0);
		return;
	}
	f = fopen(file, "re");
	ck_assert_msg(f != NULL, "no %s", file);
	want = calloc(1, 1 << 20);
	n = fread(want, 1, (1 << 20) - 1, f);
	fclose(f);
	ck_assert_msg(n == text->length && memcmp(want, text->data, n) == 0, "%s: want\n%s\ngot\n%s", name, want, text->data);
	free(want);
}
