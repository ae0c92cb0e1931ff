"""Interpreters that end: each lives for a moment, then finalises slowly with threads, finalisers and memory in use.

The process that was started is not the one to look at: it starts the others, one after the other, and checks their end.
"""
import atexit
import os
import subprocess
import sys
import time

from trouble import background, counted, fault, ready, right, work

LIVES, ENDS = 0.15, 0.25


class Slow:
    def __init__(self, k):
        self.data = [('%d' % (k * i)) * 30 for i in range(50)]

    def __del__(self):
        if sum(len(x) for x in self.data) % 30:
            os._exit(9)
        [bytearray(i) for i in range(300)]


def live_and_end():
    kept = [Slow(k) for k in range(300)]
    kept.append(kept)  # for the collector
    sys.modules['kept'] = kept
    end = time.time() + LIVES
    background(lambda: [bytearray(5000) for _ in iter(int, 1)])

    def late():
        until = time.time() + ENDS
        while time.time() < until:
            if right():
                os._exit(8)
    atexit.register(late)
    while time.time() < end:
        if right():
            os._exit(7)
    sys.exit(42)


if sys.argv[3:] == ['child']:
    live_and_end()
ready()
while True:
    child = subprocess.Popen([sys.executable, '-W', 'ignore'] + sys.argv + ['child'])
    counted.put(counted.SUBJECT, child.pid)
    status = child.wait()
    if status != 42:
        fault('an interpreter ended with %d' % status)
    work()
