#!/usr/bin/env python3
"""A real service with a leak, a cache, a start-up, what is let go and what lives for an instant: every view tells which is which.

usage: test_views.py MEMSPY PYTHON
"""
import csv
import io
import json
import pathlib
import signal
import sys

import memspy_live as live
from memspy_live import SKIP, TARGETS, Memspy, Results, Target, each_python, limit, may_trace, scratch

MIB = 1048576
SERVES = 8
memspy = Memspy(sys.argv[1])
here = {text.split('#')[0].strip(): number for number, text in enumerate((TARGETS / 'bookshop.py').read_text().splitlines(), 1)}
ORDER = next(n for text, n in here.items() if text.startswith('entry ='))
PRICES = next(n for text, n in here.items() if text.startswith('prices = ['))
BATCH = next(n for text, n in here.items() if text.startswith('batch = ['))
CACHE = next(n for text, n in here.items() if text.startswith('recent[key] ='))


def good(*args):
    run = memspy.run('report', FILE, *args)
    assert run.returncode == 0, f'{args}: {run.returncode} {run.stderr}'
    return run.stdout


def told(*args):
    return json.loads(good('--format', 'json', *args))


def row(report, line):
    found = [r for r in report['rows'] if r['line'] == line and r['file'].endswith('bookshop.py')]
    assert found, f"{report['view']} has no line {line}"
    return found[0]


def holds(low, high, want, what):
    """The interval, made three times as wide: a 95 % interval misses one time in twenty, this one never here."""
    width = high - low
    assert low - width <= want <= high + width, f'{what}: {want} is not between {low} and {high}'
    assert width < want, f'{what}: {low} to {high} says nothing'


def record(python):
    global FILE, END
    FILE = pathlib.Path(scratch) / 'bookshop.json'
    with Target(python, 'bookshop.py', SERVES) as target:
        running = memspy.start('record', '-f', '--pid', target.pid, '--interval', '0.25', '--sample-bytes', '32K', '-o', FILE)
        assert live.wait_until(lambda: live.has_ticks(FILE, target.pid)), 'nothing is recorded'
        truth = json.loads(target.ask('go'))
        END = live.last_moment(FILE) - 0.5  # it still served then
        live.more_ticks(FILE, 2)
        running.send_signal(signal.SIGINT)
        run = memspy.end(running)
        assert run.returncode == 0, run.stderr
        assert ' lines above.   Next: memspy report ' in run.stdout, run.stdout  # a pipe has lines as long as they are
    return truth


def leaks_are_told_from_what_stays_and_what_is_replaced():
    report = told('--view', 'leaks', '--to', END)
    verdicts = {line: row(report, line)['verdict'] for line in (ORDER, PRICES, CACHE)}
    assert verdicts == {ORDER: 'suspect', PRICES: 'stays', CACHE: 'turns over'}, verdicts
    order, cache = row(report, ORDER), row(report, CACHE)
    assert order['certain_bytes'] > 0.9 * order['own_bytes'] and order['growth_low'] > 0, order
    assert cache['certain_bytes'] < 0.3 * cache['own_bytes'], cache
    assert row(report, PRICES)['age_most_s'] >= 0.7 * END > order['age_most_s'], order
    return f"suspect: {order['own_bytes'] / MIB:.1f} MiB"


def growth_has_both_signs():
    report = told('--view', 'growth', '--from', '50%', '--to', END)
    order, batch = row(report, ORDER), row(report, BATCH)
    assert order['own_low'] > 0 > batch['own_high'], (order, batch)
    assert report['totals']['bytes'] == sum(r['own_bytes'] for r in report['rows'])
    assert report['totals']['grown'] - report['totals']['shrunk'] == report['totals']['bytes']
    return f"{order['own_bytes'] / MIB:+.1f} and {batch['own_bytes'] / MIB:+.1f} MiB"


def churn_is_what_was_allocated(truth):
    report = told('--view', 'churn')
    cache = row(report, CACHE)
    holds(cache['own_low'], cache['own_high'], truth['looked_up'], 'what was looked up')
    assert abs(cache['bytes_per_s'] * report['t'] - cache['own_bytes']) < 0.2 * cache['own_bytes'], (cache, report['t'])
    return f"{cache['bytes_per_s'] / MIB:.1f} MiB/s"


def temporary_is_what_json_makes():
    for more in ((), ('--temporary-threshold', '0.032')):
        rows = told('--view', 'temporary', '--by', 'module', *more)['rows']
        assert rows[0]['module'].startswith('json.'), rows[0]
        share = rows[0]['own_bytes'] / rows[0]['allocated_bytes']
        assert share > 0.5, (more, share)
    return f'{100 * share:.0f} % of what it allocates'


def lifetimes_are_short_for_json_and_long_for_the_cache():
    rows = {r['module']: r for r in told('--view', 'lifetimes', '--by', 'module')['rows']}
    parsed = next(r for name, r in rows.items() if name.startswith('json.'))
    assert 0 < parsed['median_most_ms'] <= 16 < rows['bookshop']['median_most_ms'] <= 4096, (parsed, rows['bookshop'])
    for r in rows.values():
        assert abs(sum(r['lifetimes']) - r['samples']) <= 0.02 * r['samples'] + 2, r
    return f"{parsed['median_most_ms']} and {rows['bookshop']['median_most_ms']} ms"


def lines_hold_what_they_truly_hold(truth):
    report = told('--lines', 'targets/bookshop.py')
    lines = {line['line']: line for line in report['lines']}
    assert report['source'] == 'read' and lines[ORDER]['source'].strip().startswith('entry = {')
    holds(lines[ORDER]['live_low'], lines[ORDER]['live_high'], truth['orders'], 'orders')
    holds(lines[PRICES]['live_low'], lines[PRICES]['live_high'], truth['prices'], 'prices')
    only = told('--lines', 'bookshop.py:remember')['lines']
    assert ORDER in [line['line'] for line in only] and PRICES not in [line['line'] for line in only]
    text = good('--lines', 'bookshop.py:remember')
    assert 'def remember(number):' in text and 'def look_up' not in text, text
    return f"{lines[ORDER]['live_bytes'] / MIB:.1f} MiB, truly {truth['orders'] / MIB:.1f}"


def a_summary_agrees_with_the_reports():
    stats, live = told('--view', 'stats', '--to', END), told('--to', END)
    for key in ('bytes', 'blocks', 'low', 'high', 'samples'):
        assert stats['live'][key] == live['totals'][key], key
    assert stats['top_by_size'][0]['line'] == live['rows'][0]['line']
    assert ORDER in [r['line'] for r in stats['growing']], stats['growing']
    assert sum(b['live_bytes'] for b in stats['sizes']['buckets']) == sum(t['bytes'] for t in stats['threads']) == live['totals']['bytes']
    assert stats['quality']['word'] in ('good', 'fair') and stats['quality']['stacks']['whole'] > 0.9, stats['quality']
    for view in ('summary', 'stats'):
        assert 'how sure: ' in good('--view', view)
    return stats['quality']['word']


def both_threads_and_every_way_have_the_same_sum():
    for view in ('live', 'allocated', 'churn', 'growth'):
        sums = {by: told('--view', view, '--by', by, '--to', END)['totals']['bytes']
                for by in ('line', 'function', 'file', 'module', 'thread', 'stack')}
        assert len(set(sums.values())) == 1, (view, sums)
        text = good('--view', view, '--by', 'thread', '--format', 'csv', '--to', END)
        rows = list(csv.DictReader(io.StringIO(text, newline='')))
        assert sum(int(r['own_bytes']) for r in rows) == sums['line']
        assert len(rows) >= 2, rows
    return f"{sums['line'] / MIB:.1f} MiB"


def a_tree_leads_to_the_line():
    text = good('--format', 'tree', '--to', END)
    at = [i for i, line in enumerate(text.splitlines()) if 'remember' in line and f':{ORDER}' in line]
    assert at and 'serve' in '\n'.join(text.splitlines()[:at[0]]), text
    return f'{len(text.splitlines())} lines'


if not may_trace():
    sys.exit(SKIP)
limit(300)
results = Results()
for name, python in each_python(sys.argv[2]):
    truth = record(python)
    for case in (leaks_are_told_from_what_stays_and_what_is_replaced, growth_has_both_signs, temporary_is_what_json_makes,
                 lifetimes_are_short_for_json_and_long_for_the_cache, a_summary_agrees_with_the_reports,
                 both_threads_and_every_way_have_the_same_sum, a_tree_leads_to_the_line):
        results.run(f'{name}: {case.__name__.replace("_", " ")}', case)
    for case in (churn_is_what_was_allocated, lines_hold_what_they_truly_hold):
        results.run(f'{name}: {case.__name__.replace("_", " ")}', case, truth)
results.end()
