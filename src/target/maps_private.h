/*
 * maps_private: shared by the files that work on a list of mappings.
 */
#pragma once

#include "memspy/maps.h"

/* Index of the first mapping that ends behind address: it holds it, or is the next one. May be the count. */
size_t maps_first_ending_behind(const struct maps *m, raddr address);
