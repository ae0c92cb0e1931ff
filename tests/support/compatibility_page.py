"""docs/compatibility.md, from the results that scripts/compatibility keeps."""
import json
import os
import pathlib
import platform
import re

import pythons

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'memspy-compatibility'
# In columns, and in and out in each place.
PLACES_ON = ['2.7', '3.12', 'system', 'bullseye-3.9', 'trixie-3.13-shared', 'sid-3.14', 'sid-3.15', 'built-3.13t', 'built-3.13-musl']
GREENLETS = ['looked at', 'recorded', 'in and out']


def results(name, test):
    """{case: (answer, what was said)}; the case without the Python's name. Without any the test was not run, as far as is known."""
    file = CACHE / f'{name}.{test}.jsonl'
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return {r['case'].removeprefix(name + ' '): (r['answer'], r['said']) for r in rows}


def escaped(text):
    return text.replace('|', '\\|').replace('\n', ' ')


def summary(cases):
    """All of a test's cases in one cell."""
    answers = [answer for answer, _ in cases.values()]
    failed = [case for case, (answer, _) in cases.items() if answer == 'fail']
    if failed:
        return f"**fails**: {escaped(', '.join(failed))}"
    left_out = [case for case, (answer, _) in cases.items() if answer == 'skip']
    if 'pass' not in answers:
        return 'not tried here'
    return f"pass, {answers.count('pass')} cases" + (f"; without: {escaped(', '.join(left_out))}" if left_out else '')


def shapes_cell(cases, case):
    answer, said = cases.get(case, ('skip', ''))
    return {'pass': escaped(said), 'fail': f'**fails**: {escaped(said)}', 'skip': 'not tried here'}[answer]


def page_before():
    """{section: its lines} of the page as it is."""
    sections, now = {}, []
    for line in (ROOT / 'docs/compatibility.md').read_text().split('\n'):
        if line.startswith('## '):
            now = sections.setdefault(line[3:], [])
        now.append(line)
    return sections


def row_before(section, name):
    return [line for line in page_before().get(section, []) if line.startswith(f'| {name} |')]


def versions_table(names, facts):
    """A cell whose test has no results in the cache keeps what the page says."""
    yield '| Python | version | build | libc | looked at in every shape | sampled in every shape | attach and detach | life | children followed |'
    yield '|---|---|---|---|---|---|---|---|---|'
    for name in names:
        before = row_before('Versions and builds', name)
        cells = [c.strip() for c in re.split(r'(?<!\\)\|', before[0])[1:-1]] if before else [name, *['not tried here'] * 8]
        if name in facts:
            version, libc, flags, seen = facts[name]
            cells[1:4] = version, ', '.join([seen['build'], *[f for f in flags if f not in seen['build']]]), libc
            if seen['refusal']:
                cells[6:9] = [f"not supported: “{escaped(seen['refusal'])}”"] * 3
        shapes = results(name, 'shapes')
        if shapes:
            cells[4:6] = [shapes_cell(shapes, 'stopped in every shape'), shapes_cell(shapes, 'allocating in every shape')]
        for i, test in enumerate(('attach', 'life', 'follow'), 6):
            if results(name, test) and not (name in facts and facts[name][3]['refusal']):
                cells[i] = summary(results(name, test))
        if before or name in facts:
            yield f"| {' | '.join(cells)} |"


LEFT_OUT = 'Left out, and why:'


def left_out(names):
    """Which cases of the table above were not tried, and why. Of a test without results in the cache, what the page says."""
    why = {}
    for test in ('attach', 'life', 'follow'):
        for name in names:
            for case, (answer, said) in results(name, test).items():
                if answer == 'skip':
                    why.setdefault((test, case, said), []).append(name)
    for line in page_before().get('Versions and builds', []):
        found = re.fullmatch(r'- (attach|life|follow), (.*?): (.*) \(([^()]*)\)', line)
        for name in found[4].split(', ') if found else []:
            if not results(name, found[1]):
                why.setdefault(found.groups()[:3], []).append(name)
    if why:
        yield from ['', LEFT_OUT, '']
    for (test, case, said), of in why.items():
        yield f"- {test}, {escaped(case)}: {escaped(said)} ({', '.join(sorted(of, key=names.index))})"


def places_table(names, notes):
    """Places in rows. notes: {(place, memspy's sentence): Pythons}, to be filled."""
    cells = {name: results(name, 'places') for name in names}
    rows = sorted(dict.fromkeys(case for n in names for case in cells[n]), key=lambda case: case.endswith('-uwsgi'))
    yield '| place | ' + ' | '.join(names) + ' |'
    yield '|---|' + '---|' * len(names)
    for row in rows:
        line = []
        for name in names:
            answer, said = cells[name].get(row, ('skip', 'not tried here'))
            if is_refusal(answer, said):
                notes.setdefault((row, re.sub(r'\d+', 'N', said)), []).append(name)
                line.append('not supported, and says why')
            else:
                line.append({'pass': 'pass', 'fail': f'**fails**: {escaped(said)}', 'skip': escaped(said)}[answer])
        shown = f"uWSGI ({row.partition('-')[0]}'s; libpython behind a plugin)" if row.endswith('-uwsgi') else row
        yield f'| {escaped(shown)} | ' + ' | '.join(line) + ' |'


def is_refusal(answer, said):
    return answer == 'pass' and said.startswith('memspy: ')


def more_places(names, notes):
    """The other Pythons, a line each."""
    yield '| Python | places | not supported, and says why | left out |'
    yield '|---|---|---|---|'
    for name in names:
        cases = {case: r for case, r in results(name, 'places').items() if not case.endswith('-uwsgi')}
        refused, out = [c for c in cases if is_refusal(*cases[c])], {}
        for case, (answer, said) in cases.items():
            if case in refused:
                notes.setdefault((case, re.sub(r'\d+', 'N', said)), []).append(name)
            elif answer == 'skip':
                out.setdefault(said, []).append(case)
        failed = [f'{case}: {said}' for case, (answer, said) in cases.items() if answer == 'fail']
        passed = sum(answer == 'pass' for answer, _ in cases.values()) - len(refused)
        first = f"**fails**: {escaped('; '.join(failed))}" if failed else f'pass, {passed} places'
        rest = '; '.join(f"{', '.join(c)} ({said})" for said, c in out.items())
        yield f"| {name} | {first} | {escaped(', '.join(refused))} | {escaped(rest)} |"


def places(names):
    """Like the columns of the table these are whole or not at all: without results of any the page keeps what it says."""
    shown = [n for n in names if n in PLACES_ON and results(n, 'places')]
    others = [n for n in names if n not in PLACES_ON and results(n, 'places')]
    if not shown:
        before = page_before().get('Places', [])
        yield from before[next((i for i, line in enumerate(before) if line.startswith('|')), len(before)):-1]
        return
    notes = {}
    yield from places_table(shown, notes)
    if others:
        yield from ['', 'And elsewhere, the same places:', '', *more_places(others, notes)]
    yield from ['', 'The sentences (N: a number):', '']
    for (row, said), of in notes.items():
        whose = '' if len(of) == len(shown + others) else f" ({', '.join(of)})" if 2 * len(of) < len(shown + others) else ' (elsewhere)'
        yield f'- {row}{whose}: “{escaped(said)}”'


def cell(cases, case):
    answer, said = cases.get(case, ('skip', 'not tried'))
    return {'pass': escaped(said), 'fail': f'**fails**: {escaped(said)}', 'skip': f'left out: {escaped(said)}'}[answer]


def greenlets_table(names):
    yield '| Python | ' + ' | '.join(f'{kind}, {what}' for kind in ('greenlet', 'gevent') for what in GREENLETS) + ' |'
    yield '|---|' + '---|' * 6
    for name in names:
        cases = results(name, 'greenlets')
        if not cases:
            yield from row_before('Greenlets', name)
            continue
        yield f'| {name} | ' + ' | '.join(cell(cases, f'{k}, {what}') for k in ('greenlet', 'gevent') for what in GREENLETS) + ' |'


def rounds_table(names):
    yield '| Python, place | |'
    yield '|---|---|'
    for name in names:
        cases = results(name, 'rounds')
        if not cases:
            yield from row_before('In and out', name)
        for case in (c for c in cases if cases[c][0] != 'skip'):
            place = name if case == 'in and out' else f'{name}, {case}'
            yield f'| {escaped(place)} | {cell(cases, case)} |'


def write(facts):
    """The whole page. facts: {Python: [version, libc, flags, what memspy calls it]}."""
    names = pythons.WANTED + pythons.MORE + pythons.BUILT
    text = [
        '# Which Pythons, where', '',
        'Written by `scripts/compatibility MEMSPY` from what it saw; nothing in here is a hope. `scripts/pythons` gets the Pythons',
        'whose names begin with that of a Debian suite: they run in that suite\'s root, in a mount namespace of their own. `system` is',
        f'the distribution\'s own. Here: Linux {platform.release()}, {platform.machine()}.', '',
        '## Versions and builds', '',
        'A program calls itself in every way Python knows (`tests/targets/shapes.py`). It is looked at with `memspy dump` while it',
        'stops in each, and sampled while it allocates in each; every frame must be what `traceback.extract_stack` said at that moment.',
        'Attach: each kind of process, by each way in, and again and again. Life: forks, threads by the thousand, libraries, depth,',
        'code reborn at its address, sub-interpreters, the end (`tests/live/test_attach.py`, `test_life.py`). Sub-interpreters have their',
        'own lines from 3.12 on; before, what they allocate is on the line that runs them. With a GIL each they meet in the table, and',
        'what is lost there is counted: in 40 runs of three at a time on two busy cores the estimate was 0.916 to 1.014 of the truth.',
        'Children followed: of fork, of a thread, a pool, a storm, gunicorn, exec, programs that are started, and those whose threads',
        'are known by another key than their parent\'s (`test_follow.py`).', '',
        *versions_table(names, facts),
        *left_out(names), '',
        'Not in the table:', '',
        *NOT_THERE, '',
        '## Places', '',
        'In each place (`tests/live/test_places.py`): the stacks are right, the recording names the line and its bytes once, and the',
        'process works on, untraced. The foreign root and the chroot are for a Python of another suite that suite\'s; for one of this',
        'machine a root that has /usr and that Python, and nothing else. The other user is nobody, in such a root if need be.', '',
        *places(names), '',
        '## In and out', '',
        'So many rounds of `memspy record` (`tests/live/test_rounds.py`), a fresh process after each ten, which one enters by `map`,',
        '`dlopen` and `auto` in turn. After each the process must be untraced and work on; the refused ones say why.', '',
        *rounds_table(names), '',
        '## Greenlets', '',
        '300 greenlets that take turns, with code of their own (`tests/live/test_greenlets.py`).', '',
        *greenlets_table(names), '',
        '## musl', '',
        *MUSL, '',
        '## Not supported', '',
        *STRANGERS, '']
    (ROOT / 'docs/compatibility.md').write_text('\n'.join(text))


MUSL = """
`scripts/pythons built-3.13-musl` builds a CPython with musl. What differs there:

- The way in by `dlopen` is refused before the process is touched: “its C library is musl: from its stacks nobody can tell when
  dlopen is safe; use --inject map”. musl has no unwind tables. The way in by map, which is the usual one, needs none.
- musl's loader keeps its list behind `_dl_debug_addr`; there memspy finds what is loaded after attach, and hooks it at once
  (`tests/live/test_truth.py`, `mapped`).
- The build has no ctypes, so libraries that load others without the GIL were not tried; and greenlets were not.
""".strip().split('\n')

STRANGERS = """
`tests/live/test_strangers.py` meets these; each stays as it was, to the byte (N: its pid):

- PyPy 7.3.11, and a stand-in for others: “N is PyPy, not CPython: memspy reads CPython's heap only; run the program with that”.
- A CPython of 32 bits (`scripts/pythons trixie-i386`: 3.13.5): “N is a 32-bit process, and memspy reads 64-bit ones only; run
  the program with a 64-bit Python”.
- A Python for another kind of processor, in qemu (a stand-in; by hand Debian's 3.13.5 for arm64 in qemu-aarch64-static 7.2): “N is
  qemu-aarch64-static: what runs emulated in it cannot be read; run the program with a Python built for this machine”.
- Versions to come, and a CPython from 3.13 on whose own table of offsets is damaged: by name, and what is wrong.
""".strip().split('\n')


NOT_THERE = """
- A free-threaded 3.15: no suite has one, and its source is named by the archive's index but not given out, so that it cannot be built.
  A free-threaded 3.13 that calls itself 3.15.2 is refused: “N is a free-threaded CPython 3.15.2: memspy knows 2.7, 3.6 to 3.15 and
  free-threaded 3.13 and 3.14 (docs/new-python.md tells how to add one)”.
- A free-threaded 3.14 of a suite: no suite has one. `built-3.14t` is built from the newest source of 3.14 that is given out.
- aarch64: what calls a function in a stopped thread (`src/target/tracee_x86_64.c`, `signal_frame_x86_64.c`) is there for x86-64 only,
  so there is no memspy for aarch64. A program for it, run in qemu, is refused: below.
""".strip().split('\n')
