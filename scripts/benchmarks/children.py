#!/usr/bin/env python3
"""What the children of a recorded process pay that is not followed: the loops of `scripts/bench loops` in a child of a
process that nobody looks at, of one that is recorded, and of another that nobody looks at (the control), in turns.

usage: children.py MEMSPY PYTHON [ROUNDS]
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

PARENT = '''
import json, os, sys, time
def l1(): return [j * 1.5 for j in range(4000)]
def l2():
    kept = []
    for i in range(2000): kept.append('%d' % i + 'x' * 1000)
def l3(): json.loads(json.dumps(list(range(4000))))
class Tree:
    __slots__ = ('left', 'right')
    def __init__(self, left, right): self.left, self.right = left, right
def tree(depth): return Tree(tree(depth - 1), tree(depth - 1)) if depth else Tree(None, None)
def l4(): tree(9)
def l5():
    for i in range(20000): a = i + 100000
def work(to):
    best = [9e9] * 5
    for _ in range(25):
        for k, loop in enumerate((l1, l2, l3, l4, l5)):
            begin = time.perf_counter()
            loop()
            best[k] = min(best[k], time.perf_counter() - begin)
    os.write(to, json.dumps(best).encode())
for line in sys.stdin:
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        work(w)
        os._exit(0)
    os.close(w)
    status = os.waitpid(pid, 0)[1]
    print(os.read(r, 4096).decode(), flush=True)
    os.close(r)
    assert status == 0
'''


def start(python):
    # Where libc trims its heap decides about L2 (facts of scripts/bench): not here.
    fixed = dict(os.environ, MALLOC_TRIM_THRESHOLD_='2000000000', MALLOC_TOP_PAD_='50000000')
    return subprocess.Popen([python, '-c', PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=fixed)


def one_child(parent):
    parent.stdin.write('\n')
    parent.stdin.flush()
    return json.loads(parent.stdout.readline())


def told(name, plain, other):
    ratios = [b / a for a, b in zip(plain, other)]
    print(f'{name:<9}' + ''.join(f'{r:8.3f}' for r in ratios) + f'   geometric mean {statistics.geometric_mean(ratios):.4f}')


def main():
    memspy, python, rounds = sys.argv[1], sys.argv[2], int((sys.argv + ['30'])[3])
    parents = [start(python) for _ in range(3)]
    for parent in parents:
        one_child(parent)
    with tempfile.TemporaryDirectory() as folder:
        session = subprocess.Popen([memspy, 'record', '--pid', str(parents[1].pid), '-o', folder + '/heap.json'],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert 'attached' in session.stderr.readline()
        time.sleep(1)
        best = [[9e9] * 5 for _ in parents]
        for _ in range(rounds):
            for k, parent in enumerate(parents):
                best[k] = [min(pair) for pair in zip(best[k], one_child(parent))]
        session.terminate()
        session.communicate()
    print('             L1      L2      L3      L4      L5')
    told('recorded', best[0], best[1])
    told('control', best[0], best[2])
    for parent in parents:
        parent.stdin.close()
        parent.wait()


if __name__ == '__main__':
    main()
