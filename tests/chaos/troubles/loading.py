"""Objects that come and go: dlopen and dlclose without a pause, from native threads and from Python."""
import _ctypes
import os
import shutil
import sys
import tempfile

from trouble import FOLDER, Native, fault, for_ever, ready

folder = tempfile.mkdtemp(prefix='memspy-plugins-', dir=os.path.dirname(os.path.abspath(sys.argv[2])))
paths = []
for i in range(8):  # copies: to the loader each is another object
    paths.append(os.path.join(folder, 'plugin%d.so' % i))
    shutil.copy(os.path.join(FOLDER, 'libplugin.so'), paths[-1])


def load():
    for path in paths[:4]:
        handle = _ctypes.dlopen(path, 2)
        if not _ctypes.dlsym(handle, 'plugin_whole_blocks'):
            fault('an object lacks its function')
        _ctypes.dlclose(handle)


native = Native()
native.call('loader_begin', *native.objects(paths))
ready()
for_ever(load)
