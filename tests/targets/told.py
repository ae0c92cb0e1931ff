"""Does what it is told: each line of standard input is executed and answered, with `answer` or the fault. Runs on every
Python from 2.7 on.

What it can be told beside plain Python: work(), which uses every allocator and checks what it got; hold(n), which keeps
n small blocks; tables(), CPython's allocator tables as the interpreter itself reports them; load(path, deep), a library.
"""
import os
import sys

CHUNK = 60000


def work():
    """Small blocks and large ones, made, grown and freed; what is in them must be what was put there."""
    lists = [[i] for i in range(CHUNK)]
    texts = [('%d,' % i) * 50 for i in range(CHUNK // 20)]
    grown = bytearray()
    for i in range(2000):
        grown += b'0123456789' * 10
    large = [bytearray(300000) for _ in range(4)]
    if sum(x[0] for x in lists) != CHUNK * (CHUNK - 1) // 2:
        raise ValueError('its lists are wrong')
    if any(t != ('%d,' % i) * 50 for i, t in enumerate(texts)):
        raise ValueError('its strings are wrong')
    if bytes(grown[:10]) != b'0123456789' or len(grown) != 200000 or any(any(b[::5000]) for b in large):
        raise ValueError('its buffers are wrong')


def hold(n):
    """Small blocks that stay; how many bytes they are."""
    held = told['held'] = [bytes(100 + i % 300) for i in range(n)]
    return sys.getsizeof(held) + sum(sys.getsizeof(x) for x in held)


def tables():
    import ctypes

    class Allocator(ctypes.Structure):
        _fields_ = [(name, ctypes.c_void_p) for name in ('ctx', 'malloc', 'calloc', 'realloc', 'free')]
    found = []
    for domain in range(3):
        a = Allocator()
        ctypes.pythonapi.PyMem_GetAllocator(domain, ctypes.byref(a))
        found.append([getattr(a, name) or 0 for name, _ in Allocator._fields_])
    return found


def load(path, deep=False):
    import ctypes
    library = ctypes.CDLL(path, getattr(os, 'RTLD_DEEPBIND', 8) | getattr(os, 'RTLD_NOW', 2) if deep else 0)
    if hasattr(library, 'keep'):
        library.keep.restype, library.keep.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    return library


def say(text):
    sys.stdout.write(text + '\n')
    sys.stdout.flush()


told = {'work': work, 'hold': hold, 'tables': tables, 'load': load}
say('ready')
while True:
    line = sys.stdin.readline()
    if not line:
        break
    told['answer'] = 'done'
    try:
        exec(compile(line, 'told', 'exec'), told)
    except Exception as fault:  # whoever told it wants to know
        told['answer'] = 'fault: %r' % (fault,)
    say(str(told['answer']))
