"""Fork storms out of two threads: children that allocate, fork again and exit, children that exec; all are checked."""
import os
import subprocess
import zlib

from trouble import background, fault, for_ever, ready


def sum_of(k):
    keep = [('%d' % (i * k)) * (i % 70) for i in range(2000)]
    del keep[::3]
    keep += [bytearray(i * 13) for i in range(60)]
    return zlib.crc32(repr(keep).encode())


WANT = sum_of(7)


def child(generations):
    if generations:
        grandchild = os.fork()
        if grandchild == 0:
            child(generations - 1)
        if os.waitpid(grandchild, 0)[1]:
            os._exit(4)
    os._exit(0 if sum_of(7) == WANT else 3)


def storm():
    children = []
    for k in range(6):
        pid = os.fork()
        if pid == 0:
            try:
                child(k % 3)
            finally:
                os._exit(5)
        children.append(pid)
    if sum_of(7) != WANT:
        fault('the parent counted wrong')
    for pid in children:
        status = os.waitpid(pid, 0)[1]
        if status:
            fault('a child ended with %d' % status)
    if subprocess.Popen(['true']).wait():
        fault('a program that was started failed')


ready()
background(for_ever, storm)
for_ever(storm)
