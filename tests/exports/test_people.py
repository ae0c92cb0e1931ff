#!/usr/bin/env python3
"""test_people.py MEMSPY: what is meant for people's eyes stays text, whatever the names are; and a tree on a terminal obeys keys."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from exports import MEMSPY, VIEWS, WAYS, recording, report

RECORDINGS = ('shop', 'hostile', 'empty', 'many', 'wide')
# Controls of both sets but the newline, what turns the direction of writing, what has no width, and no characters.
BAD = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]')


def screen(path, keys, columns=90, rows=24, end=None):
    """What is written to a terminal while the keys are typed, and the exit code. end: a signal instead of the last key."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM='xterm-256color', LC_ALL='C.UTF-8')
        os.execv(MEMSPY, [MEMSPY, 'report', str(path), '--format', 'tree'])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
    seen = b''

    def read(seconds):
        nonlocal seen
        until = time.monotonic() + seconds
        while time.monotonic() < until and select.select([fd], [], [], max(0, until - time.monotonic()))[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                return
            if not more:
                return
            seen += more
            if seen.endswith(b'\x1b[?25l'):
                return
    until = time.monotonic() + 20
    while b'q quit' not in seen and time.monotonic() < until:
        read(0.2)
    for key in keys:
        os.write(fd, key)
        read(0.15)
    if end:
        os.kill(pid, end)
    read(5)
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return seen.decode(), os.waitstatus_to_exitcode(status)


class People(unittest.TestCase):
    def is_text(self, data, what):
        text = data.decode()  # UTF-8, or a fault
        self.assertIsNone(BAD.search(text), what)
        self.assertTrue(text.endswith('\n'), what)
        return text

    def test_tables_and_trees_of_any_names_are_text(self):
        for name, views in (('shop', VIEWS), ('hostile', VIEWS), ('empty', VIEWS), ('many', ['live']), ('wide', ['growth'])):
            for view in views:
                for by in WAYS:
                    options = '--view', view, '--by', by, '--all'
                    for form in ('table', 'tree'):
                        text = self.is_text(report(recording(name), form, *options), (name, form, *options))
                        self.assertLess(max(map(len, text.splitlines())), 600, (name, form, *options))

    def test_summaries_of_any_names_are_text_and_json(self):
        for name in RECORDINGS:
            for view in ('summary', 'stats'):
                text = self.is_text(report(recording(name), 'table', '--view', view), (name, view))
                self.assertIn('how sure: ', text)
                told = json.loads(report(recording(name), 'json', '--view', view))
                live = json.loads(report(recording(name), 'json'))['totals']
                self.assertEqual({k: told['live'][k] for k in ('bytes', 'blocks', 'low', 'high', 'samples')},
                                 {k: live[k] for k in ('bytes', 'blocks', 'low', 'high', 'samples')})

    def test_files_of_any_names_are_listed(self):
        rows = json.loads(report(recording('hostile'), 'json', '--by', 'file'))['rows']
        listed = 0
        for file in {row['file'] for row in rows if row['file']}:
            run = subprocess.run([MEMSPY, 'report', recording('hostile'), '--lines', file], capture_output=True)
            if len(file) > 1000 or ':' in file:
                self.assertIn(run.returncode, (0, 1), file)
            else:
                self.assertEqual(run.returncode, 0, run.stderr)
            self.is_text(run.stdout or run.stderr, file)
            listed += run.returncode == 0
        self.assertGreater(listed, 20)

    def test_what_makes_no_sense_is_refused_in_one_sentence(self):
        for code, says, *options in (
                (2, '--lines is written as table or json', '--lines', 'a.py', '--format', 'csv'),
                (2, 'it goes without --view and --by', '--lines', 'a.py', '--by', 'file'),
                (2, '--view stats is written as table or json', '--view', 'stats', '--format', 'svg'),
                (2, '--view summary is of one moment', '--view', 'summary', '--from', '3'),
                (2, '--temporary-threshold is for --view temporary', '--temporary-threshold', '1'),
                (2, 'is too much; the most is 16.384', '--view', 'temporary', '--temporary-threshold', '17'),
                (2, 'is no moment of a recording', '--from', 'noon'),
                (1, 'begins at 50.0 s, after it ends at 10.0 s', '--view', 'growth', '--from', '50', '--to', '10'),
                (1, 'no tick between 55.0 and 56.0 s', '--view', 'growth', '--from', '55', '--to', '56'),
                (1, 'is of one moment: --to says which', '--from', '1'),
                (1, 'no file of this recording ends with "nothing.py"', '--lines', 'nothing.py'),
                (1, 'is called "nobody"', '--lines', 'cache.py:nobody')):
            run = subprocess.run([MEMSPY, 'report', recording('shop'), *options], capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout), (code, ''), options)
            self.assertIn(says, run.stderr)
            self.assertEqual(run.stderr.count('\n'), 1, run.stderr)

    def test_the_ending_of_the_output_says_the_format_unless_an_option_does(self):
        for name, options, begins in (
                ('a.html', (), '<!DOCTYPE html>'),
                ('a.svg', (), '<?xml'),
                ('a.json', (), '{'),
                ('a.txt', (), 'shop'),
                ('html', (), 'shop'),
                ('a.html', ('--format', 'csv'), report(recording('shop'), 'csv')[:20].decode())):
            with tempfile.TemporaryDirectory() as folder:
                out = pathlib.Path(folder, name)
                subprocess.run([MEMSPY, 'report', recording('shop'), '-o', out, *options], check=True)
                self.assertEqual(out.read_text()[:len(begins)], begins, (name, options))

    def test_a_tree_is_folded_and_unfolded_on_a_terminal(self):
        right, down, left = b'\x1b[C', b'\x1b[B', b'\x1b[D'
        seen, code = screen(recording('shop'), [b'c', right, down, left, b'e', b'q'])
        self.assertEqual(code, 0)
        self.assertIn('▸', seen)
        self.assertIn('remember', seen)
        self.assertIn('\x1b[?1049h', seen)
        self.assertIn('\x1b[?1049l', seen[seen.rindex('\x1b[?1049h'):])  # what was there before is there again

    def test_a_tree_ends_well_however_it_ends(self):
        for name, end in (('many', signal.SIGTERM), ('hostile', signal.SIGHUP), ('empty', signal.SIGTERM)):
            seen, code = screen(recording(name), [b'e', b'\x1b[6~', b'G'], columns=40, rows=8, end=end)
            self.assertEqual(code, 0, name)
            self.assertIn('\x1b[?1049l', seen)
        seen, code = screen(recording('shop'), [b'\x03'])
        self.assertEqual(code, 0)


unittest.main(verbosity=1)
