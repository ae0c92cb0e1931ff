#!/usr/bin/env python3
"""Real programs: a Flask application under gunicorn that leaks, a numpy and pandas job, and one that executes another.

usage: test_apps.py MEMSPY
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

import memspy_live as live

MEMSPY = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
TARGETS = pathlib.Path(__file__).resolve().parents[1] / 'targets'
PYTHON = '/usr/bin/python3'
folder = tempfile.TemporaryDirectory(prefix='memspy-apps-')
FILE = os.path.join(folder.name, 'heap.json')


def has(module):
    return subprocess.run([PYTHON, '-c', f'import {module}'], capture_output=True).returncode == 0


def memspy(*arguments, **options):
    return subprocess.run([MEMSPY, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def rows(view, by='line'):
    said = memspy('report', FILE, '--format', 'json', '--view', view, '--by', by)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)['rows']


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Gunicorn(unittest.TestCase):
    @unittest.skipUnless(has('flask') and has('gunicorn'), 'Flask or gunicorn is not installed')
    def test_the_report_names_the_line_that_leaks_and_every_request_is_answered(self):
        port = free_port()
        server = subprocess.Popen([PYTHON, '-m', 'gunicorn', '-w', '2', '-b', f'127.0.0.1:{port}', 'shop:app'],
                                  cwd=TARGETS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        answers = []

        def ask(count):
            for i in range(count):
                try:
                    with urllib.request.urlopen(f'http://127.0.0.1:{port}/item/{i}', timeout=60) as answer:
                        answers.append(answer.status)
                except OSError as fault:
                    answers.append(fault)

        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # both workers are there when the port answers
            try:
                socket.create_connection(('127.0.0.1', port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        ask(20)
        worker = int(subprocess.run(['pgrep', '-P', str(server.pid)], capture_output=True, text=True).stdout.split()[0])
        load = threading.Thread(target=ask, args=(2500,))
        load.start()
        said = memspy('record', '--pid', worker, '--duration', '5', '-f', '-o', FILE)
        load.join()
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertEqual([a for a in answers if a != 200], [])
        top = rows('leaks')[0]
        self.assertEqual((os.path.basename(top['file']), top['function']), ('shop.py', 'remember'))


class Numpy(unittest.TestCase):
    @unittest.skipUnless(has('numpy') and has('pandas'), 'numpy or pandas is not installed')
    def test_the_report_names_the_line_that_made_the_arrays(self):
        # The job imports numpy when memspy has long been in: the probe turns the new objects by itself.
        said = memspy('record', '-f', '-o', FILE, '--', PYTHON, TARGETS / 'arrays.py')
        self.assertEqual(said.returncode, 0, said.stderr)
        job = {r['function']: r for r in rows('peak', 'function') if os.path.basename(r['file']) == 'arrays.py'}
        # 20 arrays of 4,000,000 bytes; own is numpy's line, the total is ours.
        self.assertAlmostEqual(job['arrays']['total_bytes'] / 80e6, 1, delta=0.1)
        self.assertGreater(job['frames']['total_bytes'], 16e6)


class Exec(unittest.TestCase):
    def test_a_process_that_executes_another_program_is_not_watched_any_further(self):
        target = subprocess.Popen([PYTHON, '-c', 'import os; print("ready", flush=True); input(); os.execv("/bin/sleep", ["sleep", "60"])'],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(target.communicate)
        self.addCleanup(target.kill)
        self.assertEqual(target.stdout.readline(), 'ready\n')
        session = live.Memspy(MEMSPY).start('record', '--pid', target.pid, '--interval', '0.2', '-f', '-o', FILE)
        self.assertTrue(live.wait_until(lambda: live.has_ticks(FILE, target.pid)))
        target.stdin.write('\n')
        target.stdin.flush()
        said = live.Memspy(MEMSPY).end(session)
        self.assertEqual(said.returncode, 3, said.stderr)
        self.assertIn('executed another program', said.stderr)
        self.assertIsNone(target.poll())
        with open(FILE) as f:
            json.load(f)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
