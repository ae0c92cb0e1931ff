#!/usr/bin/env python3
"""Many targets that live a short time, each visited once to three times by a memspy that is killed on the way in.

    visitors.py MEMSPY VERSIONS [--targets N] [--seed S]

Where the image of the probe or its table has just come is when the kill comes, a moment sooner or later; or at any moment. What
is left in the target is counted after each. No visit may leave more than one image and one table, and who comes next
uses what it finds: a second image stays only where the first was mapped and not yet written (it cannot be told from
somebody else's memory), or where a thread was still on its way in. A descriptor of each of the two is closed by who comes
next. In the end memspy comes in order, and all is right.
"""
import argparse
import collections
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'live'))
import memspy_live as live  # noqa: E402

KINDS = ('threads', 'json', 'sleep', 'lock')
PATIENCE = 5


def left(pid):
    """(images, of them empty ones, tables): where the probe begins, and what of it is mapped and was never written."""
    images = empty = tables = 0
    for f in (line.split(None, 5) for line in live.mappings(pid)):
        if len(f) > 5 and 'memfd:memspy-table' in f[5]:
            tables += 1
        elif live.may_be_ours(f) and 'x' in f[1] and not live.is_near_page(f):
            images += 1
            empty += not live.was_written(pid, f)
    return images, empty, tables


def where(pid):
    return '; '.join(' '.join(line.split()) for line in live.mappings(pid) if live.may_be_ours(line.split(None, 5)))


def killed_on_the_way(memspy, pid, file, dice):
    """As soon as something of memspy is there, or a moment later, or at any moment. The way in, and whether it was cut short."""
    before = left(pid)
    way = dice.choice(('map', 'map', 'auto', 'dlopen'))
    session = memspy.start('record', '-f', '--pid', pid, '--inject', way, '--interval', 0.05, '-o', file)
    if dice.random() < 0.7:
        end = time.monotonic() + PATIENCE
        while session.poll() is None and left(pid) == before and time.monotonic() < end:
            if before[0] and dice.random() < 0.02:  # nothing new comes where all is used again
                break
        instant = time.perf_counter() + dice.choice((0, 0, dice.random() * 0.0005, dice.random() * 0.02))
        while time.perf_counter() < instant:
            pass
    else:
        time.sleep(live.some_instant(dice))
    session.kill()
    return way, memspy.end(session).returncode == -signal.SIGKILL


class Seen:
    """What the visits left, over all targets."""
    def __init__(self):
        self.targets = self.kills = self.deaths = 0
        self.images, self.tables = collections.Counter(), collections.Counter()  # in the end, of each target
        self.empty = self.descriptors = self.pages = 0
        self.faults = []

    def visit(self, memspy, target, dice, file):
        visits, was = dice.randint(1, 3), (0, 0, 0)
        for number in range(1, visits + 1):
            way, cut = killed_on_the_way(memspy, target.pid, file, dice)
            self.kills += cut
            self.faults += target.works() + live.not_let_go(target.pid)
            was, opened = left(target.pid), collections.Counter(live.our_descriptors(target.pid))
            self.descriptors += sum(opened.values())
            if was[0] > number or was[2] > number:
                self.faults.append(f'{was} after {number} visits, {way} the last: {where(target.pid)}')
            self.faults += [f'{n} x {name} left open after {number} visits' for name, n in opened.items() if n > number]
        answer = memspy.record(target.pid, file, duration=0.05)
        now = left(target.pid)
        self.faults += [] if answer.returncode == 0 else [f'no attach afterwards: {answer.stderr.strip()[-300:]}']
        # Without a table the thread that makes it may still be on its way in: then the image is that one's.
        if was[2] and (now[2] > was[2] or was[0] > was[1] and now[0] > was[0]) or now[0] > visits + 1:
            self.faults.append(f'what was there was not used again: {was}, then {now}: {where(target.pid)}')
        pages = len(live.near_pages(target.pid))
        self.faults += [f'{pages} pages beside the interpreter, and {now[0]} images'] if pages > now[0] else []
        self.faults += target.works() + live.not_let_go(target.pid)
        self.faults += [f'{live.hooked_where(target.pid)} lead to the probe'] if live.hooked_words(target.pid) else []
        self.faults += [f'a descriptor is left: {d}' for d in live.our_descriptors(target.pid)]
        self.targets += 1
        self.deaths += target.process.poll() is not None
        self.images[now[0]] += 1
        self.pages += pages
        self.tables[now[2]] += 1
        self.empty += now[1]


def told(seen):
    images = ', '.join(f'{n} in {count}' for n, count in sorted(seen.images.items()))
    tables = ', '.join(f'{n} in {count}' for n, count in sorted(seen.tables.items()))
    return f'{seen.targets} targets, {seen.kills} kills; images left: {images} ({seen.empty} empty), {seen.pages} pages; tables: {tables}; ' \
        f'{seen.descriptors} descriptors were left, and closed by the next one'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--targets', type=int, default=20, help='of each Python')
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--limit', type=int, default=20000)
    a = parser.parse_args()
    live.begin(a.limit)
    seed = a.seed if a.seed is not None else random.randrange(1 << 32)
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    print(f'seed {seed}', flush=True)
    memspy, results = live.Memspy(a.memspy), live.Results()
    for name, python in found:
        dice, seen = random.Random(f'{seed} {name}'), Seen()
        while seen.targets < a.targets and not seen.faults:
            kind = dice.choice(KINDS)
            with live.Worker(python, kind) as target:
                seen.visit(memspy, target, dice, live.path_of('visitors.json'))
            seen.faults = [f'target {seen.targets}, {kind}: {f}' for f in seen.faults]
        results.case(f'{name} killed on the way in', seen.faults, told(seen))
    results.end()


if __name__ == '__main__':
    main()
