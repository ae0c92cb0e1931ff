"""scripts/bench loops: what sampling costs L1 to L5, loops that do little but allocate."""
from .figures import geometric_mean
from .pairs import Paired, guarded, say
from .processes import each_python

NOTE = """with / without, least wall time of each in the same process; in brackets the 95 % interval of the median pair. CPU: the
mean of CPU times. noise: the ratio between two halves of the runs without. Trimming of the heap is fixed in both."""


def ratios_row(table, label, paired, setting, names):
    """A row per setting; what it says goes into the answer as well."""
    cells, found = [], {}
    for name in names:
        if name in paired.missing:
            cells.append('missing')
            continue
        r = paired.ratio(setting, name)
        low, high = r.interval
        cells.append(f'{r.of_minima:.3f} [{low:.2f} {high:.2f}]')
        found[name] = paired.figures(setting, name)
    if not found:
        return None
    mean = geometric_mean(f['ratio'] for f in found.values())
    cpu = geometric_mean(f['cpu_ratio'] for f in found.values())
    noise = geometric_mean(1 + f['noise'] for f in found.values()) - 1
    table.add(label, *cells, f'{mean:.3f}', f'{cpu:.3f}', f'{100 * noise:.1f} %')
    return {'geometric_mean': mean, 'geometric_mean_cpu': cpu, 'noise': noise, 'of': found}


def run(o, results, memspy):
    names = ['L1', 'L2', 'L3', 'L4', 'L5']
    # Half a second is one round; what a Python gets is shared by its settings.
    budget = 3 if o.quick else o.seconds or 60
    found = results.figures['loops'] = []
    table = results.table('Loops, memspy attached / not attached',
                          ['CPython, setting', *names, 'mean', 'CPU', 'noise'], NOTE)
    for version, python in each_python(o.python):
        for way in o.ways():
            settings = o.settings(way)
            say(f'loops: CPython {version}, {len(settings)} settings, {budget:.0f} s')
            paired = guarded(results, f'loops on {version}', Paired, memspy, python, ['loops_inside'], names, settings,
                             budget, seconds=0.02 if o.quick else 0.06, processes=1 if o.quick else 2, label=version)
            if not paired:
                continue
            for s in settings:
                row = ratios_row(table, f'{version}, {s}', paired, s, names)
                found.append({'python': version, 'setting': str(s), 'rounds': paired.rounds, **(row or {})})
