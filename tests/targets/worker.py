"""Works, or waits in one system call, and checks itself. Arguments: the kind, a file to count in.

Kinds: threads and json never rest; sleep, accept, lock, epoll, pipe and subprocess wait in that call, and each byte on
standard input (a connection, for accept) is one piece of work to them. Runs on every Python from 2.7 on.
"""
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

import counted
from counted import fault, ready, work

kind = sys.argv[1]
counted.count_in(sys.argv[2])
clock = getattr(time, 'monotonic', time.time)


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
    counted.put(counted.PORT, server.getsockname()[1])
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
