#!/usr/bin/env python3
"""attach, record, status and detach as people run them, over sessions of nobody. Argument: the program memspy-fake."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MEMSPY = os.path.abspath(sys.argv.pop(1))


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.runtime = self.folder / 'run'
        self.env = dict(os.environ, MEMSPY_RUNTIME_DIR=str(self.runtime), NO_COLOR='1')
        self.addCleanup(self.stop_daemon)
        self.target = self.start_target()
        self.out = self.folder / 'heap.json'

    def start_target(self):
        target = subprocess.Popen(['sleep', '60'])
        self.addCleanup(lambda: (target.kill(), target.wait()))
        return target

    def stop_daemon(self):
        for session in self.status():
            self.memspy('detach', '--pid', str(session['pid']))

    def memspy(self, *args, **options):
        return subprocess.run([MEMSPY, *args], cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=20,
                              stdin=subprocess.DEVNULL, **options)

    def start(self, *args):
        process = subprocess.Popen([MEMSPY, *args], cwd=self.folder, env=self.env, text=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: (process.kill(), process.communicate()))
        return process

    def status(self):
        return json.loads(self.memspy('status', '--format', 'json').stdout)['sessions']

    def pid(self):
        return str(self.target.pid)

    def was_closed(self):
        return (self.runtime / f'closed-{self.target.pid}').exists()

    def ticks(self, file=None):
        return len(json.loads((file or self.out).read_text())['ticks'])

    def wait_for_tick(self, file=None):
        for _ in range(200):
            if (file or self.out).exists() and '"t"' in (file or self.out).read_text():
                return
            time.sleep(0.02)
        self.fail('no tick came')

    def ends(self, run, code, sentence=''):
        self.assertIn(sentence, run.stderr)
        self.assertEqual(run.returncode, code, run.stderr)

    def record(self, *args):
        return self.memspy('record', '--pid', self.pid(), '-o', str(self.out), '--interval', '0.1', *args)

    # ---- record, in its own process ----

    def test_a_recording_lasts_as_long_as_asked_and_ends_with_its_largest_lines(self):
        run = self.record('--duration', '0.5')
        self.ends(run, 0, '; the target kept running\n')
        self.assertIn(f'memspy: attached to {self.pid()} fake ? (CPython 3.12.1)', run.stderr)
        self.assertIn('one thread held 0.21 ms', run.stderr)
        self.assertNotIn('\r', run.stderr)
        self.assertIn('remember', run.stdout)
        self.assertIn('memspy report', run.stdout)
        self.assertEqual(self.ticks(), 6)
        self.assertTrue(self.was_closed())

    def test_the_end_of_the_target_is_exit_3_and_the_file_is_whole(self):
        process = self.start('record', '--pid', self.pid(), '-o', str(self.out), '--interval', '0.1')
        self.wait_for_tick()
        self.target.kill()
        _, said = process.communicate(timeout=10)
        self.assertRegex(said, rf'memspy: {self.pid()} went away after \d+\.\d s \(killed by signal 9\); .*heap.json holds '
                               r'everything up to then\n$')
        self.assertEqual(process.returncode, 3)
        self.assertGreaterEqual(self.ticks(), 1)

    def test_ctrl_c_and_term_end_a_recording_well(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.out.unlink(missing_ok=True)
            process = self.start('record', '--pid', self.pid(), '-o', str(self.out))
            self.wait_for_tick()
            process.send_signal(number)
            _, said = process.communicate(timeout=10)
            self.assertEqual(process.returncode, 0, said)
            self.assertGreaterEqual(self.ticks(), 2)
            self.assertTrue(self.was_closed())

    def test_a_closed_pipe_does_not_leave_the_session_behind(self):
        process = self.start('record', '--pid', self.pid(), '-o', str(self.out), '--duration', '0.3', '--interval', '0.1')
        process.stdout.close()
        process.stderr.close()
        process.wait(timeout=10)
        process.communicate = lambda: None
        self.assertTrue(self.was_closed())
        self.assertGreaterEqual(self.ticks(), 3)

    def test_without_a_name_the_file_is_named_after_the_process(self):
        self.ends(self.memspy('record', '--pid', self.pid(), '--duration', '0.1'), 0)
        self.assertTrue((self.folder / f'memspy.{self.pid()}.json').exists())

    # ---- where it is written ----

    def test_what_exists_is_not_overwritten_unless_asked(self):
        self.out.write_text('precious')
        self.ends(self.record('--duration', '0.1'), 1, 'heap.json exists; -f overwrites it')
        self.assertEqual(self.out.read_text(), 'precious')
        self.assertFalse(self.was_closed())
        self.ends(self.record('--duration', '0.1', '-f'), 0)
        self.assertGreaterEqual(self.ticks(), 1)

    def test_no_link_is_followed(self):
        other = self.folder / 'other'
        other.write_text('precious')
        self.out.symlink_to(other)
        for force in ((), ('-f',)):
            self.ends(self.record('--duration', '0.1', *force), 1, 'heap.json')
            self.assertEqual(other.read_text(), 'precious')
            self.assertFalse(self.was_closed())

    def test_a_place_that_is_none_is_refused_before_the_target_is_touched(self):
        for place in ('missing/heap.json', '/proc/heap.json', '.'):
            run = self.memspy('record', '--pid', self.pid(), '-o', place, '--duration', '0.1')
            self.ends(run, 1, 'memspy: ')
            self.assertEqual(run.stderr.count('\n'), 1)
            self.assertFalse(self.was_closed())

    def test_a_refused_attach_leaves_no_file_and_spoils_none(self):
        self.ends(self.record('--sample-bytes', '4242'), 1, 'says no')
        self.assertFalse(self.out.exists())
        self.out.write_text('precious')
        self.ends(self.record('--sample-bytes', '4242', '-f'), 1, 'says no')
        self.assertEqual(self.out.read_text(), 'precious')

    # ---- a program of our own ----

    def test_a_program_is_recorded_to_its_end_and_keeps_its_output(self):
        run = self.memspy('record', '-o', str(self.out), '--interval', '0.05', '--', 'sh', '-c', 'sleep 0.4; echo hello; exit 7')
        self.ends(run, 0, '; the program exited with status 7\n')
        self.assertTrue(run.stdout.startswith('hello\n'))
        self.assertGreaterEqual(self.ticks(), 3)

    def test_a_program_that_is_killed_is_told_so(self):
        run = self.memspy('record', '-o', str(self.out), '--', 'sh', '-c', 'sleep 0.2; kill -SEGV $$')
        self.ends(run, 0, '; the program was killed by signal 11\n')

    def test_options_behind_two_dashes_are_the_programs(self):
        run = self.memspy('record', '-o', str(self.out), '--', 'sh', '-c', 'sleep 0.2; echo "$@"', 'sh', '--pid', '5', '-f')
        self.ends(run, 0)
        self.assertIn('--pid 5 -f\n', run.stdout)

    def test_a_program_that_cannot_be_started_leaves_no_file(self):
        self.ends(self.memspy('record', '-o', str(self.out), '--', 'no-such-program'), 1,
                  'memspy: cannot start no-such-program: No such file or directory; write its whole path, or python3 before a script\n')
        self.assertFalse(self.out.exists())

    def test_a_program_outlives_a_recording_that_is_over(self):
        began = time.time()
        self.ends(self.memspy('record', '-o', str(self.out), '--duration', '0.2', '--', 'sleep', '0.8'), 0)
        self.assertGreater(time.time() - began, 0.7)

    # ---- the daemon ----

    def test_an_attached_process_is_shown_recorded_and_let_go(self):
        run = self.memspy('attach', '--pid', self.pid(), '-v')
        self.ends(run, 0, 'way in: nowhere; 3 function pointers patched')
        self.assertIn(self.pid(), self.memspy('status').stdout)
        run = self.memspy('record', '-o', str(self.out), '--duration', '0.5', '--interval', '0.1')
        self.ends(run, 0, '; the target kept running\n')
        self.assertIn('remember', run.stdout)
        self.assertEqual(self.ticks(), 6)
        self.assertFalse(self.was_closed())
        self.ends(self.memspy('detach', '--pid', self.pid()), 0)
        self.assertTrue(self.was_closed())
        self.assertEqual(self.status(), [])

    def test_an_attached_process_that_dies_while_recorded_is_exit_3(self):
        self.ends(self.memspy('attach', '--pid', self.pid()), 0)
        process = self.start('record', '--pid', self.pid(), '-o', str(self.out), '--interval', '0.1')
        self.wait_for_tick()
        self.target.kill()
        _, said = process.communicate(timeout=10)
        self.assertIn('(killed by signal 9)', said)
        self.assertEqual(process.returncode, 3)

    def test_ctrl_c_ends_the_recording_and_not_the_session(self):
        self.ends(self.memspy('attach', '--pid', self.pid()), 0)
        process = self.start('record', '-o', str(self.out), '--interval', '0.1')
        self.wait_for_tick()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0, said)
        self.assertEqual(len(self.status()), 1)

    def test_record_asks_when_it_is_not_clear_what_is_meant(self):
        self.ends(self.memspy('record'), 2, 'memspy record: record what? write --pid N')
        self.memspy('attach', '--pid', self.pid())
        other = self.start_target()
        self.memspy('attach', '--pid', str(other.pid))
        self.ends(self.memspy('record'), 2, 'memspy record: record which? 2 processes are attached')
        self.assertEqual(list(self.folder.glob('*.json')), [])

    def test_settings_of_a_session_that_stands_are_not_silently_ignored(self):
        self.memspy('attach', '--pid', self.pid())
        self.ends(self.record('--exact'), 2, 'leave out --exact')
        self.assertFalse(self.out.exists())

    def test_what_contradicts_itself_is_bad_usage(self):
        self.ends(self.record('--exact', '--sample-bytes', '1M'), 2, 'write one of them')
        self.ends(self.record('--', 'true'), 2, 'write one of them')

    def test_a_process_is_attached_once_and_detached_once(self):
        self.memspy('attach', '--pid', self.pid())
        self.ends(self.memspy('attach', '--pid', self.pid()), 1, 'attached already')
        self.ends(self.memspy('detach', '--pid', self.pid()), 0)
        self.ends(self.memspy('detach', '--pid', self.pid()), 1, 'is not attached')

    def test_many_first_attaches_at_once_share_one_daemon(self):
        targets = [self.start_target() for _ in range(6)]
        started = [self.start('attach', '--pid', str(t.pid)) for t in targets]
        for process in started:
            said = process.communicate(timeout=20)[1]
            self.assertEqual(process.returncode, 0, said)
        self.assertEqual(len(self.status()), 6)

    def test_foreground_stays_until_ctrl_c_and_takes_the_session_with_it(self):
        process = self.start('attach', '--pid', self.pid(), '--foreground')
        self.assertIn('attached to', process.stderr.readline())
        self.assertEqual(len(self.status()), 1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.status(), [])
        self.assertTrue(self.was_closed())

    def test_foreground_that_is_killed_takes_the_session_with_it(self):
        process = self.start('attach', '--pid', self.pid(), '--foreground')
        self.assertIn('attached to', process.stderr.readline())
        process.kill()
        process.communicate()
        for _ in range(100):
            if self.was_closed():
                return
            time.sleep(0.02)
        self.fail('the session is still there')

    def test_foreground_ends_with_its_target_with_exit_3(self):
        process = self.start('attach', '--pid', self.pid(), '--foreground')
        self.assertIn('attached to', process.stderr.readline())
        self.target.kill()
        self.assertIn('killed by signal 9', process.communicate(timeout=10)[1])
        self.assertEqual(process.returncode, 3)


class Usage(unittest.TestCase):
    def run_memspy(self, *args):
        return subprocess.run([MEMSPY, *args], capture_output=True, text=True, timeout=10)

    def test_help_and_version_are_answers_not_errors(self):
        for args in (['--help'], ['-h'], ['help'], ['--version'], ['help', 'record'], ['record', '--help'],
                     ['detach', '-h'], ['help', '--man']):
            run = self.run_memspy(*args)
            self.assertEqual((run.returncode, run.stderr), (0, ''), args)
            self.assertTrue(run.stdout, args)

    def test_help_fits_a_narrow_terminal(self):
        listed = self.run_memspy('--help').stdout.split('Commands:\n')[1].split('\n\n')[0]
        names = [line.split()[0] for line in listed.splitlines()]
        self.assertIn('record', names)
        self.assertNotIn('daemon', names)
        for name in names:
            for line in self.run_memspy('help', name).stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_every_command_teaches_with_an_example(self):
        listed = self.run_memspy('--help').stdout.split('Commands:\n')[1].split('\n\n')[0]
        for name in (line.split()[0] for line in listed.splitlines()):
            self.assertIn(f'memspy {name}', self.run_memspy('help', name).stdout.split('Examples:')[1])

    def test_bad_usage_is_one_sentence_and_exit_2(self):
        for args, sentence in (
                (['recrod'], 'memspy: there is no command "recrod"; did you mean memspy record?\n'),
                (['frobnicate'], 'memspy: there is no command "frobnicate"; memspy help lists them\n'),
                (['record', '--duration', '6O'],
                 'memspy record: --duration: "6O" is not a time; write seconds (60) or 5m, 2h\n'),
                (['record', '--interval', '0'], 'memspy record: --interval: 0 is too little; the least is 0.05\n'),
                (['attach'], 'memspy attach: needs --pid N: which process? pgrep -a python shows those of Python\n'),
                (['attach', '--pid', 'x'], 'memspy attach: --pid: "x" is not a number; pgrep -a python shows those of Python\n'),
                (['detach', '--pid', '0'], 'memspy detach: --pid: 0 is too little; the least is 1; pgrep -a python shows those of Python\n'),
                (['status', '--format', 'xml'], 'memspy status: --format: "xml" is not one of table or json\n'),
                (['doctor', '5'], 'memspy doctor: what is "5"? a process is written --pid 5\n'),
                (['help', 'nothing'], 'memspy help: there is no command "nothing"; memspy help lists them\n')):
            run = self.run_memspy(*args)
            self.assertEqual((run.returncode, run.stderr, run.stdout), (2, sentence, ''))

    def test_nothing_at_all_shows_help_as_bad_usage(self):
        run = self.run_memspy()
        self.assertEqual((run.returncode, run.stdout), (2, ''))
        self.assertIn('Commands:', run.stderr)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open('/dev/full', 'w') as full:
            run = subprocess.run([MEMSPY, 'help'], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn('No space left on device', run.stderr)


unittest.main(verbosity=1)
