"""scripts/bench churn: whether the cost stays what it is while blocks come and go, for as long as one likes."""
import time

from .pairs import guarded, progress, say
from .processes import Setting, Target, one_python

PARTS = 10
NOTE = """Two processes in turns, one attached all the time: least time of a piece with over least without, by tenths of the time. An
hour is --seconds 3600."""


def tenths(memspy, python, setting, seconds):
    """[(least without, least with, samples lost so far)] of each tenth."""
    with Target(python, 'workloads_inside') as off, Target(python, 'workloads_inside') as on:
        memspy.attach(on.pid, setting)
        count = off.size('churn', 0.05)
        found, begin = [], time.monotonic()
        for part in range(PARTS):
            with_it, without = [], []
            while len(without) < 3 or time.monotonic() - begin < seconds * (part + 1) / PARTS:
                without.append(off.run('churn', count)[0])
                with_it.append(on.run('churn', count)[0])
                progress(f'churn: {time.monotonic() - begin:.0f} of {seconds:.0f} s')
            found.append((min(without), min(with_it), memspy.session(on.pid)['lost']))
        memspy.detach(on.pid)
        return found


def run(o, results, memspy):
    seconds = 2 if o.quick else o.seconds or 60
    settings = [Setting(sample_bytes=s) for s in o.sample_bytes or ['512K', '16K']]
    head = ['CPython, setting', *[f'{100 * (i + 1) // PARTS} %' for i in range(PARTS)], 'lost']
    table = results.table(f'Churn for {seconds:.0f} s: attached / not attached', head, NOTE)
    found = results.figures['churn'] = []
    for version, python in one_python(o.python):
        for setting in settings:
            say(f'churn: CPython {version}, {setting}, {seconds:.0f} s')
            got = guarded(results, f'churn on {version}', tenths, memspy, python, setting, seconds)
            if got:
                table.add(f'{version}, {setting}', *[f'{on / off:.3f}' for off, on, _ in got], got[-1][2])
                found.append({'python': version, 'setting': str(setting), 'seconds': seconds, 'tenths': got})
