"""Greenlets: stacks that are copied away and back, with allocations on both sides of each switch."""
from trouble import background, fault, for_ever, ready, skip

try:
    from greenlet import getcurrent, greenlet
except ImportError:
    skip('greenlet is not installed')


def task(k, depth):
    held = []
    for i in range(20):
        held.append(('%d' % (k * i)) * 40)
        if depth and i == 10:
            task(k, depth - 1)
        got = getcurrent().parent.switch(k + i)
        if got != k + i + 1:
            fault('a switch brought %s' % got)
    return sum(len(x) for x in held)


def switch():
    tasks = [(k, greenlet(task)) for k in range(20)]
    values = {k: g.switch(k, 2) for k, g in tasks}
    alive = dict(tasks)
    while alive:
        for k, g in list(alive.items()):
            values[k] = g.switch(values[k] + 1)
            if g.dead:
                if values[k] != sum(40 * len('%d' % (k * i)) for i in range(20)):
                    fault('a greenlet counted wrong')
                del alive[k]


ready()
background(for_ever, switch)
for_ever(switch)
