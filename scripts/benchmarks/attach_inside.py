"""A target that reads the clock as often as it can, and notes when it stood still. Any Python from 2.7 on.

    attach_inside.py idle|busy|threads FILE
FILE begins with a count of notes; each is the time at which a gap ended and its length, in seconds, as doubles.
"""
import mmap
import struct
import sys
import threading
import time

clock = getattr(time, 'perf_counter', time.time)
WORTH = 5e-6  # what is shorter is only the loop itself


class Notes(object):
    def __init__(self, path):
        with open(path, 'r+b') as f:
            self.map = mmap.mmap(f.fileno(), 0)
        self.count, self.room = 0, len(self.map) // 16 - 1

    def add(self, when, gap):
        struct.pack_into('<dd', self.map, 16 + 16 * (self.count % self.room), when, gap)
        self.count += 1
        struct.pack_into('<Q', self.map, 0, self.count)


def read_clock(notes):
    before = clock()
    while True:
        now = clock()
        if now - before > WORTH:
            notes.add(now, now - before)
            now = clock()
        before = now


def sleep(notes):
    """An idle one: what it can notice is how late it wakes."""
    while True:
        before = clock()
        time.sleep(0.002)
        now = clock()
        notes.add(now, max(0.0, now - before - 0.002))


def allocate():
    while True:
        [str(i) * 40 for i in range(200)]


def main():
    kind, path = sys.argv[1:]
    if kind == 'threads':
        for _ in range(3):
            t = threading.Thread(target=allocate)
            t.daemon = True
            t.start()
    notes = Notes(path)
    sys.stdout.write('ready\n')
    sys.stdout.flush()
    (sleep if kind == 'idle' else read_clock)(notes)


main()
