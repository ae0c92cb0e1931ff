#!/usr/bin/env python3
"""test_speedscope.py MEMSPY: speedscope's own importer, from npm, reads our speedscope, pprof and collapsed files, and agrees."""
import json
import subprocess
import unittest

from exports import HERE, VIEWS, fetch, recording, report, report_json, tool, write

NODE, NPM = tool('node'), tool('npm')
PACKAGE = fetch('speedscope-1.25.0', 'node_modules/speedscope/dist/release/index.html',
                [NPM, 'install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', 'speedscope@1.25.0', '--prefix'])
PAGE = PACKAGE / 'node_modules/speedscope/dist/release'


def read(name, data):
    path = write(name, data)
    run = subprocess.run([NODE, HERE / 'read_speedscope.mjs', PAGE, path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    group = json.loads(run.stdout)
    assert group['said'] == [], group['said']
    return group


class Speedscope(unittest.TestCase):
    def test_reads_what_we_write_of_every_view(self):
        path = recording('shop')
        for view in VIEWS:
            want = report_json(path, '--view', view, '--by', 'stack')['rows']
            profile, = read('heap.speedscope.json', report(path, 'speedscope', '--view', view))['profiles']
            self.assertEqual(profile['total'], sum(r['own_bytes'] for r in want if r['own_bytes'] > 0))
            self.assertEqual(profile['unit'], 'bytes')
            self.assertTrue(profile['name'].startswith(view))

    def test_own_and_total_of_a_frame_are_those_of_its_row(self):
        rows = {(r['file'], r['line'], r['function']): r for r in report_json(recording('shop'), '--by', 'line')['rows']}
        group = read('heap.speedscope.json', report(recording('shop'), 'speedscope'))
        self.assertEqual(group['name'], 'shop.wsgi (pid 4711)')
        frames = {(f.get('file', ''), f.get('line', 0), f['name'].split(' (')[0]): f for f in group['profiles'][0]['frames']}
        compared = 0
        for key, row in rows.items():
            if key[2] == 'remember' and key[1] == 88:
                continue  # a lambda stands on the same line: one row, two frames
            self.assertEqual((frames[key]['self'], frames[key]['total']), (row['own_bytes'], row['total_bytes']), key)
            compared += 1
        self.assertGreater(compared, 6)
        self.assertIn('remember (/srv/shop/cache.py:88)', [f['name'] for f in group['profiles'][0]['frames']])

    def test_reads_our_pprof_and_collapsed_stacks_as_well(self):
        path = recording('shop')
        want = report_json(path)['totals']['bytes']
        for name, form in (('heap.pb.gz', 'pprof'), ('heap.txt', 'collapsed')):
            profile, = read(name, report(path, form))['profiles']
            self.assertEqual(profile['total'], want, form)

    def test_hostile_names_are_names(self):
        path = recording('hostile')
        want = report_json(path)['totals']['bytes']
        for name, form in (('heap.speedscope.json', 'speedscope'), ('heap.pb.gz', 'pprof'), ('heap.txt', 'collapsed')):
            profile, = read(name, report(path, form))['profiles']
            self.assertEqual(profile['total'], want, form)
            names = ''.join(f['name'] for f in profile['frames'])
            self.assertIn('<script>', names)
            self.assertFalse([c for c in names if ord(c) < 32 or 127 <= ord(c) < 160 or c == '\u202e'], form)

    def test_nothing_is_a_profile_too(self):
        profile, = read('heap.speedscope.json', report(recording('empty'), 'speedscope'))['profiles']
        self.assertEqual((profile['total'], profile['frames']), (0, []))


class Schema(unittest.TestCase):
    def test_files_are_what_speedscopes_schema_says(self):
        try:
            import jsonschema
        except ImportError:
            self.skipTest('python3-jsonschema is not installed')
        schema = json.loads((PAGE / 'file-format-schema.json').read_text())
        schema.setdefault('$ref', '#/definitions/FileFormat.File')
        for name in ('shop', 'hostile', 'empty'):
            document = json.loads(report(recording(name), 'speedscope'))
            jsonschema.validate(document, schema)
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate({**document, 'profiles': [{'type': 'sampled'}]}, schema)


unittest.main(verbosity=1)
