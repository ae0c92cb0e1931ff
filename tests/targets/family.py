"""A parent and its children: they are forked, work, keep what they made, and stay until it ends. An order per line of stdin.

Arguments: GO, a path.
  children N BYTES   N of them, each keeps so much in blocks of 50,000 bytes: their pids
  thread N BYTES     the same, forked in a thread
  pool N BYTES       the same work by a multiprocessing.Pool of N, in as many pieces as there are blocks
  mine BYTES         by itself
  storm N THREADS    children that work and exit at once, N in each thread: faults, if there are any
  crowd N            so many at the same time
  program BYTES      another Python, started as a program; it works when the file GO is there
  execute BYTES      this process becomes that
  become N           another Python, N times one after the other: the next one when the file GO.1, GO.2, … is there
  key                own_key.c, which is preloaded, gives its key back
  drop               all children end
Each is answered by one line of JSON.
"""
import json
import os
import subprocess
import sys
import threading
import time

BLOCK = 50000
GO = sys.argv[-1]  # a path: programs work when it is there
held, rooms, children = [], [], []


def keep(size):
    for _ in range(size // BLOCK):
        held.append(bytearray(BLOCK))


def pooled(_):
    held.append(bytearray(BLOCK))
    time.sleep(0.002)  # or one of them does it all
    return os.getpid()


def child(size, done, stay):
    keep(size)
    os.write(done, b'.')
    os.read(stay, 1)
    os._exit(0)


def fork(count, size):
    made = []
    for _ in range(count):
        ours, done = os.pipe()
        stay, room = os.pipe()
        pid = os.fork()
        if pid == 0:
            for fd in rooms + [room]:
                os.close(fd)
            child(size, done, stay)
        os.close(done)
        os.close(stay)
        os.read(ours, 1)
        os.close(ours)
        rooms.append(room)
        children.append(pid)
        made.append(pid)
    return made


def in_thread(count, size):
    made = []
    t = threading.Thread(target=lambda: made.extend(fork(count, size)))
    t.start()
    t.join()
    return made


def pool(count, size):
    import multiprocessing
    context = multiprocessing.get_context('fork') if hasattr(multiprocessing, 'get_context') else multiprocessing
    p = context.Pool(count)
    done = p.map(pooled, range(size // BLOCK), 1)
    globals()['the_pool'] = p
    return dict((pid, done.count(pid) * BLOCK) for pid in done)


def storm(count, threads):
    faults = []

    def one(code):
        pid = os.fork()
        if pid == 0:
            few = [bytearray(BLOCK) for _ in range(20)]
            os._exit(code if len(few) == 20 else 99)
        status = os.waitpid(pid, 0)[1]
        if status != code << 8:
            faults.append([code, status])

    def many():
        for i in range(count):
            one(i % 5)
    all_of_them = [threading.Thread(target=many) for _ in range(threads)]
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join()
    return faults


def drop():
    faults = []
    while rooms:
        os.close(rooms.pop())
    while children:
        pid = children.pop()
        status = os.waitpid(pid, 0)[1]
        if status:
            faults.append([pid, status])
    return faults


def program(size):
    p = subprocess.Popen([sys.executable, __file__, 'alone', str(size), GO], stdin=subprocess.PIPE)
    rooms.append(os.dup(p.stdin.fileno()))
    p.stdin.close()
    children.append(p.pid)
    globals()['the_program'] = p
    return p.pid


def obey(order, numbers):
    if order == 'children':
        return fork(*numbers)
    if order == 'thread':
        return in_thread(*numbers)
    if order == 'pool':
        return pool(*numbers)
    if order == 'mine':
        keep(*numbers)
    if order == 'storm':
        return storm(*numbers)
    if order == 'crowd':
        return fork(numbers[0], 20 * BLOCK)
    if order == 'program':
        return program(*numbers)
    if order == 'execute':
        os.execv(sys.executable, [sys.executable, __file__, 'alone', str(numbers[0]), GO])
    if order == 'become':
        become(*numbers, 0)
    if order == 'key':
        import ctypes
        return ctypes.CDLL(None).give_back()
    if order == 'drop':
        return drop()
    return os.getpid()


def alone(size):
    """It works when the way in is behind whoever follows: a file says so. Then it stays."""
    while not os.path.exists(sys.argv[3]):
        time.sleep(0.01)
    keep(size)
    sys.stdin.read()


def become(left, done):
    if left:
        os.execv(sys.executable, [sys.executable, __file__, 'become', str(left - 1), str(done + 1), GO])
    sys.stdin.read()


if __name__ == '__main__':
    if len(sys.argv) > 2 and sys.argv[1] == 'become':
        while not os.path.exists('%s.%s' % (GO, sys.argv[3])):
            time.sleep(0.01)
        become(int(sys.argv[2]), int(sys.argv[3]))
        sys.exit()
    if len(sys.argv) > 2 and sys.argv[1] == 'alone':
        alone(int(sys.argv[2]))
        sys.exit()
    sys.stdout.write('ready\n')
    sys.stdout.flush()
    for line in iter(sys.stdin.readline, ''):
        words = line.split()
        sys.stdout.write(json.dumps(obey(words[0], [int(w) for w in words[1:]])) + '\n')
        sys.stdout.flush()
