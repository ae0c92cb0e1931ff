"""Closes every descriptor it has, opens its files anew, and looks whether they are what they were."""
import os
import sys
import tempfile

from trouble import background, fault, for_ever, ready

folder = tempfile.mkdtemp(prefix='memspy-files-', dir=os.path.dirname(os.path.abspath(sys.argv[2])))
files = []
for i in range(20):
    files.append((os.path.join(folder, 'file%d' % i), (b'%d,' % i if sys.version_info[0] < 3 else ('%d,' % i).encode()) * (50 + i)))
    with open(files[-1][0], 'wb') as f:
        f.write(files[-1][1])


def one_round():
    """Written to as well as read: a file of somebody else under our number would be spoilt, or we under theirs."""
    os.closerange(3, 200)
    opened = [os.open(path, os.O_RDWR) for path, _ in files]
    for fd, (path, want) in zip(opened, files):
        if os.fstat(fd).st_size != len(want) or os.pread(fd, 1 << 20, 0) != want:
            fault('%s is not what it was' % path)
        os.pwrite(fd, want, 0)
    for fd in opened[::2]:
        os.close(fd)


os.close(0)
ready()
os.close(1)
background(for_ever, lambda: [bytearray(2000) for _ in range(500)])
for_ever(one_round)
