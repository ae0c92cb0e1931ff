"""A target that lies to whoever looks at it. A line on standard input says how; "done", and from then on it never stops.

table        writes over every byte of the table that it shares with memspy
interpreter  writes over every byte of CPython's own data: runtime, interpreter and thread states, frames, code, strings
chain        its frames lead into themselves, one into itself or two into each other
lengths      its strings and line tables claim lengths, another one each moment
places       it and its children, of which more come all the time, write over what they share of their places: which are free,
             who has which, how many there were
"""
import ctypes
import os
import sys
import time

from trouble import Native, ready


class Range(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ('start', 'end', 'low', 'high')]


def mapped():
    """[(start, end, rights, name)]"""
    found = []
    with open('/proc/self/maps') as f:
        for line in f:
            fields = line.split(None, 5)
            start, end = (int(x, 16) for x in fields[0].split('-'))
            found.append((start, end, fields[1], fields[5].strip() if len(fields) > 5 else ''))
    return found


def of_table():
    return [(start, end) for start, end, _, name in mapped() if 'memfd:memspy-table' in name]


def of_interpreter():
    """Data of Python's object and the nameless pages behind it, the heap, arenas. Not our own stack, nor libc's data."""
    found, before = [], ''
    for start, end, rights, name in mapped():
        python = 'python' in os.path.basename(name) and 'site-packages' not in name and 'lib-dynload' not in name
        arena = name == '' and end - start >= 1 << 18
        if rights == 'rw-p' and (python or name == '[heap]' or arena or name == '' and before):
            found.append((start, end))
        before = name if python else ''
    return found


def of_lengths():
    found = []
    frame = sys._getframe()
    while frame:
        code = frame.f_code
        for x in (code.co_name, code.co_filename, code.co_linetable if hasattr(code, 'co_linetable') else code.co_lnotab):
            found.append((id(x) + 16, id(x) + 24))
        frame = frame.f_back
    return found


def of_places():
    """The end of the header of each table: the counts and the words of places. Its size is the second half of its second word."""
    found = []
    for start, end in of_table():
        header, tables = word(start + 8).value >> 32, max(word(start + 56).value, 1)
        step = (end - start) // tables
        found += [(at + header - 128, at + header) for at in range(start, end, step)]
    return found[:64]


def fork_for_ever(native, array, count):
    def child(i):
        native.scribble_begin(array, count, ctypes.c_uint(300))
        kept = [bytearray(i % 5000) for i in range(400)]
        time.sleep(0.02 * (i % 40))
        os._exit(len(kept) != 400)
    for i in range(1 << 30):
        if os.fork() == 0:
            child(i)
        if i % 12 == 11:
            while True:
                try:
                    os.waitpid(-1, 0)
                except OSError:
                    break


def word(address):
    return ctypes.c_uint64.from_address(address)


def inner(park):
    """3.11 and later: frame object → interpreter frame → the one before; earlier: frame object → the one before."""
    here, caller = sys._getframe(), sys._getframe(1)
    if sys.version_info >= (3, 11):
        previous = 48 if sys.version_info < (3, 12) else 8
        first, second = word(id(here) + 24).value, word(id(caller) + 24).value
    else:
        previous, first, second = 24, id(here), id(caller)
    if os.getpid() % 2:
        word(first + previous).value = first
    else:
        word(first + previous).value = second
        word(second + previous).value = first
    park()


def outer(park):
    inner(park)


def main():
    native = Native().library
    ready()
    how = sys.stdin.readline().strip()
    ranges = {'table': of_table, 'places': of_places, 'interpreter': of_interpreter, 'lengths': of_lengths, 'chain': list}[how]()
    if how != 'chain' and not ranges:
        sys.exit('there is nothing to write over')
    largest = max(ranges, key=lambda r: r[1] - r[0]) if ranges else (0, 8)
    array = (Range * len(ranges))(*[Range(a, b, *largest) for a, b in ranges])
    sys.stdout.write('done\n')
    sys.stdout.flush()
    if how == 'chain':
        outer(native.park)
    native.scribble_begin(array, ctypes.c_uint(len(ranges)), ctypes.c_uint(300))
    if how == 'places':
        fork_for_ever(native, array, ctypes.c_uint(len(ranges)))
    native.park()


main()
