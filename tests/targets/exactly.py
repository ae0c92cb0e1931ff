"""Fills shelves with objects of known size, as often as asked; says how many blocks more pymalloc has."""
import sys

SHELF = 10000
blocks = getattr(sys, 'getallocatedblocks', int)


def fill(shelf):
    for i in range(SHELF):
        shelf[i] = object()


def grow():
    return bytearray(100000)


# Arenas with room for every shelf: a new one may bring a node of pymalloc's own map of arenas, 2 KiB on the line that fills.
room = ['%400d' % i for i in range(12000)][::250]
shelves, large = [], []
sys.stdout.write('ready\n')
while True:
    sys.stdout.flush()
    line = sys.stdin.readline().strip()
    if not line:
        break
    if line == 'fill':
        shelves.append([None] * SHELF)
        before = blocks()
        fill(shelves[-1])
        sys.stdout.write('%d %d\n' % (blocks() - before, SHELF * sys.getsizeof(object())))
    elif line == 'empty':
        shelves.pop()
        sys.stdout.write('done\n')
    elif line == 'grow':
        large.append(grow())
        sys.stdout.write('done\n')
