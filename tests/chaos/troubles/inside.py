"""Threads that are always inside malloc or the loader when somebody comes, with the GIL held by none of them."""
import ctypes
import os

from trouble import FOLDER, Native, for_ever, ready

native = Native()
native.call('allocate_begin', ctypes.c_uint(2))
native.call('loader_begin', *native.objects([os.path.join(FOLDER, 'libplugin.so')]))
ready()
for_ever(lambda: [bytes(bytearray(i * 7)) for i in range(1000)])
