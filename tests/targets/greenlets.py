"""
Hundreds of greenlets that take turns, each with code of its own, and allocate before each switch.

    greenlets.py greenlet|gevent stop|block COUNT

stop: each greenlet, when it is its turn, prints its stack as a line of JSON, and goes on at a line of standard input.
block: after "ready" they work until a line comes, and each ten times more; then one line of JSON: {"said": [[stack, bytes], ...], "faults": [...],
"turns": N}. A stack is [[function, file, line], ...], innermost first. Runs on 2.7 and later.
"""
import json
import os
import select
import sys
import threading
import time

kind, way, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
PIECE = 192 << 10
faults, said, turns, asked, stopping = [], {}, [0], [], []


def below(f):
    frames = []
    while f is not None:
        frames.append([getattr(f.f_code, 'co_qualname', f.f_code.co_name), f.f_code.co_filename, f.f_lineno])
        f = f.f_back
    return frames


def tell(f):
    if way == 'stop':
        os.write(1, (json.dumps(below(f)) + '\n').encode())
        os.read(0, 1)
    else:
        key = json.dumps(below(f))
        said[key] = said.get(key, 0) + PIECE
    turns[0] += 1


# Every greenlet has files and functions of its own: what is seen of a neighbour shows. It allocates on the line where it tells.
TEXT = '''
def leaf_%(k)d(switch):
    keep = [tell(sys._getframe()), bytearray(PIECE)]
    got = switch(%(k)d)
    if got != %(k)d:
        faults.append('greenlet %(k)d got %%s' %% (got,))
    return len(keep[1])


def down_%(k)d(n, switch):
    if n:
        return down_%(k)d(n - 1, switch)
    return leaf_%(k)d(switch)


def task_%(k)d(*ignored):
    while not stopping:
        size = down_%(k)d(%(depth)d, switch)
        if size != PIECE:
            faults.append('greenlet %(k)d holds %%s' %% size)
        inner = (lambda: leaf_%(k)d(switch))()
        list(map(lambda x: leaf_%(k)d(switch), [1]))
'''


def tasks(switch):
    made = []
    for k in range(count):
        scope = dict(sys=sys, tell=tell, faults=faults, stopping=stopping, switch=switch, PIECE=PIECE)
        exec(compile(TEXT % {'k': k, 'depth': k % 17}, '/green/%d.py' % k, 'exec'), scope)
        made.append(scope['task_%d' % k])
    sys.stdout.write('ready\n')
    sys.stdout.flush()
    return made


def neighbour():
    while not stopping:
        bytearray(5000)
        time.sleep(0.0005)


def hub_of_our_own(again):
    """Plain greenlets: each goes back to its parent, which wakes the next."""
    import greenlet
    alive = [(k, greenlet.greenlet(run)) for k, run in enumerate(tasks(lambda k: greenlet.getcurrent().parent.switch(k)))]
    while alive:
        for k, g in list(alive):
            g.switch(k)
            again()
            if g.dead:
                alive.remove((k, g))


def gevents(again):
    import gevent

    def switch(k):
        gevent.sleep(0)
        return k

    def watch():
        while not stopping:
            again()
            gevent.sleep(0)
    gevent.joinall([gevent.spawn(run) for run in [watch] + tasks(switch)])


def again():
    if way == 'block' and not asked and select.select([0], [], [], 0)[0]:
        asked.append(turns[0] if os.read(0, 100) else 0)
    if asked and turns[0] > asked[0] + 30 * count:
        stopping.append(True)


if way == 'block':
    # A neighbour that knows no greenlets: switches are not its business.
    threading.Thread(target=neighbour).start()
{'greenlet': hub_of_our_own, 'gevent': gevents}[kind](again)
sys.stdout.write(json.dumps({'said': [[json.loads(s), n] for s, n in said.items()], 'faults': faults, 'turns': turns[0]}) + '\n')
sys.stdout.flush()
sys.stdin.readline()
