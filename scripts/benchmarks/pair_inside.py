"""A thousand pairs at a time, in C, in this Python: through libc's slots and through the allocator table."""
import ctypes
import os

library = ctypes.PyDLL(os.environ['MEMSPY_BENCH_PAIRS'])  # keeps the GIL, as extension modules do


def pairs(function, size):
    call = getattr(library, function)
    call.argtypes = [ctypes.c_long, ctypes.c_long]
    call.restype = None
    return lambda count: call(1000 * count, size)


WORK = {'malloc-32': pairs('pair_malloc', 32), 'malloc-1000': pairs('pair_malloc', 1000),
        'object-32': pairs('pair_python', 32), 'object-256': pairs('pair_python', 256)}
