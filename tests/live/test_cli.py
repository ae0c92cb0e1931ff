#!/usr/bin/env python3
"""What memspy refuses, with the real program and real processes: one sentence, the right exit code, nothing left behind.

Argument: the program memspy.
"""
import fcntl
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import memspy_live

MEMSPY = os.path.abspath(sys.argv.pop(1))
PYTHON = '/usr/bin/python3'
IS_ROOT = os.geteuid() == 0
NOBODY = memspy_live.NOBODY
SLEEPER = 'import sys, time; print("ready", flush=True); time.sleep(600)'


SLEEPS = {'23', '35', '202', '230', '270'}  # select, nanosleep, futex, clock_nanosleep, pselect6


def sleeps(pid):
    """It is up, and each of its threads is in a system call that waits."""
    try:
        return all(pathlib.Path(f'/proc/{pid}/task/{tid}/syscall').read_text().split()[0] in SLEEPS
                   for tid in os.listdir(f'/proc/{pid}/task'))
    except OSError:
        return False


class Refusals(unittest.TestCase):
    def setUp(self):
        # Not in a folder of root's only: memspy is run as nobody, too.
        folder = tempfile.mkdtemp(dir='/var/tmp')
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        self.folder = pathlib.Path(folder)
        self.out = self.folder / 'heap.json'

    def environment(self):
        env = dict(os.environ, MEMSPY_RUNTIME_DIR=str(self.folder / 'run'), NO_COLOR='1')
        env.pop('XDG_RUNTIME_DIR', None)
        return env

    def run_memspy(self, *args, memspy=MEMSPY, before=(), **options):
        return subprocess.run([*before, memspy, *args], cwd=self.folder, env=self.environment(), capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, **options)

    def start(self, *args):
        process = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)

        def stop():
            process.kill()
            process.wait()
            process.stdout.close()
        self.addCleanup(stop)
        # Before that its mappings change by themselves.
        self.assertTrue(memspy_live.wait_until(lambda: process.poll() is not None or sleeps(process.pid)))
        return process

    def start_python(self):
        target = self.start(PYTHON, '-c', SLEEPER)
        self.assertEqual(target.stdout.readline(), 'ready\n')
        return target

    def fingerprint(self, pid):
        """What would change if somebody had been in there: every byte that is mapped, files, threads."""
        return memspy_live.fingerprint(pid)

    def as_nobody(self):
        """A copy of memspy (the build folder may be closed to others), and a folder of nobody's."""
        memspy = shutil.copy(MEMSPY, self.folder / 'memspy')
        os.chmod(memspy, 0o755)
        mine = self.folder / 'nobody'
        mine.mkdir()
        os.chown(mine, 65534, 65534)
        return memspy, mine

    def refused(self, run, code, *words):
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertEqual(run.stderr.count('\n'), 1, run.stderr)
        self.assertTrue(run.stderr.startswith('memspy'), run.stderr)
        self.assertNotIn('Success', run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)
        self.assertEqual(run.stdout, '')

    def record(self, pid, *more, **options):
        return self.run_memspy('record', '--pid', str(pid), '-o', str(self.out), '--duration', '0.5', '--interval', '0.1', *more,
                               **options)

    def test_no_such_process(self):
        gone = subprocess.Popen(['true'])
        gone.wait()
        for command in ('record', 'attach', 'dump'):
            run = self.run_memspy(command, '--pid', str(gone.pid))
            self.refused(run, 1, f'no process {gone.pid}', '`ps -e` lists')
        self.refused(self.run_memspy('attach', '--foreground', '--pid', str(gone.pid)), 1, f'no process {gone.pid}')
        self.refused(self.run_memspy('detach', '--pid', str(gone.pid)), 1, f'{gone.pid} is not attached')
        self.assertEqual([p.name for p in self.folder.glob('*.json')], [])

    def test_a_thread_leads_to_its_process(self):
        target = self.start(PYTHON, '-c', 'import threading, time; threading.Thread(target=time.sleep, args=(600,)).start();'
                            'print("ready", flush=True)')
        self.assertEqual(target.stdout.readline(), 'ready\n')
        thread = max(int(t) for t in os.listdir(f'/proc/{target.pid}/task'))
        before = self.fingerprint(target.pid)
        for command in ('record', 'attach', 'doctor'):
            run = self.run_memspy(command, '--pid', str(thread))
            self.assertEqual(run.returncode, 1)
            self.assertIn(f'it is a thread of process {target.pid}', run.stdout + run.stderr)
            self.assertIn(f'give --pid {target.pid}', run.stdout + run.stderr)
        self.assertEqual(self.fingerprint(target.pid), before)

    def test_a_process_that_is_no_python_is_named(self):
        target = self.start('sleep', '600')
        before = self.fingerprint(target.pid)
        self.refused(self.record(target.pid), 1, 'sleep', 'not CPython')
        self.refused(self.run_memspy('attach', '--pid', str(target.pid)), 1, 'sleep', 'not CPython')
        self.refused(self.run_memspy('dump', '--pid', str(target.pid)), 1, 'not CPython')
        self.assertEqual(self.fingerprint(target.pid), before)
        self.assertFalse(self.out.exists())

    def test_a_program_that_is_no_python_leaves_no_file(self):
        self.refused(self.run_memspy('record', '-o', str(self.out), '--', 'sleep', '600'), 1, 'sleep', 'not CPython')
        self.refused(self.run_memspy('record', '-o', str(self.out), '--', './nowhere'), 1, 'cannot start ./nowhere')
        self.assertEqual(list(self.folder.glob('*.json')), [])

    def test_a_python_without_an_interpreter_is_none(self):
        """A process that has Python in its name and arguments only."""
        fake = self.folder / 'python3.12'
        shutil.copy('/bin/sleep', fake)
        target = self.start(str(fake), '600')
        self.refused(self.record(target.pid), 1, str(target.pid), 'Python')

    @unittest.skipUnless(IS_ROOT and shutil.which('setpriv'), 'only root can be somebody else')
    def test_another_users_process_is_refused_with_the_remedy(self):
        target = self.start_python()
        before = self.fingerprint(target.pid)
        memspy, mine = self.as_nobody()
        nobody = (*NOBODY, 'env', f'MEMSPY_RUNTIME_DIR={mine}/run')
        run = self.run_memspy('record', '--pid', str(target.pid), '-o', str(mine / 'heap.json'), '--duration', '1', memspy=memspy,
                              before=nobody)
        self.refused(run, 1, 'root', 'CAP_SYS_PTRACE')
        run = self.run_memspy('attach', '--pid', str(target.pid), memspy=memspy, before=nobody)
        self.refused(run, 1, 'root', 'CAP_SYS_PTRACE')
        self.assertEqual(self.fingerprint(target.pid), before)
        self.assertFalse((mine / 'heap.json').exists())

    @unittest.skipUnless(IS_ROOT and shutil.which('setpriv'), 'only root can be somebody else')
    def test_another_users_socket_is_not_used(self):
        run = self.folder / 'run'
        run.mkdir(mode=0o700)
        os.chown(run, 65534, 65534)
        self.refused(self.run_memspy('status'), 1, 'must be a directory of yours')

    def on_a_terminal(self, columns, *args):
        """What memspy says there: its lines."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('4H', 24, columns, 0, 0))
        try:
            run = subprocess.run([MEMSPY, *args], cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=theirs, timeout=60)
        finally:
            os.close(theirs)
        self.assertNotEqual(run.returncode, 0)
        said = b''
        try:
            while more := os.read(ours, 65536):
                said += more
        except OSError:  # nobody has the other end any more
            pass
        os.close(ours)
        return said.decode().replace('\r\n', '\n').splitlines()

    def test_a_refusal_is_broken_between_words_where_a_terminal_ends_and_nowhere_else(self):
        long = '/' + 40 * 'long/' + 'name.json'
        for args in (['record', '--pid', '4194303', '--interval', 'often'], ['report', long], ['top'], ['record', '--pid', '4194303'],
                     ['repotr'], ['report', '--by', 'café', 'x.json'], ['report', 'a \x1b[31m red\nname.json']):
            line = self.run_memspy(*args).stderr
            self.assertEqual(line.count('\n'), 1, line)
            for columns in (30, 60, 80, 200):
                lines = self.on_a_terminal(columns, *args)
                self.assertEqual(' '.join(each.strip() for each in lines), line.rstrip('\n'))
                indent = 8 if columns >= 40 else 0
                for i, each in enumerate(lines):
                    self.assertTrue(len(each) <= columns or ' ' not in each.strip(), each)
                    if i:
                        word = each.split()[0]
                        self.assertEqual(each[:indent + len(word)], ' ' * indent + word)
                        self.assertGreater(len(lines[i - 1]) + 1 + len(word), columns, f'{word} had room: {lines}')
        self.assertGreater(len(self.on_a_terminal(30, 'top')), 1)

    def test_bad_numbers_and_sizes_are_bad_usage(self):
        target = self.start_python()
        before = self.fingerprint(target.pid)
        for option, value in (('--duration', '6O'), ('--duration', '-1'), ('--interval', '0'), ('--interval', 'nan'),
                              ('--sample-bytes', '12Q'), ('--sample-bytes', '1'), ('--table-size', '1K'),
                              ('--table-size', '99999999999999999999'), ('--domains', 'heap'), ('--inject', 'gdb'),
                              ('--max-size', '0x10'), ('--max-size', '')):
            run = self.run_memspy('record', '--pid', str(target.pid), '-o', str(self.out), option, value)
            self.refused(run, 2, f'memspy record: {option}: ')
        for pid in ('', 'x', '0', '-5', '1.5', '99999999', '٣'):
            for command in ('record', 'attach', 'detach', 'dump', 'doctor'):
                self.refused(self.run_memspy(command, '--pid', pid), 2, f'memspy {command}: --pid: ')
        for option, value in (('--sample-bytes', '-1'), ('--table-size', 'much'), ('--interval', '1e9')):
            self.refused(self.run_memspy('attach', '--pid', str(target.pid), option, value), 2, f'memspy attach: {option}: ')
        self.assertEqual(self.fingerprint(target.pid), before)
        self.assertFalse(self.out.exists())

    def test_a_file_that_exists_stays_as_it_is(self):
        target = self.start_python()
        before = self.fingerprint(target.pid)
        self.out.write_text('precious')
        self.refused(self.record(target.pid), 1, 'heap.json exists; -f overwrites it')
        self.assertEqual(self.out.read_text(), 'precious')
        self.assertEqual(self.fingerprint(target.pid), before)

    def test_no_link_is_followed_even_by_force(self):
        target = self.start_python()
        before = self.fingerprint(target.pid)
        other = self.folder / 'other'
        other.write_text('precious')
        for link_to in (other, self.folder / 'nowhere'):
            self.out.unlink(missing_ok=True)
            self.out.symlink_to(link_to)
            self.refused(self.record(target.pid), 1, 'heap.json')
            self.refused(self.record(target.pid, '-f'), 1, 'heap.json')
        self.assertEqual(other.read_text(), 'precious')
        self.assertFalse((self.folder / 'nowhere').exists())
        self.assertEqual(self.fingerprint(target.pid), before)

    @unittest.skipUnless(IS_ROOT, 'only root can mount')
    def test_a_full_disk_ends_with_a_sentence_and_a_whole_file(self):
        target = self.start_python()
        small = self.folder / 'small'
        small.mkdir()
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', small], capture_output=True)
        if mounted.returncode:
            self.skipTest('mounting is not allowed here')
        self.addCleanup(subprocess.run, ['umount', '-l', small], check=True)
        (small / 'filler').write_bytes(b'x' * 4096 * 8)
        self.out = small / 'heap.json'
        self.refused(self.record(target.pid), 1, 'No space left on device')
        self.assertFalse(self.out.exists())
        self.assertIsNone(target.poll())
        # Room for a beginning, and not for more.
        (small / 'filler').write_bytes(b'x' * 4096 * 6)
        run = self.run_memspy('record', '--pid', str(target.pid), '-o', str(self.out), '--duration', '30', '--interval', '0.05')
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn('No space left on device', run.stderr)
        self.assertIn('holds everything up to', run.stderr)
        self.assertGreaterEqual(len(json.loads(self.out.read_text())['ticks']), 1)
        self.assertIsNone(target.poll())

    @unittest.skipUnless(IS_ROOT, 'only root can mount')
    def test_a_full_disk_does_not_hurt_a_session_that_stands(self):
        target = self.start_python()
        small = self.folder / 'small'
        small.mkdir()
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', small], capture_output=True).returncode:
            self.skipTest('mounting is not allowed here')
        self.addCleanup(subprocess.run, ['umount', '-l', small], check=True)
        run = self.run_memspy('attach', '--pid', str(target.pid), '--interval', '0.05')
        self.assertEqual(run.returncode, 0, run.stderr)
        self.out = small / 'heap.json'
        (small / 'filler').write_bytes(b'x' * 4096 * 8)
        self.refused(self.record(target.pid), 1, 'No space left on device')
        self.assertFalse(self.out.exists())
        (small / 'filler').write_bytes(b'x' * 4096 * 6)
        run = self.record(target.pid, '--duration', '30', '--interval', '0.05')
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn('No space left on device', run.stderr)
        self.assertGreaterEqual(len(json.loads(self.out.read_text())['ticks']), 1)
        sessions = json.loads(self.run_memspy('status', '--format', 'json').stdout)
        self.assertEqual([s['pid'] for s in sessions.get('sessions', sessions)], [target.pid])
        self.assertEqual(self.run_memspy('detach', '--pid', str(target.pid)).returncode, 0)
        self.assertEqual(memspy_live.hooked_words(target.pid), 0)

    def prlimit(self, *args):
        subprocess.run(['prlimit', *map(str, args)], check=True)

    @unittest.skipUnless(shutil.which('prlimit'), 'prlimit is not installed')
    def test_a_file_that_may_not_grow_ends_like_a_full_disk(self):
        """The kernel sends a signal for that, which must not end memspy while the hooks are in place."""
        target = self.start_python()
        before = self.fingerprint(target.pid)
        self.refused(self.record(target.pid, before=('prlimit', '--fsize=1000')), 1, 'cannot write', 'File too large')
        self.assertFalse(self.out.exists())
        self.assertEqual(self.fingerprint(target.pid), before)
        env = dict(os.environ, MEMSPY_RUNTIME_DIR=str(self.folder / 'run'))
        for holder in ('record', 'the daemon'):
            if holder == 'the daemon':
                self.assertEqual(self.run_memspy('attach', '--pid', str(target.pid)).returncode, 0)
            record = subprocess.Popen([MEMSPY, 'record', '-f', '--pid', str(target.pid), '-o', self.out, '--duration', '30', '--interval',
                                       '0.05'], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.addCleanup(record.kill)
            self.assertTrue(memspy_live.wait_until(lambda: memspy_live.has_ticks(self.out, target.pid)))
            writer = record.pid
            if holder == 'the daemon':
                mark = f'MEMSPY_RUNTIME_DIR={self.folder}/run'.encode()
                writer, = [pid for pid in filter(str.isdigit, os.listdir('/proc')) if int(pid) != record.pid and
                           mark in self.bytes_of(f'/proc/{pid}/environ')]
            self.prlimit('--pid', writer, f'--fsize={self.out.stat().st_size + 2000}')
            words = record.communicate(timeout=60)[1]
            self.assertEqual(record.returncode, 1, (holder, record.returncode, words))
            self.assertIn('File too large', words)
            self.assertIn('holds everything up to', words)
            self.assertGreaterEqual(len(json.loads(self.out.read_text())['ticks']), 1)
            self.out.unlink()
        self.assertEqual(self.run_memspy('detach', '--pid', str(target.pid)).returncode, 0)
        self.assertEqual(memspy_live.hooked_words(target.pid), 0)
        self.assertIsNone(target.poll())

    @unittest.skipIf(os.getuid(), 'only root has privileges to drop')
    def test_memspy_keeps_only_the_privileges_it_needs_and_its_programs_keep_theirs(self):
        net_admin, sys_admin, sys_ptrace = 1 << 12, 1 << 21, 1 << 19
        env = dict(os.environ, MEMSPY_RUNTIME_DIR=str(self.folder / 'run'))

        def may(pid):
            fields = dict(line.split(':\t') for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines() if ':\t' in line)
            return {int(fields[f], 16) for f in ('CapEff', 'CapPrm', 'CapBnd')}, fields['NoNewPrivs']

        ours, _ = may('self')
        if any(not caps & net_admin or not caps & sys_admin for caps in ours):
            self.skipTest('this root has few privileges itself')
        record = subprocess.Popen([MEMSPY, 'record', '-f', '-o', self.out, '--interval', '0.05', '--', sys.executable, '-c', SLEEPER],
                                  env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(record.communicate)
        self.addCleanup(record.kill)
        self.assertEqual(record.stdout.readline(), 'ready\n')
        program = int(subprocess.run(['pgrep', '-P', str(record.pid), '-f', 'time.sleep'], capture_output=True, text=True).stdout.split()[0])
        self.addCleanup(os.kill, program, signal.SIGKILL)
        self.assertTrue(memspy_live.wait_until(lambda: memspy_live.has_ticks(self.out, program)))
        caps, no_new = may(record.pid)
        self.assertTrue(all(c & sys_ptrace and not c & (net_admin | sys_admin) for c in caps), caps)
        self.assertEqual(no_new, '1')
        self.assertEqual(may(program), (ours, '0'))

        target = self.start_python()
        self.assertEqual(self.run_memspy('attach', '--pid', str(target.pid)).returncode, 0)
        mark = f'MEMSPY_RUNTIME_DIR={self.folder}/run'.encode()
        daemons = [pid for pid in filter(str.isdigit, os.listdir('/proc')) if int(pid) not in (record.pid, program) and
                   mark in self.bytes_of(f'/proc/{pid}/environ')]
        for daemon in daemons:
            caps, no_new = may(daemon)
            self.assertTrue(all(c & sys_ptrace and not c & net_admin for c in caps), caps)
            self.assertEqual(no_new, '1')
        self.assertTrue(daemons)
        self.assertEqual(self.run_memspy('detach', '--pid', str(target.pid)).returncode, 0)

    @staticmethod
    def bytes_of(path):
        try:
            return pathlib.Path(path).read_bytes()
        except OSError:
            return b''

    def test_a_place_that_is_no_file_is_told_what_it_is(self):
        target = self.start_python()
        before = self.fingerprint(target.pid)
        os.mkfifo(self.folder / 'fifo')
        (self.folder / 'folder').mkdir()
        (self.folder / 'plain').write_text('precious')
        for place, words in (('fifo', 'a pipe'), ('folder', 'a directory'), ('/dev/null', 'a device'), ('/dev/full', 'a device'),
                             ('nowhere/heap.json', 'No such file or directory'), ('plain/heap.json', 'Not a directory'),
                             ('x' * 300, 'File name too long'), ('', '-o')):
            for force in ((), ('-f',)):
                run = self.run_memspy('record', '--pid', str(target.pid), '-o', place, '--duration', '0.5', *force)
                self.refused(run, 2 if place == '' else 1, words)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ['fifo', 'folder', 'plain'])
        self.assertEqual((self.folder / 'plain').read_text(), 'precious')
        self.assertEqual(self.fingerprint(target.pid), before)

    def test_an_old_recording_stays_when_the_new_one_cannot_begin(self):
        self.out.write_text('precious')
        for program in ('sleep', '600'), ('true',):
            run = self.run_memspy('record', '-f', '-o', str(self.out), '--', *program)
            self.assertEqual((run.returncode, self.out.read_text()), (1, 'precious'), run.stderr)
        target = self.start('sleep', '600')
        self.refused(self.record(target.pid, '-f'), 1, 'not CPython')
        self.assertEqual(self.out.read_text(), 'precious')

    @unittest.skipUnless(IS_ROOT and shutil.which('setpriv'), 'only root can be somebody else')
    def test_a_file_of_somebody_elses_is_not_replaced(self):
        memspy, folder = self.as_nobody()
        target = self.start(*NOBODY, PYTHON, '-c', SLEEPER)
        self.assertEqual(target.stdout.readline(), 'ready\n')
        before = self.fingerprint(target.pid)
        self.out.write_text('precious')
        for place in self.out, self.folder / 'new.json':
            run = self.run_memspy('record', '-f', '--pid', str(target.pid), '-o', str(place), '--duration', '0.5', memspy=memspy,
                                  before=(*NOBODY, 'env', f'MEMSPY_RUNTIME_DIR={folder}/run'))
            self.refused(run, 1, f'cannot write {place}', 'Permission denied')
        self.assertEqual(self.out.read_text(), 'precious')
        self.assertFalse((self.folder / 'new.json').exists())
        self.assertEqual(self.fingerprint(target.pid), before)

    def test_a_zombie_and_a_kernel_thread_are_explained(self):
        zombie = subprocess.Popen(['true'])
        self.assertTrue(memspy_live.wait_until(lambda: memspy_live.status_of(zombie.pid)['State'][0] == 'Z'))
        self.refused(self.record(zombie.pid), 1, str(zombie.pid))
        zombie.wait()
        if pathlib.Path('/proc/2/comm').exists() and pathlib.Path('/proc/2/comm').read_text() == 'kthreadd\n':
            self.refused(self.record(2), 1)

    def test_doctor_tells_both_ways_and_touches_nothing(self):
        target = self.start_python()
        before = self.fingerprint(target.pid)
        run = self.run_memspy('doctor', '--pid', str(target.pid))
        self.assertIn(f'{target.pid} is CPython', run.stdout)
        answer = json.loads(self.run_memspy('doctor', '--pid', str(target.pid), '--format', 'json').stdout)
        self.assertEqual(answer['can_attach'], run.returncode == 0)
        self.assertEqual(answer['checks'][0]['check'], 'python')
        self.assertEqual(self.fingerprint(target.pid), before)
        sleeper = self.start('sleep', '600')
        run = self.run_memspy('doctor', '--pid', str(sleeper.pid))
        self.assertEqual(run.returncode, 1)
        self.assertIn('NO', run.stdout)
        self.assertIn('not CPython', run.stderr)

    def test_a_traced_process_names_its_tracer(self):
        """We trace it ourselves: one process can have one tracer."""
        target = self.start_python()
        tracer = subprocess.Popen([PYTHON, '-c', TRACE, str(target.pid)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (tracer.send_signal(signal.SIGTERM), tracer.wait(), tracer.stdout.close()))
        if tracer.stdout.readline() != 'tracing\n':
            self.skipTest('tracing is not allowed here')
        self.refused(self.record(target.pid), 1, str(tracer.pid))
        self.assertFalse(self.out.exists())


TRACE = '''
import ctypes, sys, time
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
print("tracing" if libc.ptrace(0x4206, int(sys.argv[1]), None, None) == 0 else "no", flush=True)
time.sleep(600)
'''

with subprocess.Popen([PYTHON, '-c', SLEEPER], stdout=subprocess.PIPE) as probe:
    probe.stdout.readline()
    if subprocess.run([MEMSPY, 'doctor', '--pid', str(probe.pid)], capture_output=True).returncode:
        probe.kill()
        sys.exit(77)  # nobody may trace here
    probe.kill()
unittest.main(verbosity=1)
