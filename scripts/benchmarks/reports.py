"""scripts/bench reports: what every report of an hour with 3,600 ticks and 50,000 stacks takes, and every difference of two such hours."""
import itertools
import os
import pathlib
import re
import shutil
import subprocess

from .pairs import guarded, say
from .processes import Fault, digest, scratch

NOTE = """Seconds of the processor, user and system, all threads together, the least of {runs}; and the largest resident memory in MB. Each
cell is of the grouping that takes most of {ways}. The output is written to a file; the least that can be told is the memory of who asks, some 24 MB."""
OTHERS = [('--view summary', 'report', ['--view', 'summary']), ('--view stats as json', 'report', ['--view', 'stats', '--format', 'json']),
          ('--lines of a file', 'report', ['--lines', 'views_291.py']), ('--own-code', 'report', ['--own-code']),
          ('growth --from 50% --to -10', 'report', ['--view', 'growth', '--from', '50%', '--to', '-10']),
          ('peak --from 50%', 'report', ['--view', 'peak', '--from', '50%']), ('plot as svg', 'plot', []),
          ('plot as svg --top 5', 'plot', ['--top', '5']), ('diff of two moments', 'diff at 10', [])]


def choices(binary, hour, command, option):
    """What there is to choose from, as the binary says: what is new is measured from its first day on."""
    done = subprocess.run([binary, *command, option, 'nothing'], capture_output=True, text=True)
    found = re.search(r'is not one of (.*)', done.stderr)
    if not found:
        raise Fault(f'{" ".join(command)} {option}: no choices in "{done.stderr.strip()}"')
    return re.findall(r'\w+', found[1].replace(' or ', ' '))


def run_once(binary, words):
    """(seconds of the processor, MB of memory, or ours where that is more: it is counted before the exec)"""
    out = scratch / ('out.svg' if words[0] == 'plot' else 'out')
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    pid = os.posix_spawn(binary, [binary, *map(str, words), '-f', '-o', str(out)], os.environ, file_actions=null)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise Fault(f"memspy {' '.join(map(str, words))} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def least(binaries, words, runs):
    """One (seconds, MB) for each binary; they take turns."""
    found = [[run_once(binary, words) for binary in binaries] for _ in range(runs)]
    return [(min(s for s, _ in one), max(m for _, m in one)) for one in zip(*found)]


def tell(results, title, binaries, asked, rows, columns, figures, note):
    for i, binary in enumerate(binaries):
        of = f', {digest(binary)}' if len(binaries) > 1 else ''
        for unit, place, form in (('seconds', 0, '{:.2f}'), ('MB', 1, '{:.0f}')):
            table = results.table(f'{title}{of}: {unit}', ['view', *columns], note if unit == 'MB' else '')
            for row in rows:
                cells = [[figures[a][i][place] for a in asked if a[:2] == (row, column) and a in figures] for column in columns]
                table.add(row, *(form.format(max(c)) if c else None for c in cells))


def measure(o, results, binaries, hour, other, quick):
    runs = 1 if quick else o.count or 3
    figures, report, diff = {}, ['report', hour], ['diff', hour, other]
    sides = {'reports': (report, [v for v in choices(binaries[0], hour, report, '--view') if v not in ('summary', 'stats')]),
             'differences': (diff, choices(binaries[0], hour, diff, '--view'))}
    for title, (command, views) in sides.items():
        formats, ways = (choices(binaries[0], hour, command, x) for x in ('--format', '--by'))
        asked = list(itertools.product(views, formats, ways[:1] if quick else ways))
        for view in views:
            say(f'{title}: {view}')
            for a in (a for a in asked if a[0] == view):
                words = [*command, '--view', a[0], '--format', a[1], '--by', a[2]]
                found = guarded(results, ' '.join(a), least, binaries, words, runs)
                if found:
                    figures[a] = found
        tell(results, title.capitalize(), binaries, asked, views, formats, figures,
             NOTE.format(runs=runs, ways=', '.join(ways)))
        results.figures[title] = [{'view': v, 'format': f, 'by': b, 'binaries': figures[v, f, b]} for v, f, b in asked
                                  if (v, f, b) in figures]
        figures.clear()


def run_others(o, results, binaries, hour, quick):
    table = results.table('Others', ['report', *(f'{digest(b)}: {u}' for b in binaries for u in ('seconds', 'MB'))])
    for name, command, options in OTHERS:
        words = ['diff', f'{hour}@10', hour] if command == 'diff at 10' else [command, hour, *options]
        found = guarded(results, name, least, binaries, words, 1 if quick else o.count or 3)
        if found:
            table.add(name, *itertools.chain(*((f'{s:.2f}', f'{m:.0f}') for s, m in found)))


def run(o, results, memspy):
    maker = memspy.build / 'tests/unit/write_hour'
    hour, other = scratch / 'hour.json', scratch / 'other.json'
    if not maker.exists():
        raise Fault(f'{maker} is not built')
    subprocess.run([maker, hour, *(['3000', '60', '50'] if o.quick else [])], check=True)
    shutil.copy(hour, other)
    binaries = [str(pathlib.Path(p).resolve()) for p in (memspy.path, *o.beside)]
    measure(o, results, binaries, hour, other, o.quick)
    run_others(o, results, binaries, hour, o.quick)
