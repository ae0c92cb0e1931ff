"""Stacks nearly exhausted: a few KiB left below Python, and Python frames down to the recursion limit."""
import ctypes
import sys
import threading

from trouble import Native, background, fault, for_ever, ready

LEFT = (24 * 1024, 12 * 1024, 8 * 1024, 5 * 1024, 4608)
sys.setrecursionlimit(3000)
threading.stack_size(64 << 20)
native = Native()


def down(n):
    held = 'x' * n
    return n + down(n - 1) if n and held else 0


def python():
    if down(2500) != 2500 * 2501 // 2:
        fault('it cannot count at depth')
    try:
        down(10000)
        fault('the recursion limit is gone')
    except RuntimeError:
        pass


def below():
    for left in LEFT:
        native.call('deep_in_thread', ctypes.c_size_t(left), ctypes.c_uint(20))
    python()


ready()
background(for_ever, below)
for_ever(python)
