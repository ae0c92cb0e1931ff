"""scripts/bench growth: whether the cost of an allocation stays what it is when something else grows."""
import time

from .pairs import guarded, progress, say
from .processes import Setting, Target, one_python

POINTS = {
    'live': ('live objects', [10 ** 4, 10 ** 5, 10 ** 6, 10 ** 7]),
    'stacks': ('distinct stacks', [10, 10 ** 3, 10 ** 5, 10 ** 6]),
    'threads': ('threads', [1, 10, 100, 500]),
    'depth': ('frames', [10, 100, 1000, 5000]),
}
SAMPLE_BYTES = ['512K', '16K']
NOTE = """Least time of fresh processes, attached before anything grows. Stacks: of 21 calls and one allocation. lost: samples
that memspy says it dropped."""


def one(memspy, python, what, size, setting, seconds, count):
    """A fresh process, attached before it grows: (least seconds of a piece, its count)."""
    with Target(python, 'growth_inside', env={'MEMSPY_BENCH_GROWTH': f'{what}:{size}'}) as target:
        if setting:
            memspy.attach(target.pid, setting)
        target.run('build', 1)
        count = count or target.size('piece', 0.03)
        took, begin = [], time.monotonic()
        while len(took) < 5 or time.monotonic() - begin < seconds:
            took.append(target.run('piece', count)[0])
        said = memspy.session(target.pid) if setting else {}
        if setting:
            memspy.detach(target.pid)
        return min(took), count, said.get('lost', 0)


def point(memspy, python, what, size, settings, seconds, processes):
    """{None or setting: [nanoseconds of a thousandth of a piece, one per process]}; processes of all kinds in turns."""
    found, lost, count = {s: [] for s in [None, *settings]}, 0, None
    for _ in range(processes):
        for s in found:
            took, count, dropped = one(memspy, python, what, size, s, seconds, count)
            found[s].append(1e9 * took / count / 1000)
            lost += dropped
    return found, lost


def run(o, results, memspy):
    settings = [Setting(sample_bytes=s) for s in o.sample_bytes or SAMPLE_BYTES]
    head = ['what grows', 'to', 'without', *map(str, settings), *[f'ratio {s}' for s in settings], 'lost']
    table = results.table('Growth: ns of an allocation', head, NOTE)
    found = results.figures['growth'] = []
    seconds, processes = (0.05, 1) if o.quick else ((o.seconds or 100) / 250, 3)
    for version, python in one_python(o.python):
        for what, (name, sizes) in POINTS.items():
            for size in sizes[:2] if o.quick else sizes:
                say(f'growth: CPython {version}, {size:,} {name}')
                got = guarded(results, f'{size:,} {name} on {version}', point, memspy, python, what, size, settings,
                              seconds, processes)
                if not got:
                    continue
                ns, lost = got
                table.add(name, f'{size:,}', f'{min(ns[None]):.1f}', *[f'{min(ns[s]):.1f}' for s in settings],
                          *[f'{min(ns[s]) / min(ns[None]):.3f}' for s in settings], lost)
                found.append({'python': version, 'what': what, 'size': size, 'lost': lost, 'without_ns': ns[None],
                              'with_ns': {str(s): ns[s] for s in settings}})
        progress('')
