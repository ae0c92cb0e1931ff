"""scripts/bench workloads: overhead on jobs after well-known ones, and a service's latency under load."""
from .figures import geometric_mean
from .packages import environment, folder_of, has
from .pairs import Paired, guarded, say
from .processes import each_python
from .service import run as service

NAMES = ['json', 'pickle', 'regex', 'rst', 'nbody', 'raytrace', 'async', 'sqlite', 'deltablue', 'churn', 'numpy', 'deep',
         'threads']


def with_numpy(version, python, install):
    """Where this Python finds numpy when it has none of its own and we may have one for it."""
    inner = None if has(python, 'numpy') else environment(version, python, ['numpy'] if install else ())
    return {'PYTHONPATH': folder_of(inner)} if inner else None


def run(o, results, memspy):
    budget = 4 if o.quick else o.seconds or 120
    found = results.figures['workloads'] = []
    measured = []
    for version, python in each_python(o.python):
        for way in o.ways():
            settings = o.settings(way)
            say(f'workloads: CPython {version}, {budget:.0f} s')
            paired = guarded(results, f'workloads on {version}', Paired, memspy, python, ['workloads_inside'], NAMES,
                             settings, budget, env=with_numpy(version, python, o.install),
                             seconds=0.015 if o.quick else 0.05, processes=1 if o.quick else 2, label=version)
            if not paired:
                continue
            for name, why in paired.missing.items():
                results.lacks(f'{name} on {version}', why)
            measured += [(f'{version}, {s}', paired, s) for s in settings]
            found += [{'python': version, 'setting': str(s), 'rounds': paired.rounds,
                       'of': {n: paired.figures(s, n) for n in paired.names}} for s in settings]
    show(results, measured, found)
    service(o, results, memspy)


def show(results, measured, found):
    """One column per Python: there are more jobs than Pythons."""
    table = results.table('Workloads, memspy attached / not attached', ['job', *[label for label, _, _ in measured]],
                          'As for the loops: least with over least without, and the 95 % interval of the median pair.')
    for name in NAMES:
        cells = []
        for (_, paired, setting) in measured:
            if name in paired.names:
                r = paired.ratio(setting, name)
                cells.append('%.3f [%.2f %.2f]' % (r.of_minima, *r.interval))
            else:
                cells.append('missing')
        table.add(name, *cells)
    for row in found:
        row['geometric_mean'] = geometric_mean(r['ratio'] for r in row['of'].values())
        row['noise'] = geometric_mean(1 + r['noise'] for r in row['of'].values()) - 1
        row['worst'] = max(row['of'], key=lambda n: row['of'][n]['ratio'])
    table.add('geometric mean', *['%.3f' % row['geometric_mean'] for row in found])
    table.add('noise', *['%.1f %%' % (100 * row['noise']) for row in found])
