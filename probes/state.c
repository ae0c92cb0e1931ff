/*
 * state: the two structs that memspy fills.
 */
#include "probe.h"

struct probe_config config __attribute__((aligned(64)));
struct probe_private pages __attribute__((aligned(4096), section(".bss.pages")));
