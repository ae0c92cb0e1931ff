#include <stdlib.h>
#include <string.h>

#include "memspy/command.h"

enum { LONGEST = 40 };

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* How many letters must be put in, taken out or changed. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1], n = strlen(b);

	if (n > LONGEST || strlen(a) > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

const char *suggest(const char *wrong, const char *const names[])
{
	const char *best = NULL;
	size_t nearest = strlen(wrong) < 5 ? 2 : 3;

	for (size_t i = 0; names[i]; i++) {
		/* Someone who wrote the beginning of a name meant that name. */
		size_t d = strlen(wrong) >= 3 && strncmp(wrong, names[i], strlen(wrong)) == 0 ? 1 : distance(wrong, names[i]);

		if (d < nearest && d < strlen(names[i])) {
			best = names[i];
			nearest = d;
		}
	}
	return best;
}
