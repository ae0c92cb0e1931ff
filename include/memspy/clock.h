/*
 * clock: time that only goes forward, and the cycle counter the probe stamps with.
 */
#pragma once

#include <stdint.h>

uint64_t clock_now_ns(void);	   /* CLOCK_MONOTONIC */
uint64_t clock_wall_ns(void);	   /* CLOCK_REALTIME, since 1970 */
uint64_t clock_cycles(void);	   /* the same counter the probe reads; its rate is measured, not known */
void clock_sleep_until(uint64_t ns); /* CLOCK_MONOTONIC; returns early on a signal */
