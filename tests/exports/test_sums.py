#!/usr/bin/env python3
"""test_sums.py MEMSPY: every format of a view says the same sum as its JSON, to the byte."""
import csv
import io
import json
import re
import shutil
import subprocess
import unittest

from exports import VIEWS, WAYS, Pprof, recording, report, report_json

DHAT = {'live': 'eb', 'leaks': 'eb', 'growth': 'eb', 'peak': 'gb'}  # the others: tb


def collapsed(text):
    return sum(int(line.rsplit(' ', 1)[1]) for line in text.decode().splitlines())


def spreadsheet(text):
    return sum(int(row['own_bytes']) for row in csv.DictReader(io.StringIO(text.decode())))


def speedscope(text):
    profile = json.loads(text)['profiles'][0]
    assert len(profile['samples']) == len(profile['weights'])
    assert sum(profile['weights']) == profile['endValue']
    return profile['endValue']


def gprof2dot(text):
    return sum(event['cost'][0] for event in json.loads(text)['events'])


def svg(text):
    return int(re.search(r'<title>all\n.*?(\d+) bytes', text.decode())[1])


class Sums(unittest.TestCase):
    def compare(self, name, ways=WAYS):
        path, told = recording(name), 0
        for view in VIEWS:
            want = report_json(path, '--view', view)['totals']['bytes']
            stacks = report_json(path, '--view', view, '--by', 'stack')['rows']
            grown = sum(row['own_bytes'] for row in stacks if row['own_bytes'] > 0)
            self.assertTrue(grown == want or view == 'growth')
            pprof = Pprof(report(path, 'pprof', '--view', view))
            self.assertEqual(pprof.sum(), want, view)
            for by in ways:
                options = '--view', view, '--by', by
                self.assertEqual(report_json(path, *options)['totals']['bytes'], want, options)
                self.assertEqual(spreadsheet(report(path, 'csv', *options)), want, options)
                for form, read in (('collapsed', collapsed), ('speedscope', speedscope), ('gprof2dot', gprof2dot), ('svg', svg)):
                    self.assertEqual(read(report(path, form, *options)), grown, (form, *options))
                points = json.loads(report(path, 'dhat', *options))['pps']
                self.assertEqual(sum(p[DHAT.get(view, 'tb')] for p in points), grown, options)
            told += want
        return told

    def test_of_a_shop(self):
        self.assertGreater(self.compare('shop'), 1 << 30)

    def test_of_hostile_names(self):
        self.assertGreater(self.compare('hostile', ['line', 'function']), 1 << 30)

    def test_of_more_frames_than_a_picture_has_pixels(self):
        self.assertGreater(self.compare('many', ['line', 'module']), 1 << 30)

    def test_of_nothing(self):
        self.assertEqual(self.compare('empty'), 0)

    def test_what_shrank_is_in_pprof_and_left_out_elsewhere(self):
        path = recording('shop')
        rows = report_json(path, '--view', 'growth', '--by', 'stack')['rows']
        shrunk = sum(row['own_bytes'] for row in rows if row['own_bytes'] < 0)
        self.assertEqual(shrunk, 7 - (16 << 20))
        pprof = Pprof(report(path, 'pprof', '--view', 'growth'))
        at = pprof.types.index('growth_space')
        self.assertEqual(sum(v[at] for v in pprof.values if v[at] < 0), shrunk)

    def test_files_of_several_views_have_each_of_them(self):
        path = recording('shop')
        want = {view: report_json(path, '--view', view)['totals']['bytes'] for view in VIEWS}
        for view in VIEWS:
            pprof = Pprof(report(path, 'pprof', '--view', view))
            self.assertEqual(pprof.sum('inuse_space'), want['live'])
            points = json.loads(report(path, 'dhat', '--view', view))['pps']
            self.assertEqual(sum(p['gb'] for p in points), want['peak'])
            if view not in ('leaks', 'growth', 'churn'):  # these look at a stretch, so do their figures
                self.assertEqual(pprof.sum('alloc_space'), want['allocated'])

    def test_jq_adds_up_the_same(self):
        if not shutil.which('jq'):
            self.skipTest('jq is not installed')
        for form, add_up in (('json', '[.rows[].own_bytes] | add'), ('speedscope', '[.profiles[0].weights[]] | add'),
                             ('gprof2dot', '[.events[].cost[0]] | add'), ('dhat', '[.pps[].eb] | add')):
            for name in ('shop', 'hostile'):
                run = subprocess.run(['jq', add_up], input=report(recording(name), form), capture_output=True)
                self.assertEqual(int(run.stdout), report_json(recording(name))['totals']['bytes'], form)

    def test_a_part_of_the_recording_is_a_part_of_the_sum(self):
        path = recording('shop')
        for form, read in (('speedscope', speedscope), ('svg', svg), ('pprof', lambda data: Pprof(data).sum())):
            self.assertEqual(read(report(path, form, '--to', '54')), report_json(path, '--to', '54')['totals']['bytes'])


unittest.main(verbosity=1)
