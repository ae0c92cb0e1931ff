"""scripts/bench filter: what share of frees has to look into the table, the real probe in a C program."""
import os
import subprocess

from .pairs import guarded, say
from .processes import Fault

NOTE = """Blocks of libc at real addresses; the largest of ten looks while sampled blocks come and go, and the least time of an
unsampled malloc and its free, of different blocks in turns. Live samples at 512 KiB: 2,048 for each GiB."""
LIVE = [100, 1000, 2000, 4000, 8000, 16000, 40000]
HOUR = 7_400_000  # samples at 512 KiB of a program that allocates a GiB in each second


def looks(memspy, live, events):
    """[(events so far, share past the filter, share past the sieve, ns of a pair)]"""
    host, probe = memspy.build / 'tests/bench/filter-host', memspy.build / 'probes/memspy-probe.so'
    if not host.exists() or not probe.exists():
        raise Fault(f'{host} is not built')
    done = subprocess.run([host, str(live), str(events)], env=dict(os.environ, MEMSPY_PROBE=str(probe)), text=True,
                          capture_output=True, timeout=600)
    if done.returncode:
        raise Fault(f'filter-host: {(done.stdout + done.stderr).strip()[-300:]}')
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(int(n), float(f), float(s), float(ns)) for n, f, s, ns in rows]


def run(o, results, memspy):
    table = results.table('Frees that have to look', ['live samples', 'came and went', 'pass the filter', 'and the sieve',
                                                      'pair, ns'], NOTE)
    found = results.figures['filter'] = []
    for live, events in [(2000, 1000)] if o.quick else [*((n, 100_000) for n in LIVE), (2000, HOUR)]:
        say(f'filter: {live:,} samples live, {events:,} come and go')
        rows = guarded(results, f'filter, {live} live', looks, memspy, live, events)
        if rows:
            _, passed, sieved, ns = zip(*rows)
            table.add(f'{live:,}', f'{events:,}', f'{100 * max(passed):.2f} %', f'{100 * max(sieved):.2f} %', f'{min(ns):.1f}')
            found.append({'live': live, 'events': events, 'rows': rows})
