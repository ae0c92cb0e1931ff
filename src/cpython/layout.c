#include "layout.h"

#include <string.h>

static const struct py_layout *const layouts[] = { &py_2_7, &py_3_6,  &py_3_7,	&py_3_8, &py_3_9,
						   &py_3_10, &py_3_11, &py_3_12, &py_3_13, &py_3_13t, &py_3_14,
						   &py_3_14t, &py_3_15 };

const struct py_layout *layout_find(uint16_t version, bool is_free_threaded)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i]->version == version && layouts[i]->is_free_threaded == is_free_threaded)
			return layouts[i];
	return NULL;
}

const char *layout_known(void)
{
	return "2.7, 3.6 to 3.15 and free-threaded 3.13 and 3.14";
}

bool view_get(struct view v, struct field f, uint64_t *ret)
{
	uint64_t value = 0;

	if (f.size == 0 || f.size > sizeof(value) || f.offset > v.length || v.length - f.offset < f.size)
		return false;
	memcpy(&value, v.bytes + f.offset, f.size); /* little endian, as every machine we build for */
	*ret = value;
	return true;
}
