#!/usr/bin/env python3
"""The 95 % intervals that memspy prints, against programs that know what each of their lines holds.

    test_ledger.py MEMSPY VERSIONS [--runs N] [--seed S] [--markdown]

Each run is another program (tests/targets/ledger.py). A line is printed with an interval, and so is the sum; each should
hold the truth 95 times of 100. How often it may do otherwise by chance, the binomial distribution says: 1 in 2,000.
"""
import argparse
import collections
import os
import random
import sys
import time

import memspy_live as live
import test_truth
from memspy_live import Memspy, Results

PERIOD = 65536
CLASSES = [(0, 3, 'lines under 3 samples'), (3, 10, 'lines of 3 to 10'), (10, 30, 'lines of 10 to 30'), (30, 1e9, 'lines over 30')]
SUM = 'sums'


def run(memspy, python, seed, tally):
    """One program: counts for each class [printed, truth below the interval, truth above it, not printed]."""
    report, said = test_truth.recorded(memspy, python, 'ledger.py', seed, PERIOD, period=PERIOD)
    rows = {r['line']: r for r in report['rows'] if r['file'].endswith('ledger.py')}
    for line, true, samples in said['lines']:
        name = next(name for low, high, name in CLASSES if low <= samples < high)
        row = rows.get(line)
        note(tally[name], true, row and row['own_low'], row and row['own_high'])
    totals = report['totals']
    note(tally[SUM], sum(true for _, true, _ in said['lines']), totals['low'], totals['high'])


def note(counts, true, low, high):
    if low is None:
        counts[3] += 1
        return
    counts[0] += 1
    counts[1] += true < low
    counts[2] += true > high


def fewest_misses(runs):
    """Fewer misses of intervals of 95 % come once in 2,000 times: then they are wider than they say."""
    p, k, total = 0.95 ** runs, 0, 0.95 ** runs
    while total < 5e-4:
        p *= (runs - k) / (k + 1) * 0.05 / 0.95
        k += 1
        total += p
    return k


def judge(name, counts):
    """Lines under 3 samples are told, not judged: whether they are printed depends on what was seen."""
    printed, below, above, absent = counts
    if name == CLASSES[0][2] or not printed:
        return []
    misses, most = below + above + (absent if name != CLASSES[1][2] else 0), test_truth.most_misses(printed)
    return [f'{misses} of {printed} intervals without the truth, {most} may be'] if misses > most else []


def words(counts):
    printed, below, above, absent = counts
    inside = printed - below - above
    return (f'{inside} of {printed} hold the truth ({100 * inside / max(printed, 1):.1f} %), {below} lie above it, {above} below; '
            f'{fewest_misses(printed)} to {test_truth.most_misses(printed)} misses are chance; {absent} not printed')


def markdown(found, memspy, seed, runs, seconds):
    sys.path.insert(0, str(live.ROOT / 'scripts'))
    from benchmarks.tables import Table, machine
    m = machine(memspy)
    table = Table('', ['CPython', 'intervals of', 'printed', 'hold the truth', '%', 'lie above it', 'lie below it', 'misses by chance', 'not printed'])
    for version, tally in found.items():
        for name in [c[2] for c in CLASSES] + [SUM]:
            printed, below, above, absent = tally[name]
            inside = printed - below - above
            table.add(version, name, printed, inside, f'{100 * inside / max(printed, 1):.1f}', below, above,
                      f'{fewest_misses(printed)} to {test_truth.most_misses(printed)}', absent)
    print(f"\n{m['date']}, checkout {m['commit']}, {m['cpus']} x {m['cpu']}, Linux {m['kernel']}, {m['libc']}; "
          f'{seconds:.0f} s, seeds from {seed}\n')
    print('\n'.join(table.markdown().splitlines()[2:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--runs', type=int, default=10)
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--markdown', action='store_true')
    parser.add_argument('--limit', type=int, default=20000)
    a = parser.parse_args()
    live.begin(a.limit)
    os.environ['PYTHONHASHSEED'] = '0'
    seed, began = a.seed if a.seed is not None else random.randrange(1 << 31), time.monotonic()
    memspy, results, found = Memspy(a.memspy), Results(), {}
    for name, python in live.each_python(a.versions):
        tally = found[name] = collections.defaultdict(lambda: [0, 0, 0, 0])
        for k in range(a.runs):
            try:
                run(memspy, python, seed + k, tally)
            except AssertionError as fault:
                results.case(f'{name} seed {seed + k}', str(fault))
        for what in [c[2] for c in CLASSES] + [SUM]:
            results.case(f'{name} {a.runs} programs from seed {seed}, {what}', judge(what, tally[what]), words(tally[what]))
    if not found:
        sys.exit(live.SKIP)
    if a.markdown:
        markdown(found, a.memspy, seed, a.runs, time.monotonic() - began)
    results.end()


if __name__ == '__main__':
    main()
