"""scripts/bench attach: how long a thread is held, and what the target itself notices of it."""
import os
import struct
import time

from .figures import median, median_interval, percentile
from .pairs import guarded, progress, say
from .processes import Setting, Target, each_python, scratch

KINDS = ['idle', 'busy', 'threads']
HEAD = ['CPython, target, way', 'n', 'median', '95 %', 'p99', 'most', 'gap median', 'gap most', 'stolen ms', 'gap without', 'took ms']
NOTE = """gap: largest distance between two readings of the clock by the target itself while memspy attaches; without: the same
in as long a time before. idle sleeps (its gap is how late it woke), busy reads the clock in a loop, threads does so beside
three that allocate (the GIL makes gaps of its own). stolen: what the host of a virtual machine took from it (/proc/stat, all cores,
in steps of 10 ms) while the largest gap came. Each time the daemon is started anew, too."""


NOTES = 1 << 20


def gaps_of(path, begin, end):
    """The largest gap, in ns, that ended in this time; the target has noted them."""
    with open(path, 'rb') as f:
        count, = struct.unpack('<Q', f.read(8))
        f.seek(16)
        notes = struct.iter_unpack('<dd', f.read(16 * min(count, NOTES // 16 - 1)))
    return int(1e9 * max([gap for when, gap in notes if begin <= when <= end], default=0))


def clock_of(version):
    """The clock that the target reads, and its name for comparing times with it."""
    return time.time if version.startswith('2.') else time.perf_counter


def stolen_ms():
    with open('/proc/stat') as f:
        words = f.readline().split()
    return 1000 * int(words[8]) / os.sysconf('SC_CLK_TCK') if len(words) > 8 else 0


def one(memspy, version, python, kind, setting):
    """One fresh process: how long it was held, and its largest gaps before and while memspy attached."""
    clock, path = clock_of(version), scratch / 'gaps'
    path.write_bytes(bytes(NOTES))
    with Target(python, kind, path, inside='attach_inside.py') as target:
        time.sleep(0.06)
        stolen, begin = stolen_ms(), clock()
        session = memspy.attach(target.pid, setting)
        end = clock()
        time.sleep(0.01)  # a gap is noted when it is over
        stolen = stolen_ms() - stolen
        memspy.detach(target.pid)
        return {'held_ns': session['held_ns'], 'way': session['way'], 'took_s': end - begin, 'stolen_ms': stolen,
                'gap_ns': gaps_of(path, begin, end + 0.005),
                'gap_before_ns': gaps_of(path, begin - (end - begin) - 0.005, begin)}


def rounds(memspy, version, python, kind, way, count, budget, label):
    setting, found = Setting(inject=way), []
    begin = time.monotonic()
    while len(found) < count and (len(found) < 3 or time.monotonic() - begin < budget):
        found.append(one(memspy, version, python, kind, setting))
        progress(f'{label}: {len(found)} of {count}')
    return found


def us(ns):
    return f'{ns / 1000:,.0f}' if ns >= 100000 else f'{ns / 1000:,.1f}'


def run(o, results, memspy):
    pythons = each_python(o.python)
    kinds = ['idle', 'busy'] if o.quick else KINDS
    ways = o.inject or ['dlopen', 'map']
    count = 3 if o.quick else o.count or 50
    budget = (o.seconds or 50) / len(kinds) / len(ways)
    found = results.figures['attach'] = []
    table = results.table('Attach: microseconds a thread is held, fresh processes', HEAD, NOTE)
    for version, python in pythons:
        for kind in kinds:
            for way in ways:
                label = f'{version}, {kind}, {way}'
                say(f'attach: {label}')
                got = guarded(results, f'attach to {label}', rounds, memspy, version, python, kind, way, count,
                              budget, label)
                if not got:
                    continue
                held = [g['held_ns'] for g in got]
                gaps = [g['gap_ns'] for g in got]
                low, high = median_interval(held)
                table.add(label, len(got), us(median(held)), f'{us(low)} to {us(high)}', us(percentile(held, 99)),
                          us(max(held)), us(median(gaps)), us(max(gaps)),
                          f"{max(got, key=lambda g: g['gap_ns'])['stolen_ms']:.0f}", us(median(g['gap_before_ns'] for g in got)),
                          f"{1000 * median(g['took_s'] for g in got):.1f}")
                found.append({'python': version, 'target': kind, 'way': way, 'rounds': got})
