"""What targets share that count their work and check themselves. Runs on every Python from 2.7 on.

They count in a file of words that is mapped, so that one may look without asking: pieces of work done, faults found,
a port to connect to, the process that it is about if that is not the one that was started; then pieces of work
and faults counted by native code (tests/chaos/native). A fault is told on standard error as well.
"""
import binascii
import mmap
import struct
import sys
import threading

DONE, FAULTS, PORT, SUBJECT, NATIVE_DONE, NATIVE_FAULTS = range(6)
DATA = [(b'%d' % i if sys.version_info[0] < 3 else str(i).encode()) * 40 for i in range(200)]
SUM = binascii.crc32(b''.join(DATA))
counting = threading.Lock()
words = None


def count_in(path):
    global words
    with open(path, 'r+b') as f:
        words = mmap.mmap(f.fileno(), 4096)


def get(word):
    return struct.unpack_from('Q', words, 8 * word)[0]


def put(word, value):
    struct.pack_into('Q', words, 8 * word, value)


def add(word, n=1):
    with counting:
        put(word, get(word) + n)


def fault(what):
    add(FAULTS)
    try:
        sys.stderr.write('%s: %s\n' % (' '.join(sys.argv[:2]), what))
        sys.stderr.flush()
    except (OSError, ValueError):  # a target that closed its descriptors
        pass


def right():
    """Integer, vector and memory work whose results are known: the list of what is wrong."""
    wrong = []
    if binascii.crc32(b''.join(DATA)) != SUM:
        wrong.append('its data changed')
    if sum(x * 0.5 for x in range(100)) != 2475.0 or len(DATA) ** 80 % 1000007 != 869589:
        wrong.append('it cannot count')
    if len(set([('k%d' % i) * 30 for i in range(300)])) != 300 or sorted(range(200, 0, -1)) != list(range(1, 201)):
        wrong.append('its objects are wrong')
    return wrong


def work():
    for what in right():
        fault(what)
    add(DONE)


def ready():
    sys.stdout.write('ready\n')
    sys.stdout.flush()
