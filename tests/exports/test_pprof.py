#!/usr/bin/env python3
"""test_pprof.py MEMSPY: go tool pprof takes our profiles, sums them up as our rows do, and subtracts one from another."""
import os
import re
import subprocess
import unittest

from exports import MEMSPY, VIEWS, folder, recording, report, report_json, skip, tool, write

GO = tool('go', '/usr/local/go/bin/go', '/usr/lib/go/bin/go')
ENV = dict(os.environ, PPROF_TMPDIR=str(folder), HTTP_PROXY='', TERM='dumb')
if subprocess.run([GO, 'tool', 'pprof', '-h'], env=ENV, capture_output=True, text=True).stderr.find('usage') < 0 and \
        subprocess.run([GO, 'tool', '-n', 'pprof'], env=ENV, capture_output=True).returncode:
    skip('this go has no pprof')


def pprof(path, *options):
    run = subprocess.run([GO, 'tool', 'pprof', *options, str(path)], env=ENV, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


def top(path, *options):
    """{function and what else stands behind the figures: (own, total)}, in bytes"""
    text = pprof(path, '-top', '-nodecount=10000', '-nodefraction=0', '-unit=B', *options)
    rows = re.findall(r'^ *(-?\d+)B? +-?[\d.]+% +-?[\d.]+% +(-?\d+)B? +-?[\d.]+%  (.*)$', text, re.M)
    return {name: (int(own), int(total)) for own, total, name in rows}


def profile(name, *options, form='pprof'):
    return write(f'{name}{"".join(options)}.pb.gz'.replace('/', '_'), report(recording(name), form, *options))


class GoToolPprof(unittest.TestCase):
    def test_sums_up_by_function_as_we_do(self):
        rows = report_json(recording('shop'), '--by', 'function')['rows']
        want = {r['function']: (r['own_bytes'], r['total_bytes']) for r in rows}
        self.assertEqual(len(want), len(rows))
        self.assertEqual(top(profile('shop')), want)

    def test_and_by_line_and_file(self):
        lines = top(profile('shop'), '-lines')
        self.assertEqual(lines['remember /srv/shop/cache.py:88'], (307 * 1048576 + 12, 307 * 1048576 + 12))
        files = top(profile('shop'), '-files')
        row = next(r for r in report_json(recording('shop'), '--by', 'file')['rows'] if r['file'] == '/srv/shop/app.py')
        self.assertEqual(files['/srv/shop/app.py'], (row['own_bytes'], row['total_bytes']))

    def test_every_view_is_what_is_shown_first(self):
        names = {'live': 'inuse_space', 'allocated': 'alloc_space', 'churn': 'alloc_space'}
        for view in VIEWS:
            path = profile('shop', '--view', view)
            self.assertIn(f'Type: {names.get(view, view + "_space")}\n', pprof(path, '-top'))
            self.assertEqual(sum(own for own, _ in top(path).values()),
                             report_json(recording('shop'), '--view', view)['totals']['bytes'], view)

    def test_other_types_of_the_same_file(self):
        path = profile('shop', '--view', 'peak')
        for kind, view in (('inuse_space', 'live'), ('alloc_space', 'allocated')):
            self.assertEqual(sum(own for own, _ in top(path, f'-sample_index={kind}').values()),
                             report_json(recording('shop'), '--view', view)['totals']['bytes'])

    def test_one_profile_less_another_is_what_grew(self):
        early, late = profile('shop', '--to', '0'), profile('shop', '--to', '60')
        grew = top(late, f'-diff_base={early}')
        want = report_json(recording('shop'), '--view', 'growth', '--by', 'function')['rows']
        self.assertEqual({r['function']: r['own_bytes'] for r in want if r['own_bytes']},
                         {name: own for name, (own, _) in grew.items() if own})
        self.assertEqual(grew['flush'][0], 7 - (16 << 20))

    def test_our_difference_is_what_pprof_makes_of_two_profiles(self):
        """shop at its end and hostile: two recordings that share no name, then one with itself at two moments."""
        for before, after in ((recording('hostile'), recording('shop')), (f"{recording('shop')}@0", recording('shop'))):
            out = write('diff.pb.gz', b'')
            subprocess.run([MEMSPY, 'diff', before, after, '--format', 'pprof', '-f', '-o', out], check=True)
            said = pprof(out, '-top', '-unit=B')
            early = profile('hostile') if '@' not in str(before) else profile('shop', '--to', '0')
            theirs = pprof(profile('shop'), '-top', '-unit=B', f'-diff_base={early}')
            total = re.compile(r'of (\d+)B total')
            self.assertEqual(total.search(said)[1], total.search(theirs)[1])  # shares are of what there was before
            self.assertEqual({n: v for n, v in top(out).items() if any(v)},
                             {n: v for n, v in top(profile('shop'), f'-diff_base={early}').items() if any(v)})
            self.assertRegex(pprof(out, '-comments'), r'^live of \S+ at [\d.]+ s less that of \S+ at [\d.]+ s: ')

    def test_threads_and_domains_are_tags(self):
        tags = pprof(profile('shop'), '-tags', '-unit=B')
        self.assertRegex(tags, r'thread: Total 443547676B')
        self.assertRegex(tags, r'7340043B \( ?1.65%\): 101')
        self.assertRegex(tags, r'5242880B \( ?1.18%\): malloc')
        self.assertEqual(sum(own for own, _ in top(profile('shop'), '-tagfocus=thread=101').values()), 7 * 1048576 + 11)

    def test_facts_and_intervals_are_told(self):
        raw = pprof(profile('shop'), '-raw')
        self.assertIn('PeriodType: space bytes\nPeriod: 524288\n', raw)
        self.assertIn('Duration: 1m0', raw)
        self.assertRegex(raw, r'1: 0x0/0x0/0x0 /usr/bin/python3.12  \[FN\]\[FL\]\[LN\]')
        self.assertRegex(pprof(profile('shop'), '-comments'), r'95 % interval \d+\.\d MiB to \d+\.\d MiB: /srv/shop/cache.py:88 remember')

    def test_hostile_names_reach_the_terminal_escaped(self):
        path = profile('hostile')
        text = pprof(path, '-top', '-nodecount=10000', '-nodefraction=0') + pprof(path, '-raw') + pprof(path, '-comments')
        self.assertFalse([c for c in text if (ord(c) < 32 and c not in '\n\t') or 127 <= ord(c) < 160 or c == '\u202e'])
        self.assertTrue('<script>alert(1)</script>' in text and '\\x1b[31mred' in text)

    def test_nothing_is_a_profile_too(self):
        self.assertIn('Type: inuse_space', pprof(profile('empty'), '-top'))


unittest.main(verbosity=1)
