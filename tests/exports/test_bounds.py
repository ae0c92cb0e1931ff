#!/usr/bin/env python3
"""test_bounds.py MEMSPY WRITE_HOUR: an hour of 3,600 ticks and 50,000 stacks is told in every format and view in under a second of an idle
machine and under 200 MB. Time is that of the processor, and twice as much is let pass: others may be at work here."""
import os
import re
import shutil
import subprocess
import sys
import unittest

WRITE_HOUR = sys.argv.pop(2)
from exports import MEMSPY, folder  # noqa: E402

CPU_SECONDS, MEGABYTES, FILE_MEGABYTES = 2.0, 200, {'svg': 4, 'html': 2}


VIEWS = ('live', 'allocated', 'peak', 'leaks', 'temporary', 'growth', 'churn', 'lifetimes', 'summary', 'stats')


def told(hour, *options, command='report', ending='out'):
    """Seconds of the processor, MB of memory, MB written."""
    out = folder / f'hour.{ending}'
    pid = os.posix_spawn(MEMSPY, [MEMSPY, command, *map(str, hour if isinstance(hour, tuple) else (hour,)), *options, '-f', '-o', str(out)],
                         os.environ)
    _, status, used = os.wait4(pid, 0)
    figures = used.ru_utime + used.ru_stime, used.ru_maxrss / 1000, out.stat().st_size / 1e6
    print('{:36}{:6.2f} s {:8.1f} MB of memory {:8.1f} MB written'.format(' '.join((command, *options)), *figures), flush=True)
    out.unlink()
    return status, figures


def has_page(hour):
    """False where memspy was built without npm, and says so."""
    asked = subprocess.run([MEMSPY, 'report', hour, '--format', 'html', '-o', str(folder / 'page')], capture_output=True, text=True)
    return asked.returncode == 0 or 'html is not in this memspy' not in asked.stderr


class Bounds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hour = folder / 'recording'
        subprocess.run([WRITE_HOUR, cls.hour], check=True)

    def test_every_view_of_an_hour(self):
        asked = [('--view', view, '--by', 'stack', '--format', 'json') for view in VIEWS]
        asked += [('--lines', 'views_291.py'), ('--view', 'growth', '--from', '50%', '--to', '-10'), ('--to', '0')]
        for options in asked:
            status, (cpu, memory, _) = told(self.hour, *options)
            self.assertEqual(status, 0, options)
            self.assertLess(cpu, CPU_SECONDS, options)
            self.assertLess(memory, MEGABYTES, options)

    def test_plots_and_differences_of_an_hour(self):
        other = folder / 'other'
        shutil.copy(self.hour, other)
        asked = [('plot', self.hour, 'svg'), ('plot', self.hour, 'svg', '--top', '5', '--slope'), ('diff', (f'{self.hour}@10', self.hour), 'out')]
        asked += [('diff', (self.hour, other), 'out', '--format', form) for form in ('json', 'html', 'pprof')]
        for command, files, ending, *options in asked:
            status, (cpu, memory, size) = told(files, *options, command=command, ending=ending)
            self.assertEqual(status, 0, (command, options))
            self.assertLess(cpu, CPU_SECONDS, (command, options))
            self.assertLess(memory, MEGABYTES, (command, options))

    def test_every_format_of_an_hour(self):
        hour = self.hour
        usage = subprocess.run([MEMSPY, 'report', hour, '--format', 'nothing'], capture_output=True, text=True).stderr
        formats = re.findall(r'\w+', re.search(r'is not one of (.*)', usage)[1].replace(' or ', ' '))
        self.assertLessEqual({'table', 'csv', 'speedscope', 'pprof', 'gprof2dot', 'dhat', 'svg'}, set(formats))
        over = []
        for form in formats:
            if form == 'html' and not has_page(hour):
                continue
            status, (cpu, memory, size) = told(hour, '--format', form)
            self.assertEqual(status, 0, form)
            if cpu > CPU_SECONDS or memory > MEGABYTES or size > FILE_MEGABYTES.get(form, 100):
                over.append((form, cpu, memory, size))
        self.assertEqual(over, [])


unittest.main(verbosity=1)
