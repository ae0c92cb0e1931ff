"""Allocates, replaces and frees on a dozen lines at random, and keeps a ledger: arguments are a seed and a sampling period.

Prints "ready"; a line on standard input starts it; then it prints one line of JSON: for each allocating line what it truly
holds and how many samples of it are to be expected; another line ends it. Runs on every Python from 3.6 on.
"""
import functools
import json
import math
import mmap
import random
import sys
import threading

PERIOD = int(sys.argv[2])
dice = random.Random(int(sys.argv[1]))
PIECE = b'z' * 1000

# One line each: (from so many bytes, up to so many, made so).
MAKERS = [
    (40, 300, lambda n: bytes(n)),
    (40, 500, lambda n: 'x' * n),
    (300, 900, lambda n: bytearray(n)),
    (600, 3000, lambda n: 'y' * n),
    (600, 30000, lambda n: bytes(n)),
    (100, 5000, lambda n: [None] * (n // 8)),
    (200, 9000, lambda n: (None,) * (n // 8)),
    (100, 2000, lambda n: 1 << 8 * n),
    (2000, 60000, lambda n: functools.reduce(lambda b, p: b.__iadd__(p), [PIECE] * (n // 1000), bytearray())),
    (30000, 200000, lambda n: bytearray(n)),
    (200000, 900000, lambda n: bytes(n)),
    (8192, 100000, lambda n: mmap.mmap(-1, n)),
]
MOST = 40000  # objects of one line


def size_of(x):
    return len(x) if isinstance(x, mmap.mmap) else sys.getsizeof(x)


def blocks_of(x):
    """A list, and a bytearray, is an object and what it points to."""
    total = size_of(x)
    own = {bytearray: sys.getsizeof(bytearray()), list: sys.getsizeof([])}.get(type(x), 0)
    return [own, total - own] if own else [total]


def sizes(low, high):
    """Like most programs: small ones more often than large ones."""
    return int(low * (high / low) ** dice.random())


def fill(held, low, high, make, turns):
    for _ in range(turns):
        at = dice.randrange(len(held))
        held[at] = None if dice.random() < 0.1 else make(sizes(low, high))


def plan():
    """For each line how much it is to hold, from a few samples' worth to hundreds."""
    for low, high, make in MAKERS:
        mean = (high - low) / math.log(high / low)
        count = max(3, min(MOST, int(PERIOD * 2 * 200 ** dice.random() / mean)))
        yield make.__code__.co_firstlineno, [None] * count, low, high, make


def ledger(lines):
    rows = []
    for line, held, *_ in lines:
        blocks = [b for x in held if x is not None for b in blocks_of(x)]
        rows.append([line, sum(blocks), sum(-math.expm1(-b / PERIOD) for b in blocks)])
    return rows


def say(what):
    sys.stdout.write(what + '\n')
    sys.stdout.flush()


lines = list(plan())  # before anybody looks: the lists that hold it all are not in the ledger
dice.shuffle(lines)
say('ready')
sys.stdin.readline()
started = [threading.Thread(target=fill, args=(held, low, high, make, 2 * len(held))) for _, held, low, high, make in lines]
for t in started:
    t.start()
    if dice.random() < 0.5:
        t.join()
for t in started:
    t.join()
say(json.dumps({'lines': ledger(lines), 'faults': []}))
sys.stdin.readline()
