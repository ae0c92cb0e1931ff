#!/usr/bin/env python3
"""memspy top on a terminal: what tmux sees of it at three sizes, and what its keys do. Arguments: memspy, a version, the goldens.

With MEMSPY_GOLDEN_WRITE set the goldens are made anew: look at them.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import memspy_live as live
from memspy_live import Memspy, Results, Target

servers = 0  # one per terminal: a server that is leaving takes nobody in


def tmux(*args):
    return subprocess.run(['tmux', '-L', f'memspy-test-{os.getpid()}-{servers}', '-f', '/dev/null', *map(str, args)], capture_output=True, text=True, check=True).stdout


class Terminal:
    """A top in a terminal of its own."""
    def __init__(self, memspy, *args, columns=80, rows=24, **environment):
        global servers
        servers += 1
        self.errors = live.path_of('errors')
        env = {**live.ENVIRONMENT, 'LANG': 'C.UTF-8', 'LC_ALL': 'C.UTF-8', 'TERM': 'screen-256color', **environment}
        words = ' '.join(f"{k}='{env[k]}'" for k in ('LANG', 'LC_ALL', 'TERM', 'NO_COLOR', 'MEMSPY_RUNTIME_DIR') if env.get(k))
        command = f"env {words} {memspy.binary} top {' '.join(map(str, args))} 2>{self.errors}; echo EXIT $?; sleep 600"
        tmux('new-session', '-d', '-x', columns, '-y', rows, '-s', 'top', command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        tmux('kill-server')

    def picture(self):
        return tmux('capture-pane', '-p', '-t', 'top')

    def keys(self, *keys):
        for key in keys:
            tmux('send-keys', '-t', 'top', key)

    def until(self, *words, without=(), patience=60):
        """The picture that has all words."""
        end = time.monotonic() + patience
        while True:
            picture = self.picture()
            if all(re.search(w, picture) for w in words) and not any(re.search(w, picture) for w in without):
                return picture
            assert time.monotonic() < end, f'{words} without {without} not seen in\n{picture}'
            time.sleep(0.05)

    def resize(self, columns, rows):
        tmux('resize-window', '-t', 'top', '-x', columns, '-y', rows)

    def said(self):
        return pathlib.Path(self.errors).read_text()


def filled(memspy, target, terminal):
    terminal.until('nothing that was allocated|LIVE BYTES', without=('first figures',))
    target.ask('fill')
    return terminal.until('20.0 MiB .*Catalogue.load')


def same(picture):
    """What does not depend on the moment or the machine: of rows, places and live bytes of those that hold much."""
    lines = []
    for line in picture.splitlines():
        line = line.replace(str(live.ROOT), 'ROOT').rstrip()
        if re.match(r'[ ▸]*[\d.]+ (B|KiB) ', line):
            continue
        line = re.sub('^ *[\u2800-\u28ff]+$', 'GRAPH', line)
        line = re.sub(r'^( RSS  \S+ \S+)( of \S+ \S+)?( ▲ \S+ \S+/min(?=  ))?', r'\1', line)  # a limit is the machine's
        line = re.sub('[\u2800-\u28ff]+', 'GRAPH', line)
        row = re.match(r'( .? *[\d.]+ MiB)(.*?)(  [^ ]*[/:].*|  main thread.*|  thread \d+.*|  shelves.*|  json.*)$', line)
        if row:
            line = row[1] + re.sub(r'(?<![\w:])[+-]?[\d.,]+( ?[KMG]i?B?| B|[smhd])?(?![\w:])', 'N', row[2]) + row[3]
            line = re.sub(r'thread \d+', 'thread N', line)
        elif 'shelves' not in line or 'CPython' in line:
            line = re.sub(r'[+-]?\d[\d.]*( ?[KMG]i?B?| B|[smhd])?\b', 'N', line)
        lines.append(re.sub(r'(?<=\S) {2,}', '  ', line))
    return '\n'.join(lines).rstrip() + '\n'


def is_golden(goldens, name, picture):
    path, got = pathlib.Path(goldens) / name, same(picture)
    if os.environ.get('MEMSPY_GOLDEN_WRITE'):
        path.write_text(got)
        return
    want = path.read_text()
    assert got == want, f'{name}: want\n{want}\ngot\n{got}\nof\n{picture}'


def pictures(memspy, python, goldens):
    """Each is looked at when the last of it is there: a terminal gets it piece by piece, from the top."""
    for columns, rows in ((80, 24), (120, 40), (60, 15)):
        size = f'{columns}x{rows}'
        with Target(python, 'shelves.py') as target, \
                Terminal(memspy, '--pid', target.pid, '--exact', '--interval', 0.3, columns=columns, rows=rows) as terminal:
            filled(memspy, target, terminal)
            terminal.until(r'heap .*▲.*/min')  # its growth can be told
            terminal.keys('i')
            is_golden(goldens, f'top-live-table-{size}.txt', terminal.until('by line · own code', '20.0 MiB', 'prices', without=('decoder',)))
            terminal.keys('i', 'Enter')
            is_golden(goldens, f'top-live-callers-{size}.txt', terminal.until('who called', 'bytearray', 'esc back', without=('· own code',)))
            terminal.keys('Escape', 'M')
            is_golden(goldens, f'top-live-module-{size}.txt', terminal.until('by module', 'json.decoder', r'\? help  q quit  ⏎'))


def keys(memspy, python):
    with Target(python, 'shelves.py') as target, \
            Terminal(memspy, '--pid', target.pid, '--exact', '--interval', 0.2) as terminal:
        filled(memspy, target, terminal)
        terminal.until('▾LIVE BYTES', '▸ +20.0 MiB')
        terminal.keys('?')
        terminal.until('memspy top', 'GROWTH/MIN')
        terminal.keys('?', '/', *'remember')
        terminal.until(r'/remember▏', '8.0 MiB', without=('Catalogue',))
        terminal.keys('(')
        terminal.until('no regular expression yet')
        terminal.keys('BSpace', 'Enter')
        terminal.until(r'/remember/ 1 of \d+', '8.0 MiB of 37.0 MiB')
        terminal.keys('/', 'C-u', 'Enter')
        terminal.until('Catalogue.load', without=('/remember/',))
        terminal.keys('s')
        terminal.until('▾TOTAL')
        terminal.keys('S')
        terminal.until('▴TOTAL')
        for _ in range(7):
            terminal.keys('s')
        terminal.until('▾LIVE BYTES')
        terminal.keys('f')
        terminal.until('by function', 'Catalogue.load targets/shelves.py')
        terminal.keys('t')
        terminal.until('main thread', r'thread \d+ \(ended\)')
        terminal.keys('l', 'm')
        terminal.until('SINCE MARK', 'nothing has grown since the mark')
        target.ask('grow')
        terminal.until(r'13.0 MiB +\+5.0 MiB', without=('Catalogue',))
        terminal.keys('u')
        terminal.until('Catalogue.load')
        terminal.keys('Down', 'Enter')
        terminal.until('who called targets/shelves.py:24 remember', 'cart', 'basket', 'grow', "SHELVES.key. = bytearray")
        terminal.keys('Down')
        terminal.until(r'▸ +\d+ +remember\(')
        terminal.keys('Escape', 'p')
        terminal.until('paused')
        terminal.keys('p')
        terminal.until('every 0.2 s')
        return 'help, filter, sort, group, mark, callers, source, pause'


def sizes_change(memspy, python):
    with Target(python, 'shelves.py') as target, \
            Terminal(memspy, '--pid', target.pid, '--exact', '--interval', 0.2) as terminal:
        filled(memspy, target, terminal)
        for columns, rows, words in ((120, 40, 'SINCE START'), (60, 15, 'GROWTH/MIN  WHERE'), (30, 6, 'memspy'), (200, 60, 'BLOCKS'),
                                     (80, 24, 'Catalogue.load')):
            terminal.resize(columns, rows)
            terminal.until(words)
            assert all(len(line) <= columns for line in terminal.picture().splitlines())


def quits_and_says_so(memspy, python):
    with Target(python, 'shelves.py') as target, Terminal(memspy, '--pid', target.pid, '--interval', 0.2) as terminal:
        terminal.until('nothing that was allocated')
        terminal.keys('q')
        terminal.until('EXIT 0')
        said = terminal.said()
        assert f'{target.pid} was detached; it keeps running' in said, f'said {said!r} on\n{terminal.picture()}'
        assert not live.hooked_words(target.pid), f'hooked still: {live.hooked_where(target.pid)}'


def a_terminal_that_closes_ends_it(memspy, python):
    with Target(python, 'shelves.py') as target:
        with Terminal(memspy, '--pid', target.pid, '--interval', 0.2) as terminal:
            terminal.until('nothing that was allocated')
            assert live.hooked_words(target.pid) > 0
        assert live.wait_until(lambda: live.hooked_words(target.pid) == 0), 'it is still attached'
        assert not live.let_go(target.pid)


def writes_a_recording(memspy, python):
    folder = os.getcwd()
    os.chdir(live.scratch)
    try:
        with Target(python, 'shelves.py') as target, \
                Terminal(memspy, '--pid', target.pid, '--exact', '--interval', 0.2) as terminal:
            filled(memspy, target, terminal)
            terminal.keys('w')
            terminal.until('● recording', f'recording to memspy.{target.pid}.json')
            file = live.path_of(f'memspy.{target.pid}.json')
            assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'nothing is recorded'
            terminal.keys('w')
            terminal.until(f'memspy.{target.pid}.json holds', without=('● recording',))
            rows = memspy.report(live.path_of(f'memspy.{target.pid}.json'))['rows']
            assert rows[0]['function'] == 'Catalogue.load', rows[0]
    finally:
        os.chdir(folder)


def target_goes(memspy, python):
    """The last picture stays until somebody has seen it."""
    with Target(python, 'shelves.py') as target, \
            Terminal(memspy, '--pid', target.pid, '--exact', '--interval', 0.2) as terminal:
        filled(memspy, target, terminal)
        target.process.kill()
        terminal.until('went away: killed by signal 9', 'Catalogue.load')
        terminal.keys('q')
        terminal.until('EXIT 3')
        assert f'{target.pid} went away (killed by signal 9)' in terminal.said(), terminal.said()


def several(memspy, python):
    with Target(python, 'shelves.py') as one, Target(python, 'shelves.py') as other, \
            Terminal(memspy, '--pid', one.pid, '--pid', other.pid, '--exact', '--interval', 0.2) as terminal:
        terminal.until(f'1:{one.pid}', f'2:{other.pid}', f'memspy  {one.pid}')
        other.ask('fill')
        terminal.keys('Tab')
        terminal.until(f'memspy  {other.pid}', 'Catalogue.load')
        terminal.keys('0')
        terminal.until('PROCESS', rf'{one.pid} .*shelves.py', rf'{other.pid} .*37.0 MiB')
        terminal.keys('Home', 'Enter')
        terminal.until(f'memspy  {one.pid}')


def no_colour_is_none(memspy, python):
    with Target(python, 'shelves.py') as target:
        for none in ('1', ''):
            with Terminal(memspy, '--pid', target.pid, '--interval', 0.2, NO_COLOR=none) as terminal:
                terminal.until('GROWTH/MIN')
                seen = tmux('capture-pane', '-p', '-e', '-t', 'top')
                assert bool(re.search('\x1b\\[[0-9;]*3[0-7]m', seen)) == (not none), repr(seen)


def dumb_terminals_get_lines(memspy, python):
    with Target(python, 'shelves.py') as target, \
            Terminal(memspy, '--pid', target.pid, '--interval', 0.2, TERM='dumb') as terminal:
        terminal.until('where, by line')
        assert 'the terminal is dumb: plain lines instead' in terminal.said(), terminal.said()


def main():
    memspy, results = Memspy(sys.argv[1]), Results()
    if not shutil.which('tmux'):
        print('skip  tmux is not installed: nothing of the screen was tested')
        sys.exit(live.SKIP)
    live.begin(600)
    found = live.each_python(sys.argv[2])
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        results.run(f'{name} pictures at three sizes', pictures, memspy, python, sys.argv[3])
        for case in (keys, sizes_change, quits_and_says_so, a_terminal_that_closes_ends_it, writes_a_recording, target_goes, several, no_colour_is_none,
                     dumb_terminals_get_lines):
            results.run(f"{name} {case.__name__.replace('_', ' ')}", case, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
