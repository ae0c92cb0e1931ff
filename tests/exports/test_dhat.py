#!/usr/bin/env python3
"""test_dhat.py MEMSPY: Valgrind's own viewer takes our files, builds its tree and shows it; and the Firefox Profiler can."""
import json
import pathlib
import re
import subprocess
import unittest

from exports import HERE, VIEWS, WAYS, recording, report, report_json, skip, tool, write
from recordings import MIB

NODE = tool('node')
VIEWER = next((p for p in map(pathlib.Path, ('/usr/libexec/valgrind/dh_view.js', '/usr/lib/valgrind/dh_view.js')) if p.exists()),
              None) or skip('valgrind, which has dh_view, is not installed')
# What the Firefox Profiler takes a frame apart with: address, function, file, line.
FRAME = re.compile(r'0x([0-9a-f]+): (.+) \((?:in )?(.+?)(?::(\d+))?(?::(\d+))?\)')


def view(data):
    path = write('dhat.json', data)
    run = subprocess.run([NODE, HERE / 'read_dhat.mjs', VIEWER, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout)


class DhView(unittest.TestCase):
    def test_shows_every_view_by_every_metric(self):
        path = recording('shop')
        want = {v: report_json(path, '--view', v)['totals'] for v in VIEWS}
        for v in VIEWS:
            seen = view(report(path, 'dhat', '--view', v))
            self.assertEqual(len(seen['shown']), 6)
            self.assertTrue(all('Allocated at {' in s['text'] for s in seen['shown']))
            self.assertEqual(seen['_atTGmaxBytes'], want['peak']['bytes'])
            if v not in ('leaks', 'growth'):
                self.assertEqual(seen['_atTEndBytes'], want['live']['bytes'])
            self.assertEqual('avg lifetime NaN' in seen['shown'][0]['text'], v in ('temporary', 'lifetimes'))  # not known
            if v in ('leaks', 'temporary', 'lifetimes', 'growth'):
                self.assertIn(f'--view {v}', seen['shown'][0]['text'])
            if v in ('live', 'peak'):
                self.assertEqual(seen['_totalBytes'], want['allocated']['bytes'])
            if v in ('allocated', 'temporary', 'lifetimes', 'churn'):
                self.assertEqual((seen['_totalBytes'], seen['_totalBlocks']), (want[v]['bytes'], want[v]['blocks']))

    def test_lifetimes_are_the_area_under_what_was_live(self):
        points = json.loads(report(recording('shop'), 'dhat'))['pps']
        of = {p['eb']: p for p in points}
        same = of[96 * MIB]  # 100,663 blocks throughout
        self.assertEqual((same['tl'], same['mb'], same['mbk']), (100663 * 60 * 10**6, max(96 * MIB, same['gb']), same['gbk']))
        shrinks = of[4 * MIB + 7]  # 20 MiB up to second 54
        self.assertEqual((shrinks['tl'], shrinks['mb']), ((20971 * 54 + 4194 * 6) * 10**6, 20 * MIB))

    def test_takes_every_way_of_summing_up(self):
        # It refuses a stack that it has seen: by function and by module many become alike.
        for name in ('shop', 'many'):
            want = report_json(recording(name))['totals']['bytes']
            for by in WAYS:
                self.assertEqual(view(report(recording(name), 'dhat', '--by', by))['_atTEndBytes'], want, by)

    def test_hostile_names_are_names(self):
        seen = view(report(recording('hostile'), 'dhat'))
        self.assertEqual(seen['_atTEndBytes'], report_json(recording('hostile'))['totals']['bytes'])
        text = seen['shown'][0]['text']
        self.assertTrue('<script>alert(1)</script>' in text)  # it sets textContent, never HTML
        self.assertFalse([c for c in text if (ord(c) < 32 and c != '\n') or 127 <= ord(c) < 160 or c == '\u202e'])

    def test_nothing_is_shown_as_nothing(self):
        self.assertEqual(view(report(recording('empty'), 'dhat'))['_totalBytes'], 0)


class FirefoxProfiler(unittest.TestCase):
    def test_can_take_every_frame_with_a_file_apart(self):
        rows = report_json(recording('shop'), '--by', 'stack')['rows']
        frames = json.loads(report(recording('shop'), 'dhat'))['ftbl']
        self.assertEqual(frames[0], '[root]')
        apart = {m.groups()[1:4] for m in map(FRAME.fullmatch, frames) if m}
        want = {(f['function'], f['file'], str(f['line'])) for r in rows for f in r['stack'] if f['file']}
        self.assertEqual(apart, want)

    def test_finds_all_keys_and_whole_numbers(self):
        document = json.loads(report(recording('shop'), 'dhat'))
        self.assertEqual((document['dhatFileVersion'], document['pid'], document['te']), (2, 4711, 60000000))
        for point in document['pps']:
            self.assertTrue(all(isinstance(point[k], int) and point[k] >= 0 for k in ('tb', 'tbk', 'mb', 'gb', 'gbk', 'eb', 'ebk')))
            self.assertGreaterEqual(point['mb'], max(point['gb'], point['eb']))
            self.assertTrue(point['fs'] and all(0 < f < len(document['ftbl']) for f in point['fs']))


unittest.main(verbosity=1)
