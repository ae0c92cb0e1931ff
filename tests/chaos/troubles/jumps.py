"""longjmp out of calls that hold memory, in native threads and below Python; and Python's own way out, exceptions."""
import ctypes

from trouble import Native, background, fault, for_ever, ready

native = Native()


def below(depth, held):
    held.append('x' * depth)
    if depth == 200:
        raise ValueError(len(held))
    return below(depth + 1, held)


def raises():
    try:
        below(0, [])
        fault('nothing was raised')
    except ValueError as e:
        if e.args != (201,):
            fault('an exception brought %s' % (e.args,))


def jump():
    native.library.jumps(ctypes.byref(native.count), ctypes.c_uint(300))
    raises()


ready()
background(for_ever, jump)
for_ever(jump)
