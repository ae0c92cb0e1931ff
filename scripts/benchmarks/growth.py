"""scripts/bench growth: whether the cost of an allocation stays what it is when something else grows."""
import contextlib
import time

from .pairs import guarded, say
from .processes import Setting, Target, one_python

POINTS = {
    'live': ('live objects', [10 ** 4, 10 ** 5, 10 ** 6, 10 ** 7]),
    'stacks': ('distinct stacks', [10, 10 ** 3, 10 ** 5, 10 ** 6]),
    'threads': ('threads', [1, 10, 100, 500]),
    'depth': ('frames', [10, 100, 1000, 5000]),
}
SAMPLE_BYTES = ['512K', '16K']
NOTE = """Least time of processes in turns, attached before anything grows. Stacks: of 21 calls and one allocation. lost: samples
that memspy says it dropped."""


def group(memspy, python, what, size, settings, seconds, found):
    """A process without and one for each setting, attached before it grows; then pieces in turns. Samples lost."""
    states = [None, *settings]
    with contextlib.ExitStack() as stack:
        env = {'MEMSPY_BENCH_GROWTH': f'{what}:{size}'}
        targets = {s: stack.enter_context(Target(python, 'growth_inside', env=env)) for s in states}
        for s in settings:
            memspy.attach(targets[s].pid, s)
        for s in states:
            targets[s].run('build', 1)
        count, begin, turn = targets[None].size('piece', 0.02), time.monotonic(), 0
        while turn < 3 or time.monotonic() - begin < seconds:
            for s in states[::-1] if turn % 2 else states:
                found[s].append(1e9 * targets[s].run('piece', count)[0] / count / 1000)
            turn += 1
        lost = sum(memspy.session(targets[s].pid)['lost'] for s in settings)
        for s in settings:
            memspy.detach(targets[s].pid)
        return lost


def point(memspy, python, what, size, settings, seconds, groups):
    """{None or setting: [nanoseconds of a thousandth of a piece]}, and the samples lost."""
    found = {s: [] for s in [None, *settings]}
    return found, sum(group(memspy, python, what, size, settings, seconds, found) for _ in range(groups))


def run(o, results, memspy):
    settings = [Setting(sample_bytes=s, beside=b) for s in o.sample_bytes or SAMPLE_BYTES for b in [None, *o.beside]]
    head = ['what grows', 'to', 'without', *map(str, settings), *[f'ratio {s}' for s in settings], 'lost']
    table = results.table('Growth: ns of an allocation', head, NOTE)
    found = results.figures['growth'] = []
    seconds, groups = (0.05, 1) if o.quick else ((o.seconds or 100) / 64, 2)  # 16 points; the other half is building
    for version, python in one_python(o.python):
        for what, (name, sizes) in POINTS.items():
            if o.grows and what not in o.grows:
                continue
            for size in sizes[:2] if o.quick else sizes:
                say(f'growth: CPython {version}, {size:,} {name}')
                got = guarded(results, f'{size:,} {name} on {version}', point, memspy, python, what, size, settings,
                              seconds, groups)
                if not got:
                    continue
                ns, lost = got
                table.add(name, f'{size:,}', f'{min(ns[None]):.1f}', *[f'{min(ns[s]):.1f}' for s in settings],
                          *[f'{min(ns[s]) / min(ns[None]):.3f}' for s in settings], lost)
                found.append({'python': version, 'what': what, 'size': size, 'lost': lost, 'without_ns': ns[None],
                              'with_ns': {str(s): ns[s] for s in settings}})
