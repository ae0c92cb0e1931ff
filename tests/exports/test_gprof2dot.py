#!/usr/bin/env python3
"""test_gprof2dot.py MEMSPY: gprof2dot, from PyPI, draws our files, and what it writes is what it should be."""
import re
import subprocess
import sys
import unittest

from exports import VIEWS, fetch, recording, report, report_json, write

PACKAGE = fetch('gprof2dot-2025.4.14', 'gprof2dot.py',
                [sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-compile', '--disable-pip-version-check',
                 '--root-user-action=ignore', 'gprof2dot==2025.4.14', '--target'])


def draw(data, *options):
    path = write('heap.json', data)
    run = subprocess.run([sys.executable, PACKAGE / 'gprof2dot.py', '-f', 'json', '-n', '0', '-e', '0', *options, path],
                         capture_output=True, text=True)
    # It cuts names of 64 KiB itself, and says so.
    said = [line for line in run.stderr.splitlines() if 'truncating function name' not in line]
    assert run.returncode == 0 and not said, said[-5:]
    return run.stdout


class Gprof2dot(unittest.TestCase):
    def test_draws_every_view(self):
        for view in VIEWS:
            self.assertIn('digraph', draw(report(recording('shop'), 'gprof2dot', '--view', view, '--by', 'function')), view)

    def test_shares_are_those_of_the_rows(self):
        path = recording('shop')
        whole = report_json(path)
        dot = draw(report(path, 'gprof2dot', '--by', 'function'))
        for row in report_json(path, '--by', 'function')['rows']:
            if row['function'].startswith('<'):
                continue
            place = re.escape(row['file'].split('/dist-packages/')[-1] + r'\n' + row['function'])
            node = re.search(r'label="[^"]*' + place + r'\\n([\d.]+)%\\n\(([\d.]+)%\)', dot)
            self.assertTrue(node, row['function'])
            for told, bytes_ in zip(node.groups(), (row['total_bytes'], row['own_bytes'])):
                self.assertAlmostEqual(float(told), 100 * bytes_ / whole['totals']['bytes'], delta=0.011)

    def test_hostile_names_stay_in_their_labels(self):
        dot = draw(report(recording('hostile'), 'gprof2dot'))
        self.assertFalse([c for c in dot if (ord(c) < 32 and c not in '\n\t') or 127 <= ord(c) < 160])
        statement = r'digraph {|\ttooltip=" "|\t(graph|node|edge) \[[^]]*\];|}|' \
                    r'\t"?\d+"?( -> "?\d+"?)? \[(\w+="(\\.|[^"\\])*"(, )?)*\];'
        odd = [line[:200] for line in dot.splitlines() if not re.fullmatch(statement, line)]
        self.assertEqual(odd, [])

    def test_nothing_is_a_graph_too(self):
        self.assertIn('digraph', draw(report(recording('empty'), 'gprof2dot')))


unittest.main(verbosity=1)
