#!/usr/bin/env python3
"""What memspy says is what the program knows of itself. Arguments: memspy, versions, [--runs N] [--only leak,kinds]."""
import argparse
import json
import math
import signal
import sys

import memspy_live as live
from memspy_live import Memspy, Results, Target

LEAK = ('leak', 200000, 1000)
# kind, how many, how large, options of Python, environment, sampling period
KINDS = [
    ('literal', 200000, 1000, (), {}, '512K'),
    ('small', 300000, 60, (), {}, '64K'),
    ('grow_bytearray', 4000, 10000, (), {}, '512K'),
    ('grow_list', 5000000, 0, (), {}, '512K'),
    ('mapped', 40, 1 << 20, (), {}, '512K'),
    ('mapped_in_thread', 40, 1 << 20, (), {}, '512K'),
    ('threads', 60000, 1000, (), {}, '64K'),
    ('crossing', 200000, 100, (), {}, '16K'),
    ('fork', 60000, 1000, (), {}, '64K'),
    ('small', 300000, 60, (), {'PYTHONMALLOC': 'malloc'}, '64K'),
    ('small', 300000, 60, (), {'PYTHONMALLOC': 'debug'}, '64K'),
    ('small', 300000, 60, (), {'PYTHONMALLOC': 'pymalloc'}, '64K'),
    ('leak', 60000, 1000, (), {'PYTHONMALLOC': 'debug'}, '64K'),
    ('small', 300000, 60, (), {'PYTHONMALLOC': 'mimalloc'}, '64K'),
    ('leak', 60000, 1000, (), {'PYTHONMALLOC': 'mimalloc'}, '64K'),
    ('grow_list', 5000000, 0, (), {'PYTHONMALLOC': 'mimalloc_debug'}, '512K'),
    ('small', 300000, 60, ('-X', 'tracemalloc'), {}, '64K'),
    ('leak', 60000, 1000, ('-X', 'tracemalloc'), {}, '64K'),
    # Behind tracemalloc there is still the one or the other: what stays in it, and what goes on to malloc.
    ('leak', 60000, 1000, ('-X', 'tracemalloc'), {'PYTHONMALLOC': 'mimalloc'}, '64K'),
    ('leak', 60000, 1000, ('-X', 'tracemalloc'), {'PYTHONMALLOC': 'mimalloc_debug'}, '64K'),
    ('small', 300000, 60, ('-X', 'tracemalloc'), {'PYTHONMALLOC': 'malloc'}, '64K'),
    ('zeros', 40, 1 << 20, (), {}, '512K'),
    ('zeros', 40, 1 << 20, (), {'NUMPY_FIRST': '1'}, '512K'),
]
# There is no table of allocators in 2.7, so what pymalloc holds cannot be seen there.
UNSEEN = {'2.7': {'small', 'crossing'}}


def recorded(memspy, python, script, *args, options=(), env=None, period='512K'):
    """A target that says what it holds, recorded while it makes it: the report and what the program said."""
    file = live.path_of('truth.json')
    with Target(python, script, *args, options=options, env=env) as target:
        session = memspy.start('record', '-f', '--pid', target.pid, '--interval', 0.1, '--sample-bytes', period, '-o', file)
        assert live.wait_until(lambda: session.poll() is not None or live.has_ticks(file, target.pid)), 'no first tick'
        answer = target.ask(patience=90)
        assert answer, f'the target ended: {target.process.poll()} {target.words_of_fault()}'
        said = json.loads(answer)
        ticks = len(live.recording(file))
        live.wait_until(lambda: session.poll() is not None or len(live.recording(file)) > ticks)
        session.send_signal(signal.SIGINT)
        ended = memspy.end(session)
        assert ended.returncode == 0, f'exit {ended.returncode}: {ended.stderr}'
        assert not said['faults'], said['faults']
        assert target.process.poll() is None, f'the target ended: {target.words_of_fault()}'
        faults = live.let_go(target.pid)
        assert not faults, faults
        target.process.stdin.write('\n')
        target.process.stdin.flush()
        assert target.process.wait(30) == 0, f'the target ended with {target.process.returncode}: {target.words_of_fault()}'
    return memspy.report(file), said


def measure(memspy, python, kind, n, size, options=(), env=None, period='512K'):
    """The row of the line that made it, the totals, and what the program said."""
    report, said = recorded(memspy, python, 'truth.py', kind, n, size, options=options, env=env, period=period)
    rows = [r for r in report['rows'] if r['line'] == said['line'] and r['file'].endswith('truth.py')]
    return rows[0] if rows else None, report['totals'], said


def distance(true, low, estimate, high):
    """How far off, in half widths of the 95 % interval: within it up to 1; beyond 2.2 once in 60,000 runs."""
    side = estimate - low if true < estimate else high - estimate
    return abs(true - estimate) / side if side else 0 if true == estimate else math.inf


def leak(memspy, python):
    row, totals, said = measure(memspy, python, *LEAK)
    assert row, 'its line is not in the report'
    share = row['own_bytes'] / totals['bytes']
    assert share >= 0.95, f'{100 * share:.1f} % of live bytes on the line'
    return {'ratio': row['own_bytes'] / said['bytes'], 'share': share,
            'row': row['own_low'] <= said['bytes'] <= row['own_high'],
            'totals': totals['low'] <= said['bytes'] <= totals['high'],
            'width': (row['own_high'] - row['own_low']) / 3.92 / row['own_bytes']}


def most_misses(runs):
    """More than this many intervals of 95 % without the truth in them come once in 2,000 times."""
    p, k = 0.95 ** runs, 0
    total = p
    while 1 - total > 5e-4:
        p *= (runs - k) / (k + 1) * 0.05 / 0.95
        k += 1
        total += p
    return k


def leaks(memspy, results, found, runs):
    seen = []
    for name, python in found:
        here, faults = [], []
        for _ in range(runs):
            try:
                here.append(leak(memspy, python))
            except Exception as broken:
                faults.append(f'{type(broken).__name__}: {broken}')
        inside = [sum(r[what] for r in here) for what in ('row', 'totals')]
        if runs >= 20 and min(inside) < 0.9 * runs:
            faults.append('the truth is outside of the interval too often')
        ratios = ' '.join(f"{r['ratio']:.3f}" for r in here)
        results.case(f'{name} leak, {runs} runs', faults,
                     f'truth in the interval of the line {inside[0]}, of all {inside[1]}; share at least '
                     f"{100 * min((r['share'] for r in here), default=0):.1f} %; estimate/truth {ratios}")
        seen += here
    if not seen:
        return
    misses = [sum(not r[what] for r in seen) for what in ('row', 'totals')]
    mean = sum(r['ratio'] for r in seen) / len(seen)
    error = math.sqrt(sum(r['width'] ** 2 for r in seen)) / len(seen)
    results.case(f'all {len(seen)} runs together', [
        f'{max(misses)} intervals without the truth' if max(misses) > most_misses(len(seen)) else '',
        'the estimate is biased' if abs(mean - 1) > 3.5 * error else ''],
        f'{misses} misses, up to {most_misses(len(seen))} may be; estimate/truth {mean:.4f} ± {error:.4f} (1 sigma)')


def kind(memspy, python, name, entry):
    row, totals, said = measure(memspy, python, *entry)
    true = said['bytes']
    if name == '3.6' and entry[4].get('PYTHONMALLOC') == 'debug':
        return 'its debug hooks stand in front of malloc and ask it for 32 bytes more each: not compared'
    if entry[0] in UNSEEN.get(name, ()):
        return 'nothing to see, and the target is well'
    assert row or true < 4 << 20, f'its line is not in the report; truly {true} bytes; all {totals["bytes"]}'
    if not row:
        return f'too little for a sample ({true} bytes)'
    low, bytes_, high = row['own_low'], row['own_bytes'], row['own_high']
    if 'tracemalloc' in entry[3]:
        # It keeps up to 80 bytes for each block, in the name of the line; how much of that is seen depends on the
        # build: it may have taken the address of libc's malloc before memspy came.
        true = min(max(bytes_, true), true + 80 * entry[1])
    d = distance(true, low, bytes_, high)
    # One block is seen or not; its size is known exactly when it is seen.
    assert d < 2.2 or abs(bytes_ - true) < 0.01 * true, f'{true} truly, {bytes_} ({low} to {high}) said'
    return f'estimate/truth {bytes_ / true:.3f}' + (f', {d:.1f} half widths off' if d < 2.2 else '')


def has_numpy(python):
    import subprocess
    return subprocess.run([python, '-c', 'import numpy'], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--only', default='leak,kinds')
    parser.add_argument('--limit', type=int, default=3000)
    a = parser.parse_args()
    live.begin(a.limit)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    if 'leak' in a.only:
        leaks(memspy, results, found, a.runs)
    for name, python in found if 'kinds' in a.only else []:
        numpy = has_numpy(python)
        for entry in KINDS:
            if entry[0] == 'zeros' and not numpy or name in ('2.7',) and (entry[3] or entry[4]):
                continue  # no numpy there; no such options before 3.6
            if 'PYTHONMALLOC' in entry[4] and not live.runs(python, **entry[4]):
                continue  # 3.13 and later have mimalloc, free-threaded builds nothing else
            words = ' '.join([name, entry[0], *entry[3], *(f'{k}={v}' for k, v in entry[4].items())])
            results.run(words, kind, memspy, python, name, entry)
    results.end()


if __name__ == '__main__':
    main()
