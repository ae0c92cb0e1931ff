#!/usr/bin/env python3
"""What memspy sees of a running CPython is what that Python says of itself. Arguments: the program look, a version."""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/support'))
import pythons  # noqa: E402

LOOK, WANTED = sys.argv[1:3]
PYTHON = pythons.find(WANTED)
VERSION = tuple(map(int, pythons.version_of(PYTHON).split('.'))) if PYTHON else ()


class Target:
    """A Python that runs one of tests/targets and has said that it is ready."""

    def __init__(self, script, *options, **env):
        self.process = subprocess.Popen([PYTHON, *options, ROOT / 'tests/targets' / script], text=True,
                                        stdout=subprocess.PIPE, env=dict(os.environ, PYTHONIOENCODING='utf-8', **env))
        self.said = ''
        while (line := self.process.stdout.readline()) != 'ready\n':
            assert line, 'the target died'
            self.said += line

    def rest(self):
        """Saying that it is ready is not the last thing it does: until each thread sleeps."""
        end = time.monotonic() + 60
        while {stat.read_text().rpartition(')')[2].split()[0] for stat in pathlib.Path(f'/proc/{self.process.pid}/task').glob('*/stat')} != {'S'}:
            assert time.monotonic() < end, 'it does not come to rest'
            time.sleep(0.005)

    def look(self):
        return json.loads(subprocess.run([LOOK, str(self.process.pid)], check=True, capture_output=True).stdout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def shown(stack):
    """A stack as memspy can write it: what is no UTF-8 becomes U+FFFD."""
    def clean(s):
        return ''.join('\ufffd' if 0xd800 <= ord(c) < 0xe000 else c for c in s)
    return [[clean(function), clean(file), line] for function, file, line in stack]


class Still(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.target = Target('stacks.py')
        cls.addClassCleanup(cls.target.__exit__)
        cls.said = json.loads(cls.target.said)
        cls.target.rest()
        cls.seen = cls.target.look()

    def test_the_version_is_known_to_the_patch_level(self):
        out = subprocess.check_output([PYTHON, '-c', 'import sys; print(sys.version.split()[0]); print(sys.hexversion)'])
        text, number = out.decode().split()
        self.assertEqual(self.seen['version'], text)
        self.assertEqual(self.seen['hex'], int(number))

    def test_the_stacks_are_those_the_program_sees(self):
        seen = [t['frames'] for t in self.seen['threads']]
        said = [shown(stack) for _, stack in self.said['threads']] + [shown(self.said['main'])]
        self.assertEqual(len(seen), 3)
        for stack in said:
            self.assertTrue(stack in seen, [s for s in seen if s[0] == stack[0]] or stack[0])

    def test_threads_that_rest_are_whole_and_have_no_lock(self):
        for t in self.seen['threads']:
            self.assertFalse(t['torn'] or t['truncated'] or t['gil'], t)

    def test_kernel_thread_ids_are_the_right_ones(self):
        tids = {json.dumps(t['frames']): t['tid'] for t in self.seen['threads']}
        self.assertEqual(tids[json.dumps(shown(self.said['main']))], self.target.process.pid)
        for tid, stack in self.said['threads']:
            if tid:  # 3.8 and later can tell
                self.assertEqual(tids[json.dumps(shown(stack))], tid)
        self.assertEqual(sorted(tids.values()), sorted(map(int, os.listdir(f'/proc/{self.target.process.pid}/task'))))

    def test_the_type_of_code_objects_is_found(self):
        self.assertEqual(self.seen['code_type'], self.said['code_type'])

    def test_plain_pymalloc_can_be_diverted(self):
        self.assertEqual(self.seen['hooking'], 'divert' if VERSION > (3,) else 'nothing')

    def test_a_thread_finds_its_state_by_key_from_3_6_on_and_by_a_variable_of_its_own_from_3_15_on(self):
        if VERSION >= (3, 15):
            self.assertEqual(self.seen['way'], 3)
        elif VERSION >= (3, 6):
            self.assertEqual(self.seen['way'], 1)
            self.assertNotEqual(self.seen['getspecific'], 0)
            if self.said['keys'] is not None:
                self.assertIn(self.seen['key'], self.said['keys'])
        else:
            self.assertEqual(self.seen['way'], 2)
            self.assertNotEqual(self.seen['current'], 0)


@unittest.skipIf(PYTHON and VERSION < (3,), 'there are no allocator tables in 2.7')
class Allocators(unittest.TestCase):
    def check(self, hooking, *options, **env):
        with Target('stacks.py', *options, **env) as target:
            said, seen = json.loads(target.said)['tables'], target.look()
        self.assertEqual(seen['hooking'], hooking)
        if said:  # where ctypes is
            self.assertEqual([[seen[d]['ctx'], seen[d]['malloc']] for d in ('raw', 'mem', 'obj')], said)
        return seen

    def test_pymalloc_is_diverted(self):
        self.check('divert', PYTHONMALLOC='pymalloc')

    def test_malloc_needs_no_hook(self):
        self.check('nothing', PYTHONMALLOC='malloc')

    def test_debug_hooks_are_wrapped_on_both_sides(self):
        if VERSION[:2] == (3, 6):  # there "debug" puts the hooks in front of malloc: all is counted in malloc
            self.check('nothing', PYTHONMALLOC='debug')
        seen = self.check('both', PYTHONMALLOC='pymalloc_debug')
        self.assertEqual(len({seen[d]['ctx'] for d in ('raw', 'mem', 'obj')}), 3)

    def test_tracemalloc_is_wrapped_on_both_sides(self):
        self.check('both', '-X', 'tracemalloc')


class Busy(unittest.TestCase):
    CALLERS = {  # who may stand outside of whom
        'leaf': {'left', '<genexpr>', 'right.<locals>.<genexpr>'}, '<genexpr>': {'right'},
        'right.<locals>.<genexpr>': {'right'}, 'left': {'slow'}, 'right': {'slow'}, 'slow': {'main'}, 'main': {'<module>'},
    }

    def test_a_stack_that_is_shown_is_a_possible_one(self):
        whole = 0
        with Target('busy.py') as target:
            while [f[0] for f in target.look()['threads'][0]['frames']][-2:] != ['main', '<module>']:
                time.sleep(0.01)  # it has said it is ready, and then it calls main
            for _ in range(40):
                [thread] = target.look()['threads']
                names = [f[0] for f in thread['frames']]
                whole += not thread['torn']
                self.assertEqual(names[-2:], ['main', '<module>'])
                for inner, outer in zip(names, names[1:]):
                    self.assertIn(outer, self.CALLERS[inner], names)
                self.assertTrue(thread['gil'])
        self.assertGreater(whole, 4)


class Beginning(unittest.TestCase):
    def test_a_python_that_is_not_up_yet_or_no_more_asks_for_patience(self):
        seen = set()
        for _ in range(5):
            with subprocess.Popen([PYTHON, '-c', '']) as process:
                while process.poll() is None:
                    r = subprocess.run([LOOK, str(process.pid)], capture_output=True, text=True)
                    gone = any(words in r.stderr for words in ('no process', 'No such process', 'no memory', 'has ended', '(2)'))
                    # Its exec is to come; a Python of another root is started by several programs.
                    starters = [os.path.basename(os.path.realpath(sys.executable)), *pythons.STARTERS]
                    before = any(f'is {name}, not' in r.stderr for name in starters)
                    self.assertTrue(gone or before or r.returncode in (0, 75), r.stderr)
                    seen.add(r.returncode)
        self.assertTrue(seen & {0, 75})


if __name__ == '__main__':
    if not PYTHON:
        print(f'no CPython {WANTED} here')
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
