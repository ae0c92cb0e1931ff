#!/usr/bin/env python3
"""memspy dump: the stacks of a live process as people and as programs read them. Arguments: memspy, a version."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/support'))
import pythons  # noqa: E402

MEMSPY, WANTED = sys.argv[1:3]
PYTHON = pythons.find(WANTED)


def dump(pid, *options):
    return subprocess.run([MEMSPY, 'dump', '--pid', str(pid), *options], capture_output=True, text=True)


class Dump(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen([PYTHON, ROOT / 'tests/targets/stacks.py'], text=True, stdout=subprocess.PIPE)
        cls.addClassCleanup(cls.stop)
        cls.said = json.loads(cls.process.stdout.readline())

    @classmethod
    def stop(cls):
        cls.process.kill()
        cls.process.wait()
        cls.process.stdout.close()

    def test_programs_read_the_stacks_as_json(self):
        answer = dump(self.process.pid, '--format', 'json')
        self.assertEqual((answer.returncode, answer.stderr), (0, ''))
        seen = json.loads(answer.stdout)
        self.assertEqual(sorted(seen), ['pid', 'python', 'threads'])
        self.assertEqual(seen['pid'], self.process.pid)
        self.assertEqual(len(seen['threads']), 3)
        for thread in seen['threads']:
            self.assertEqual(sorted(thread), ['frames', 'gil', 'name', 'tid', 'torn', 'truncated'])
        main = [[f['function'], f['line']] for f in seen['threads'][0]['frames']]
        self.assertEqual(main, [[f[0], f[2]] for f in self.said['main']])

    def test_columns_are_for_programs_that_ask(self):
        answer = dump(self.process.pid, '--format', 'json', '--columns')
        self.assertEqual((answer.returncode, answer.stderr), (0, ''))
        plain = json.loads(dump(self.process.pid, '--format', 'json').stdout)['threads']
        for thread, without in zip(json.loads(answer.stdout)['threads'], plain):
            for frame in thread['frames']:
                self.assertEqual(sorted(frame), ['column', 'end_column', 'end_line', 'file', 'function', 'line'])
            self.assertEqual(sorted(without['frames'][0]), ['file', 'function', 'line'])
        answer = dump(self.process.pid, '--columns')
        self.assertEqual((answer.returncode, answer.stdout), (2, ''))
        self.assertIn('--columns is for programs: add --format json', answer.stderr)

    def test_people_read_the_main_thread_first_and_its_innermost_frame_first(self):
        answer = dump(self.process.pid)
        self.assertEqual((answer.returncode, answer.stderr), (0, ''))
        lines = answer.stdout.splitlines()
        self.assertRegex(lines[0], rf'^{self.process.pid} stacks.py \(CPython \d+\.\d+\.\d+, (static|shared), .*\)$')
        self.assertTrue(lines[2].startswith(f'thread {self.process.pid} '), lines[2])
        self.assertRegex(lines[3], r'^    here  .*/tests/targets/stacks\.py:\d+$')


PROGRAM = """import sys
kept = [bytearray(100000) for i in range(300)]
print("there")
sys.stdin.readline()
kept += [bytearray(100000) for i in range(300)]
print("more")
sys.stdin.readline()
"""


class Heap(unittest.TestCase):
    """What is live now, of a process that is watched."""

    def setUp(self):
        d = tempfile.TemporaryDirectory()
        self.addCleanup(d.cleanup)
        os.environ['MEMSPY_RUNTIME_DIR'] = d.name
        self.process = subprocess.Popen([PYTHON, '-u', '-c', PROGRAM], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.stop)
        self.process.stdout.readline()

    def stop(self):
        subprocess.run([MEMSPY, 'detach', '--pid', str(self.process.pid)], capture_output=True)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def test_it_is_seen_from_attach_on(self):
        pid = self.process.pid
        answer = dump(pid, '--heap')
        self.assertEqual((answer.returncode, answer.stdout), (1, ''))
        self.assertIn(f'{pid} is not attached, and a heap is seen from then on: memspy attach --pid {pid} first', answer.stderr)
        subprocess.run([MEMSPY, 'attach', '--pid', str(pid)], check=True, capture_output=True)
        before = json.loads(dump(pid, '--heap', '--format', 'json').stdout)
        self.assertLess(before['totals']['bytes'], 1 << 20)
        self.process.stdin.write('\n')
        self.process.stdin.flush()
        self.process.stdout.readline()
        after = json.loads(dump(pid, '--heap', '--format', 'json').stdout)
        self.assertEqual((after['view'], after['by']), ('live', 'line'))
        first = after['rows'][0]
        self.assertEqual((first['file'], first['line']), ('<string>', 5))
        # Of 30 MB some sixty samples: four standard errors.
        self.assertTrue(0.5 < first['own_bytes'] / 30e6 < 1.6, first)
        answer = dump(pid, '--heap')
        self.assertEqual((answer.returncode, answer.stderr), (0, ''))
        self.assertRegex(answer.stdout, r'% heap .*\n +[\d.]+ MiB .*  <string>:5 ')
        self.assertEqual(dump(pid, '--heap', '--columns').returncode, 2)


class Refusals(unittest.TestCase):
    def refused(self, program):
        with tempfile.TemporaryDirectory() as d:
            copy = shutil.copy('/bin/sleep', os.path.join(d, program))
            with subprocess.Popen([copy, '100']) as process:
                try:
                    return dump(process.pid)
                finally:
                    process.kill()

    def test_pypy_is_no_cpython(self):
        answer = self.refused('pypy3')
        self.assertEqual((answer.returncode, answer.stdout), (1, ''))
        self.assertRegex(answer.stderr, r'^memspy[^\n]*: \d+ is PyPy, not CPython: memspy reads CPython\'s heap only; run the program with that\n$')

    def test_what_is_no_python_is_named(self):
        answer = self.refused('nginx')
        self.assertEqual((answer.returncode, answer.stdout), (1, ''))
        self.assertRegex(answer.stderr, r'^memspy[^\n]*: \d+ is nginx, not CPython: [^\n]*\n$')

    def test_a_process_must_exist(self):
        answer = dump(2 ** 22 - 1)
        self.assertEqual((answer.returncode, answer.stdout), (1, ''))
        self.assertEqual(answer.stderr.count('\n'), 1)


if __name__ == '__main__':
    if not PYTHON:
        print(f'no CPython {WANTED} here')
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
