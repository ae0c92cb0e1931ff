/*
 * whole: a step that a SIGKILL of memspy does not cut in two. Serves this folder only.
 *
 * The kernel looks for a SIGKILL between any two pages of a pwrite, and leaves the rest unwritten: on tmpfs two of
 * three kills under load tore a tick of 64 KiB. So a process of its own makes the step, which shares our memory and
 * which the killer does not know; we wait for it as after a vfork.
 */
#pragma once

/* Calls step(of). It has 16 KiB of stack, and must neither allocate nor exit. */
void whole(void (*step)(void *of), void *of);
