#!/usr/bin/env python3
"""Every benchmark runs, and its figures are possible ones. How fast anything is, is not tested: machines differ."""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/live'))
sys.argv[1:] = [str(pathlib.Path(a).resolve()) for a in sys.argv[1:]]
import memspy_live  # noqa: E402


def ratios(tree, path=''):
    """Every figure called ratio or geometric_mean, with the way to it."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in ('ratio', 'geometric_mean', 'cpu_ratio'):
                yield f'{path}/{key}', value
            yield from ratios(value, f'{path}/{key}')
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from ratios(value, f'{path}/{i}')


def main():
    if not memspy_live.may_trace():
        sys.exit(memspy_live.SKIP)
    results = memspy_live.Results()
    with tempfile.TemporaryDirectory() as d:
        command = [sys.executable, ROOT / 'scripts/bench', '--quick', '--memspy', sys.argv[1], '--json', f'{d}/bench.json']
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        results.case('it ends well', '' if done.returncode == 0 else done.stderr[-2000:])
        document = json.loads(pathlib.Path(f'{d}/bench.json').read_text())
    results.case('what was measured is said, in tables', '' if 'Loops, memspy' in done.stdout else done.stdout[-1000:])
    found = dict(ratios(document))
    results.case('there are ratios', '' if len(found) > 10 else f'{len(found)} ratios')
    # A process that is 20 times faster with memspy, or 100 times slower, was not measured.
    results.case('ratios are possible ones', [f'{k}: {v}' for k, v in found.items() if not 0.05 < v < 100])
    held = [r['held_ns'] for a in document['attach'] for r in a['rounds']]
    results.case('every attach held a thread for a while', '' if held and all(0 < h < 5e9 for h in held) else str(held))
    simulated = document['windows_truth']
    # Of 40 programs; the random numbers are always the same ones.
    results.case('simulated: where the tables always lead to memspy, the intervals hold the truth',
                 [str(r) for r in simulated if r['way'] == 'always' and not (r['inside'] >= 0.8 and r['unseen'] <= 0.2)])
    results.case('simulated: what takes 5 ms is mostly not seen in random windows',
                 [str(r) for r in simulated if r['site'].startswith('once, in 5 ms') and '%' in r['way'] and r['unseen'] < 0.5])
    results.case('what is missing is named', [str(m) for m in document['missing'] if not (m['what'] and m['why'])])
    results.end()


main()
