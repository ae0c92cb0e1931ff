"""What all troubles share: they count (tests/targets/counted.py), and have hands below Python (tests/chaos/native).

Arguments of each: the folder of the native library and its plugin, the file to count in.
"""
import ctypes
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../../targets'))
import counted  # noqa: E402
from counted import fault, ready, right, work  # noqa: E402,F401

SKIP = 77
FOLDER = sys.argv[1]
counted.count_in(sys.argv[2])


class Count(ctypes.Structure):
    _fields_ = [('done', ctypes.c_uint64), ('faults', ctypes.c_uint64)]


class Native:
    """The native library, counting into the words that the driver looks at."""
    def __init__(self):
        self.library = ctypes.CDLL(os.path.join(FOLDER, 'libtrouble.so'))
        self.count = Count.from_buffer(counted.words, 8 * counted.NATIVE_DONE)

    def call(self, name, *args):
        if getattr(self.library, name)(ctypes.byref(self.count), *args):
            raise OSError('%s does not begin' % name)

    def objects(self, paths):
        return (ctypes.c_char_p * len(paths))(*[p.encode() for p in paths]), ctypes.c_uint(len(paths))


def skip(why):
    sys.stdout.write('skip %s\n' % why)
    sys.stdout.flush()
    sys.exit(SKIP)


def background(function, *args):
    t = threading.Thread(target=function, args=args)
    t.daemon = True
    t.start()
    return t


def for_ever(function):
    """What goes wrong in here is a fault, and not the end."""
    while True:
        try:
            function()
        except Exception as broken:
            fault('%s: %s' % (type(broken).__name__, broken))
        work()
