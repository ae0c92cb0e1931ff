"""Stands still in several threads, deep in calls of several shapes, and says what its stacks are.

Prints one line of JSON, [[thread id, [[function, file, line], ...]], ...], innermost first, then "ready", and waits.
Runs on every Python from 2.7 on.
"""
import json
import os
import sys
import threading
import time

lock = threading.Lock()
own = {}


def below(f):
    """The stack of one thread from frame f outwards, as this Python sees it."""
    frames = []
    while f is not None:
        code = f.f_code
        frames.append([getattr(code, 'co_qualname', code.co_name), code.co_filename, f.f_lineno])
        f = f.f_back
    return frames


class Shapes(object):
    def method(self, go):
        return [go(x) for x in (1,)]

    @classmethod
    def of_class(cls, go):
        return cls().method(
            lambda x:
                go(x))

    @staticmethod
    def of_nobody(go):
        try:
            return Shapes.of_class(go)
        finally:
            pass


def generator(go):
    yield go(1)


def through_generator(go):
    for x in generator(go):
        return x


def through_c(go):
    return sorted([1], key=lambda x: go(x))


def through_closure(go):
    def closure(*args, **kwargs):
        with open(os.devnull):
            return go(1)
    return closure(1, k=2)


def foreign(name):
    """A function in a file of any name: Latin-1, wider, widest, and undecodable bytes."""
    scope = {}
    exec(compile('def through_file(go):\n\n    return go(1)\n', name, 'exec'), scope)
    return scope['through_file']


NAMES = ['n\xe9.py', '\u03a9.py', '\U0001f40d.py', 'x\udcff.py'] if sys.version_info[0] > 2 else ['n\xc3\xa9.py']


def through_files(names, go):
    if not names:
        return go(1)
    return foreign(names[0])(lambda x: through_files(names[1:], go))


def deep(n, go):
    if n:
        return deep(n - 1, go)
    return go(1)


def hello():
    own[threading.current_thread().ident] = getattr(threading, 'get_native_id', int)()
    ready.release()


def rest(x):
    hello()
    time.sleep(1000)


def wait(x):
    hello()
    lock.acquire()


def tables():
    """ctx and malloc of the raw, mem and obj allocators, asked of the interpreter; None when there is no way to ask."""
    try:
        import ctypes
        get = ctypes.pythonapi.PyMem_GetAllocator
    except (ImportError, AttributeError):
        return None
    found = []
    for domain in range(3):
        table = (ctypes.c_size_t * 5)()
        get(domain, table)
        found.append([table[0], table[1]])
    return found


def keys():
    """The pthread keys that give this thread its state; None when there is no way to ask."""
    try:
        import ctypes
        get, state = ctypes.CDLL(None).pthread_getspecific, ctypes.pythonapi.PyGILState_GetThisThreadState
    except (ImportError, AttributeError):
        return None
    get.restype = state.restype = ctypes.c_void_p
    return [key for key in range(100) if get(key) == state()]


def pile(go):
    Shapes.of_nobody(
        lambda x: through_generator(
            lambda y: through_c(
                lambda z: through_closure(
                    lambda w: through_files(NAMES,
                        lambda v: deep(20, go))))))


ready = threading.Semaphore(0)
lock.acquire()
threads = [threading.Thread(target=pile, args=(go,)) for go in (rest, wait)]
for t in threads:
    t.daemon = True
    t.start()
for t in threads:
    ready.acquire()
time.sleep(0.2)


def here(x):
    me = sys._getframe()
    stacks = [[own.get(ident, 0), below(f)] for ident, f in sys._current_frames().items() if f is not me]
    main = below(me)
    main[0][2] = me.f_lineno + 3
    print(json.dumps({'threads': stacks, 'main': main, 'code_type': id(type(me.f_code)), 'tables': tables(),
                      'keys': keys()}))
    print('ready'); sys.stdout.flush(); time.sleep(1000)


pile(here)
