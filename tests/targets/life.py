"""Lives a life: forks, threads by the thousand, libraries that come and go, deep calls, code that dies.

Arguments: the kind, then its own. Prints "ready"; each line on standard input starts a piece of it, answered by one line of
JSON. Runs on every Python from 2.7 on.
"""
import binascii
import gc
import json
import os
import subprocess
import sys
import threading
import time

kept = []
faults = []


def here():
    return sys._getframe(1).f_lineno


def check():
    data = [(b'%d' % i if sys.version_info[0] < 3 else str(i).encode()) * 400 for i in range(300)]
    before = binascii.crc32(b''.join(data))
    copies = [bytearray(d) for d in data]
    if binascii.crc32(b''.join(bytes(c) for c in copies)) != before or sum(range(1000)) != 499500:
        faults.append('its objects are wrong')
    return [c * 50 for c in copies[:20]]


# ---- forks: children of every kind work and end well ----

def child():
    for _ in range(3):
        check()
    pid = os.fork()  # and theirs
    if pid == 0:
        check()
        os._exit(len(faults))
    os._exit(len(faults) + (os.waitpid(pid, 0)[1] != 0))


def fork_some():
    pids = [os.fork() for _ in range(1)]
    if pids[0] == 0:
        try:
            child()
        finally:
            os._exit(99)
    if os.waitpid(pids[0], 0)[1]:
        faults.append('a child ended badly')


def pooled(n):
    return len(check()) and n * n


def forks(rounds):
    stay, away = os.pipe()
    lasting = os.fork()
    if lasting == 0:  # works on when memspy is long gone
        os.close(away)
        os.read(stay, 1)
        check()
        os._exit(len(faults))
    os.close(stay)
    for _ in range(int(rounds)):
        fork_some()
        t = threading.Thread(target=fork_some)
        t.start()
        t.join()
        if subprocess.call(['true']):
            faults.append('a program ended badly')
        if hasattr(os, 'posix_spawnp') and os.waitpid(os.posix_spawnp('true', ['true'], os.environ), 0)[1]:
            faults.append('a spawned program ended badly')
        kept.append(bytearray(100000)); line = here()
    import multiprocessing
    context = multiprocessing.get_context('fork') if hasattr(multiprocessing, 'get_context') else multiprocessing
    pool = context.Pool(4)
    if pool.map(pooled, range(20)) != [n * n for n in range(20)]:
        faults.append('a pool does not count')
    pool.close()
    pool.join()
    answer(bytes=100000 * len(kept), line=line)
    sys.stdin.readline()  # memspy has gone
    os.close(away)
    if os.waitpid(lasting, 0)[1]:
        faults.append('the lasting child ended badly')
    answer()


# ---- threads that come and go ----

def brief():
    mine = [bytearray(10000) for _ in range(10)]
    kept.append(bytearray(50000))
    return len(mine)


def threads(count):
    began = 0
    while began < int(count):
        some = [threading.Thread(target=brief) for _ in range(20)]
        for t in some:
            t.start()
        for t in some:
            t.join()
        began += len(some)
    answer(bytes=50000 * len(kept), line=brief.__code__.co_firstlineno + 2)


# ---- libraries: one that finds its dependency by its own RPATH only, and threads that know no Python ----

def library(path):
    import ctypes
    foreign = ctypes.CDLL(path)
    foreign.load.restype = ctypes.c_int
    for _ in range(20):  # dlopen by the library, without the GIL; and dlclose
        if foreign.load() != 42:
            faults.append('a library did not find what lies beside it')
            break
    again = ctypes.CDLL(path)
    if foreign.work(4, 20000) != 80000:
        faults.append('foreign threads do not count')
    # In 2.7 nobody can tell which Python lines a thread is on while it does without the GIL.
    hold = (ctypes.CDLL if sys.version_info[0] > 2 else ctypes.PyDLL)(path).hold
    hold.restype = ctypes.c_void_p
    for _ in range(100):
        hold(50000); line = here()
    del again
    answer(bytes=100 * 50000, line=line)


# ---- deep calls ----

def down(n, stop):
    if n:
        return down(n - 1, stop)
    kept.append(bytearray(300000))
    sys.stdout.write('down\n')
    sys.stdout.flush()
    return stop()


def deep(depth):
    sys.setrecursionlimit(int(depth) + 1000)
    threading.stack_size(1 << 29)
    t = threading.Thread(target=down, args=(int(depth), sys.stdin.readline))
    t.start()
    t.join()
    answer()


# ---- code that dies, and other code at its address ----

def reborn(count):
    made = []
    for i in range(int(count)):
        scope = {}
        text = '\n' * (i % 97) + 'def made_%d(keep, n):\n    keep.append(bytearray(n))\n' % i
        exec(compile(text, '/made/%d.py' % i, 'exec'), scope)
        f = scope.pop('made_%d' % i)
        f(kept, 200000 + i)
        made.append(['made_%d' % i, '/made/%d.py' % i, i % 97 + 2, 200000 + i])
        address = id(f.__code__)
        del f, scope
        gc.collect(0)
        addresses.add(address)
    answer(made=made, addresses=len(addresses))


addresses = set()


# ---- sub-interpreters ----

def interpreters(count):
    module = None
    for name in ('_interpreters', '_xxsubinterpreters'):
        try:
            module = module or __import__(name)
        except ImportError:
            pass
    if not module:
        answer(missing='no module for interpreters')
        return
    text = 'x = [bytearray(60000) for _ in range(30)]\nfor i in range(30000):\n    y = [i] * 20\n'
    run = getattr(module, 'run_string', None) or getattr(module, 'exec')

    def one():
        for _ in range(int(count)):
            i = module.create()
            run(i, text); line.append(here())
            module.destroy(i)
    line = []
    # From 3.12 on each has a GIL of its own: they allocate at the same time.
    some = [threading.Thread(target=one) for _ in range(3 if sys.version_info >= (3, 12) else 1)]
    for t in some:
        t.start()
    for t in some:
        t.join()
    check()
    answer(bytes=len(some) * int(count) * 30 * 60000, line=line[0] if sys.version_info < (3, 12) else None)


def ends(_):
    import atexit
    atexit.register(lambda: [check() for _ in range(20)])
    kept.append(bytearray(1000000))
    answer()
    sys.exit(7)


def answer(**more):
    sys.stdout.write(json.dumps(dict(more, faults=faults)) + '\n')
    sys.stdout.flush()


sys.stdout.write('ready\n')
sys.stdout.flush()
sys.stdin.readline()
globals()[sys.argv[1]](*sys.argv[2:])
sys.stdin.readline()
