"""Allocates in a known way, holds it, and says how much it truly is. Arguments: the kind, a number, a size.

Prints "ready"; a line on standard input starts it; then it prints one line of JSON: the bytes it holds, the line that
made them, and faults it found; another line ends it. Runs on every Python from 2.7 on.
"""
import binascii
import collections
import json
import os
import sys
import threading

kind, n, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
faults = []


def here():
    return sys._getframe(1).f_lineno


def sizes(*objects):
    """Of lists: with what is in them, each object once. Keeps nothing: ints that 2.7 has made stay for ever."""
    seen = set()
    total = 0
    for o in objects:
        total += sys.getsizeof(o)
        for x in o if isinstance(o, list) else ():
            if id(x) not in seen:
                seen.add(id(x))
                total += sys.getsizeof(x)
    return total


def allocate_leak(n, size):
    data = []
    for i in range(n):
        data.append("x" * size)
    return data


def leak():
    data = allocate_leak(n, size)
    return data, sizes(data), allocate_leak.__code__.co_firstlineno + 3


def literal():
    data = []
    for i in range(n):
        data.append("x" * 1000); line = here()
    return data, sizes(data), line


def small():
    data = []
    for i in range(n):
        data.append(str(i).zfill(size)); line = here()
    return data, sizes(data), line


def grow_bytearray():
    data = bytearray()
    piece = b'z' * size
    for i in range(n):
        data += piece; line = here()
    return data, sizes(data), line


def grow_list():
    data = []
    for i in range(n):
        data.append(None); line = here()
    return data, sizes(data), line


def zeros():
    import numpy
    data = numpy.zeros(n * size, dtype='u1'); line = here()
    return data, n * size, line


def mapped():
    import mmap
    data = mmap.mmap(-1, n * size); line = here()
    return data, n * size, line


def mapped_in_thread():
    made = []
    thread = threading.Thread(target=lambda: made.append(mapped()))
    thread.start()
    thread.join()
    return made[0]


def threads():
    parts = [None] * 4

    def run(k):
        parts[k] = allocate_leak(n // 4, size)
    started = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for t in started:
        t.start()
    for t in started:
        t.join()
    return parts, sum(sizes(p) for p in parts), allocate_leak.__code__.co_firstlineno + 3


def crossing():
    """Threads allocate at once, where there is no GIL, and each frees half of what another one made."""
    parts = [None] * 8
    given = [collections.deque() for k in range(8)]

    def run(k):
        keep, to, mine = [], given[(k + 1) % 8], given[k]
        for i in range(n // 8):
            keep.append(str(i).zfill(size))
            to.append(str(-i).zfill(size))
            if len(mine) > 100:
                mine.clear()
        parts[k] = keep
    started = [threading.Thread(target=run, args=(k,)) for k in range(8)]
    for t in started:
        t.start()
    for t in started:
        t.join()
    for part in given:
        part.clear()
    return parts, sum(sizes(p) for p in parts), run.__code__.co_firstlineno + 3


def child_work(k):
    """A child with much to allocate and free, of every size, that checks what it made."""
    keep = [('%d' % (i * k)) * (i % 700) for i in range(20000)]
    del keep[::3]
    keep += [bytearray(i * 13) for i in range(300)]
    return binascii.crc32(repr(keep).encode())


def fork():
    want = child_work(7)
    first = allocate_leak(n // 2, size)
    children = []
    for k in range(4):
        pid = os.fork()
        if pid == 0:
            os._exit(0 if child_work(7) == want else 3)
        children.append(pid)
    second = allocate_leak(n - n // 2, size)
    for pid in children:
        status = os.waitpid(pid, 0)[1]
        if status:
            faults.append('a child ended with %d' % status)
    import multiprocessing
    pool = multiprocessing.Pool(2)
    if pool.map(child_work, [7, 7, 7]) != [want] * 3:
        faults.append('a child of multiprocessing counted wrong')
    pool.close()
    pool.join()
    return (first, second), sizes(first) + sizes(second), allocate_leak.__code__.co_firstlineno + 3


def say(what):
    sys.stdout.write(what + '\n')
    sys.stdout.flush()


if __name__ == '__main__':
    if kind == 'zeros' and os.environ.get('NUMPY_FIRST'):
        import numpy
    say('ready')
    sys.stdin.readline()
    held, true, line = globals()[kind]()
    say(json.dumps({'bytes': true, 'line': line, 'faults': faults}))
    sys.stdin.readline()
