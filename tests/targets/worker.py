"""Works, or waits in one system call, and checks itself. Arguments: the kind, a file to count in.

Kinds: threads and json never rest; sleep, accept, lock, epoll, pipe and subprocess wait in that call, and each byte on
standard input (a connection, for accept) is one piece of work to them. The file holds four words: pieces of work
done, faults found, a port to connect to, 0. Runs on every Python from 2.7 on.
"""
import json
import mmap
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

kind, path = sys.argv[1:3]
with open(path, 'r+b') as f:
    words = mmap.mmap(f.fileno(), 4096)
clock = getattr(time, 'monotonic', time.time)
DATA = [(b'%d' % i if sys.version_info[0] < 3 else str(i).encode()) * 40 for i in range(200)]
SUM = zlib.crc32(b''.join(DATA))
counting = threading.Lock()


def add(word, n=1):
    with counting:
        value, = struct.unpack_from('Q', words, 8 * word)
        struct.pack_into('Q', words, 8 * word, value + n)


def fault(what):
    add(1)
    sys.stderr.write('worker %s: %s\n' % (kind, what))
    sys.stderr.flush()


def check():
    """Integer, vector and memory work whose results are known."""
    if zlib.crc32(b''.join(DATA)) != SUM:
        fault('its data changed')
    if sum(x * 0.5 for x in range(100)) != 2475.0 or len(DATA) ** 80 % 1000007 != 869589:
        fault('it cannot count')
    if len(set([('k%d' % i) * 30 for i in range(300)])) != 300 or sorted(range(200, 0, -1)) != list(range(1, 201)):
        fault('its objects are wrong')


def work():
    check()
    add(0)


def loop_threads():
    def run():
        while True:
            work()
    for _ in range(4):
        t = threading.Thread(target=run)
        t.daemon = True
        t.start()


def loop_json():
    rows = [{'id': i, 'name': 'row %d' % i, 'part': [i * 0.5] * 8} for i in range(100)]
    while True:
        if json.loads(json.dumps(rows)) != rows:
            fault('json differs')
        work()


def loop_sleep():
    while True:
        began = clock()
        time.sleep(0.1)
        took = clock() - began
        if took < 0.099 or took > 5:
            fault('a sleep of 0.1 s took %.3f s' % took)
        work()


def loop_accept():
    server = socket.socket()
    server.bind(('127.0.0.1', 0))
    server.listen(8)
    struct.pack_into('Q', words, 16, server.getsockname()[1])
    yield
    while True:
        connection, _ = server.accept()
        work()
        connection.sendall(b'x')
        connection.close()


def loop_lock():
    lock = threading.Lock()
    lock.acquire()

    def release():
        while os.read(0, 1):
            lock.release()
    t = threading.Thread(target=release)
    t.daemon = True
    t.start()
    yield
    while True:
        lock.acquire()
        work()


def loop_epoll():
    poll = select.epoll()
    poll.register(0, select.EPOLLIN)
    yield
    while poll.poll(3600):
        os.read(0, 1)
        work()


def loop_pipe():
    yield
    while os.read(0, 1):
        work()


def loop_subprocess():
    yield
    while True:
        if subprocess.Popen(['dd', 'bs=1', 'count=1', 'of=/dev/null', 'status=none']).wait() != 0:
            fault('its child failed')
        work()


def ready():
    sys.stdout.write('ready\n')
    sys.stdout.flush()


made = globals()['loop_' + kind]
if kind == 'threads':
    made()
    ready()
    while True:
        time.sleep(1)
elif kind in ('json', 'sleep'):
    ready()
    made()
else:
    steps = made()
    next(steps)
    ready()
    next(steps)
