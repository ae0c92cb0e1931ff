"""scripts/bench pair: nanoseconds and instructions of one allocation and its free, with and without memspy."""
import os
import re
import shutil
import subprocess

from .figures import median_interval
from .pairs import Paired, guarded, say
from .processes import HERE, Fault, each_python, scratch

NAMES = ['malloc-32', 'malloc-1000', 'object-32', 'object-256']
NOTE_TIME = """Least of both; in brackets the 95 % interval of the median difference. malloc and free through the slots of a C
library, PyObject_Malloc and PyObject_Free through the allocator table; what the samples themselves take is in it."""
NOTE_COUNT = """Not sampled: what nearly every allocation pays. Sampled: every allocation is, so with holds the whole of a sample:
the frames, the site, the live map, and taking it out again. At 512 KiB that is one pair in 16,384 of 32 bytes."""
PIECE = 1000  # pairs that inside.py counts as one


def compile_loop():
    out = scratch / 'pairs.so'
    cc = shutil.which('cc') or shutil.which('gcc')
    if not cc:
        raise Fault('no C compiler (cc); scripts/setup installs one')
    subprocess.run([cc, '-O2', '-shared', '-fPIC', HERE / 'pair_loop.c', '-o', out], check=True, timeout=60)
    return out


def nanoseconds(paired, setting, name):
    """(least without, least with, [low, high] of the median difference), of one pair."""
    scale = 1e9 / PIECE
    pairs = [(on * scale / count, off * scale / count)
             for p, count in zip(paired.pairs[setting][name], paired.counts[name]) for on, off in p]
    return (min(off for _, off in pairs), min(on for on, _ in pairs), median_interval([on - off for on, off in pairs]))


def timed(o, results, memspy, budget):
    table = results.table('Time of a pair, ns: not attached / attached', ['CPython, setting', *NAMES],
                          NOTE_TIME)
    library = compile_loop()
    found = results.figures['pair_ns'] = []
    for version, python in each_python(o.python):
        for way in o.ways():
            settings = o.settings(way)
            say(f'pair: CPython {version}, {budget:.0f} s')
            paired = guarded(results, f'pairs on {version}', Paired, memspy, python, ['pair_inside'], NAMES, settings,
                             budget, seconds=0.02, env={'MEMSPY_BENCH_PAIRS': str(library)},
                             processes=1 if o.quick else 2, label=version)
            if not paired:
                continue
            for s in settings:
                cells, row = [], {'python': version, 'setting': str(s)}
                for name in paired.names:
                    off, on, (low, high) = nanoseconds(paired, s, name)
                    cells.append(f'{off:.1f} / {on:.1f} [{low:+.1f} {high:+.1f}]')
                    row[name] = {'without_ns': off, 'with_ns': on, 'difference_low_ns': low, 'difference_high_ns': high}
                table.add(f'{version}, {s}', *cells)
                found.append(row)


def instructions(host, probe, mode, count):
    log = scratch / 'callgrind.log'
    valgrind = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', f'--log-file={log}']
    done = subprocess.run([*valgrind, host, mode, str(count)], env=dict(os.environ, MEMSPY_PROBE=str(probe)),
                          capture_output=True, text=True, timeout=120)
    collected = re.search(r'Collected : (\d+)', log.read_text())
    if done.returncode or not collected:
        raise Fault(f'pair-host {mode} under valgrind: {(done.stdout + done.stderr).strip() or log.read_text()[-300:]}')
    return int(collected.group(1))


def per_pair(host, probe, mode, base):
    """What comes for each pair: the start and the end of the program are in both runs."""
    return (instructions(host, probe, mode, 4 * base) - instructions(host, probe, mode, base)) / (3 * base)


COUNTED = [  # what, mode without, mode with, pairs
    ('malloc and free, 32 bytes, not sampled', 'malloc', 'hook-malloc', 100000),
    ('PyObject_Malloc and Free, 32 bytes, not sampled', 'object', 'hook-object', 100000),
    ('malloc and free, sampled, 1 frame', 'malloc', 'sampled-malloc-1', 2000),
    ('malloc and free, sampled, 16 frames', 'malloc', 'sampled-malloc-16', 2000),
    ('malloc and free, sampled, 64 frames', 'malloc', 'sampled-malloc-64', 2000),
    ('malloc and free, sampled, 64 frames of one function', 'malloc', 'sampled-malloc-recursion-64', 2000),
    ('PyObject_Malloc and Free, sampled, 16 frames', 'object', 'sampled-object-16', 2000),
    ('PyObject_Malloc and Free, --exact, 1 frame', 'object', 'exact-object-1', 10000),
    ('PyObject_Malloc and Free, --exact, 16 frames', 'object', 'exact-object-16', 10000),
]


def counted(o, results, memspy):
    build = memspy.build
    host, probe = build / 'tests/bench/pair-host', build / 'probes/memspy-probe.so'
    if not shutil.which('valgrind'):
        return results.lacks('instructions of a pair', 'valgrind is not installed (apt-get install valgrind)')
    if not host.exists() or not probe.exists():
        return results.lacks('instructions of a pair', f'{host} is not built')
    table = results.table('Instructions of a pair (callgrind, the real probe in a C program)',
                          ['what', 'without', 'with', 'more'],
                          NOTE_COUNT)
    found = results.figures['pair_instructions'] = []
    without = {}
    for what, off, on, base in COUNTED[:2] if o.quick else COUNTED:
        say(f'pair: counting {what}')
        if off not in without:
            without[off] = per_pair(host, probe, off, 100000)
        n = per_pair(host, probe, on, base)
        table.add(what, f'{without[off]:.1f}', f'{n:.1f}', f'{n - without[off]:+.1f}')
        found.append({'what': what, 'without': without[off], 'with': n})


def run(o, results, memspy):
    timed(o, results, memspy, 2 if o.quick else o.seconds or 20)
    guarded(results, 'instructions', counted, o, results, memspy)
