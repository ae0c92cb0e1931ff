"""Holds what it is told to, as one line says: "keep 40" MiB in keep(), "drop", "work 20" MiB in work(), for as long as the next line
takes. Says ready, and how each went."""
import sys

kept, working = [], []


def keep(mib):
    for _ in range(mib * 1048576 // 50000):
        kept.append(bytearray(50000))


def work(mib):
    for _ in range(mib * 1048576 // 70000):
        working.append(bytearray(70000))


print('ready', flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == 'keep':
        keep(int(words[1]))
    elif words[0] == 'work':
        work(int(words[1]))
    elif words[0] == 'drop':
        del working[:]
    print('done', flush=True)
