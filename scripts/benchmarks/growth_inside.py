"""One thing that grows, and the same allocations beside it. Any Python from 2.7 on.

MEMSPY_BENCH_GROWTH is WHAT:SIZE. build makes it that large; piece is a thousand allocations, or a thousand stacks.
"""
import os
import sys
import threading

what, size = os.environ['MEMSPY_BENCH_GROWTH'].split(':')
size = int(size)
kept = []
X = 'x'  # a constant times a constant would be one constant, made once


def allocate(count):
    for _ in range(count):
        [j * 1.5 for j in range(500)]
        [X * 600 for _ in range(500)]


# ---- live objects

def build_live(_):
    kept.extend([i * 0.5 for i in range(size)])


# ---- distinct stacks: the bits of a number say who calls whom

def even(i, depth):
    if not depth:
        return [X * 600]
    return odd(i >> 1, depth - 1) if i & 1 else even(i >> 1, depth - 1)


def odd(i, depth):
    if not depth:
        return [X * 600]
    return odd(i >> 1, depth - 1) if i & 1 else even(i >> 1, depth - 1)


place = [0]


def stacks(count):
    for _ in range(count):
        for i in range(place[0], place[0] + 1000):
            even(i * 2654435761 % size, 20)
        place[0] += 1000


def build_stacks(_):
    for i in range(min(size, 200000)):
        kept.append(even(i, 20))
        if len(kept) > 10000:
            del kept[:]


# ---- threads: all there, all the time, each with its share

orders, done = [], threading.Semaphore(0)


class Worker(threading.Thread):
    def __init__(self):
        threading.Thread.__init__(self)
        self.daemon, self.turn, self.share = True, threading.Semaphore(0), 0

    def run(self):
        while True:
            self.turn.acquire()
            for _ in range(self.share):
                [X * 600 for _ in range(20)]
            done.release()


def build_threads(_):
    threading.stack_size(256 * 1024)
    kept.extend(Worker() for _ in range(size))
    for t in kept:
        t.start()


def threads(count):
    for t in kept:
        t.share = max(1, count * 50 // size)
        t.turn.release()
    for t in kept:
        done.acquire()


# ---- depth: the allocations are made at the bottom

def down(depth, count):
    return down(depth - 1, count) if depth else allocate(count)


def deep(count):
    t = threading.Thread(target=down, args=(size, count))
    t.start()
    t.join()


def build_deep(_):
    sys.setrecursionlimit(size + 1000)
    threading.stack_size(512 * 1024 * 1024)


WORK = {'live': {'build': build_live, 'piece': allocate}, 'stacks': {'build': build_stacks, 'piece': stacks},
        'threads': {'build': build_threads, 'piece': threads}, 'depth': {'build': build_deep, 'piece': deep}}[what]
