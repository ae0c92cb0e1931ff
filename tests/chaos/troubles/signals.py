"""Signals at 1 kHz: to a native thread on a small alternate stack, and to Python's main thread."""
import ctypes
import signal
import time

from trouble import Native, fault, for_ever, ready

STACK = 8192  # SIGSTKSZ as it was for thirty years: room for one signal frame and a handler, and not for another frame
seen = [0]


def on_alarm(number, frame):
    seen[0] += 1
    if sum(x * 0.5 for x in range(20)) != 95.0:
        fault('it cannot count in a handler')


def wait():
    before, began = seen[0], time.time()
    time.sleep(0.02)
    if seen[0] == before and time.time() - began > 5:
        fault('no signal in five seconds')


native = Native()
native.call('altstack_begin', ctypes.c_size_t(STACK))
signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
ready()
for_ever(wait)
