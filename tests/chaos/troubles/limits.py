"""Limits reached: no more memory to be had, no more descriptors to be had, for a while; and then again there is some."""
import os
import random
import resource
import time

from trouble import fault, for_ever, ready

HOLD = 0.05


def statm_bytes():
    with open('/proc/self/statm') as f:
        return int(f.read().split()[0]) * resource.getpagesize()


def without_memory():
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (statm_bytes() + (4 << 20), hard))
    kept = []
    try:
        while True:
            kept.append(bytearray(1 << 20))
    except MemoryError:
        pass
    end = time.time() + HOLD
    while time.time() < end:
        try:
            kept.append(bytearray(1 << 20))
            if len(kept) > 64:
                fault('there is memory beyond the limit')
                break
        except MemoryError:
            pass
        [('%d' % i) * 20 for i in range(500)]
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY if hard == resource.RLIM_INFINITY else hard, hard))
    if any(b[0] or b[-1] for b in kept):
        fault('its memory changed')


def without_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
    opened = []
    try:
        while True:
            opened.append(os.open('/dev/null', os.O_RDONLY))
    except OSError:
        pass
    end = time.time() + HOLD
    while time.time() < end:
        [('%d' % i) * 20 for i in range(500)]
    for fd in opened:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def without_limits():
    end = time.time() + 2 * HOLD
    while time.time() < end:
        [bytearray(5000) for _ in range(500)]


def reach():
    random.choice((without_memory, without_descriptors, without_limits))()


ready()
for_ever(reach)
