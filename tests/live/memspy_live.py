"""What live tests share: targets that run, memspy that looks at them, and a line per case.

Arguments of every script: the memspy binary, the build's name for the Pythons ("3.12", "all", ...); then its own.
"""
import array
import atexit
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGETS = ROOT / 'tests/targets'
sys.path.insert(0, str(ROOT / 'tests/support'))
import pythons  # noqa: E402

SKIP = 77
scratch = tempfile.mkdtemp(prefix='memspy-live-')
# A daemon of our own: nobody else's sessions are seen or disturbed.
ENVIRONMENT = dict(os.environ, MEMSPY_RUNTIME_DIR=scratch, NO_COLOR='1')
running = []


def daemons():
    """The daemons that our memspys started: those that were given our runtime directory."""
    found = []
    mark = b'MEMSPY_RUNTIME_DIR=' + scratch.encode()
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if mark in pathlib.Path(f'/proc/{pid}/environ').read_bytes().split(b'\0') and int(pid) not in [p.pid for p in running]:
                found.append(int(pid))
        except OSError:
            pass
    return found


@atexit.register
def clean():
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()
    for pid in daemons():
        os.kill(pid, signal.SIGKILL)
    subprocess.run(['rm', '-rf', scratch])


def limit(seconds):
    """The whole script ends by then, whatever hangs."""
    def end():
        print(f'FAIL  not done after {seconds} s', flush=True)
        clean()
        os._exit(1)
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def may_trace():
    """Whether one process may trace another here (containers and seccomp often forbid it)."""
    libc = ctypes.CDLL(None, use_errno=True)
    child = subprocess.Popen(['sleep', '60'])
    try:
        return libc.ptrace(0x4206, child.pid, 0, 0) == 0  # PTRACE_SEIZE
    finally:
        child.kill()
        child.wait()


def each_python(wanted):
    """[(name, path)]; a version that is not installed is told and left out."""
    names = pythons.WANTED if wanted == 'all' else wanted.split(',')
    found = []
    for name in names:
        path = pythons.find(name)
        if path:
            found.append((name, path))
        else:
            print(f'skip  CPython {name} is not installed', flush=True)
    return found


class Results:
    """One line per case, and how it all ended."""
    def __init__(self):
        self.failed = self.passed = 0

    def case(self, name, faults, said=''):
        faults = [f for f in (faults if isinstance(faults, list) else [faults]) if f]
        self.failed += bool(faults)
        self.passed += not faults
        print(f"{'FAIL' if faults else 'ok  '}  {name}" + (f'  {said}' if said else ''), flush=True)
        for f in faults[:10]:
            print(f'      {f}', flush=True)

    def run(self, name, function, *args):
        """A case that is a function: what it returns is said, what it raises is its fault."""
        try:
            said = function(*args)
        except Exception as fault:  # a case that breaks is a case that failed
            self.case(name, f'{type(fault).__name__}: {fault}')
            if not isinstance(fault, AssertionError):
                import traceback
                traceback.print_exc(file=sys.stdout)
            return
        self.case(name, [], said or '')

    def end(self):
        print(f'{self.passed} passed, {self.failed} failed', flush=True)
        sys.exit(self.failed != 0)


class Target:
    """One of tests/targets, running, that has said it is ready."""
    def __init__(self, python, script, *args, options=(), env=None, patience=30):
        self.log = tempfile.NamedTemporaryFile(dir=scratch, suffix='.log', delete=False)
        self.process = subprocess.Popen([python, *options, TARGETS / script, *map(str, args)], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        env=dict(os.environ, **(env or {})))
        running.append(self.process)
        self.pid = self.process.pid
        line = self.answer(patience)
        if line != 'ready':
            raise RuntimeError(f'{script} is not ready: {line!r} {self.words_of_fault()}')

    def answer(self, patience=30):
        """Its next line; "" when it ended or took too long."""
        box = []
        reader = threading.Thread(target=lambda: box.append(self.process.stdout.readline()), daemon=True)
        reader.start()
        reader.join(patience)
        return box[0].rstrip('\n') if box else ''

    def ask(self, line='', patience=60):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        return self.answer(patience)

    def words_of_fault(self):
        return pathlib.Path(self.log.name).read_text(errors='replace').strip()[-300:].split('\n')[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
        running.remove(self.process)


class Worker(Target):
    """tests/targets/worker.py: counts its work, checks itself, and works when poked."""
    RESTLESS = ('threads', 'json', 'sleep')

    def __init__(self, python, kind, **more):
        self.kind = kind
        file = tempfile.NamedTemporaryFile(dir=scratch, delete=False)
        file.write(bytes(4096))
        file.close()
        self.path = file.name
        super().__init__(python, 'worker.py', kind, self.path, **more)

    def words(self):
        with open(self.path, 'rb') as f:
            return array.array('Q', f.read(32))

    def poke(self):
        if self.kind == 'accept':
            import socket
            with socket.create_connection(('127.0.0.1', self.words()[2]), timeout=10) as s:
                return s.recv(1)
        os.write(self.process.stdin.fileno(), b'\n')

    def works(self, patience=20):
        """It does new work, and what it does is right: the list of faults."""
        before = self.words()[0]
        end = time.monotonic() + patience
        if self.process.poll() is None and self.kind not in self.RESTLESS:
            try:
                self.poke()
            except OSError as fault:
                return [f'the target does not answer: {fault}']
        # Restless ones: more than what was under way (one piece per thread), so that every thread has gone on.
        need = before + (1 if self.kind not in self.RESTLESS else 2 if self.kind != 'threads' else 20)
        while self.process.poll() is None and self.words()[0] < need and time.monotonic() < end:
            time.sleep(0.002)
        faults = [f'the target ended: {self.process.returncode} {self.words_of_fault()}'] if self.process.poll() is not None else []
        if self.words()[0] < need:
            faults.append(f'the target stands still ({self.kind}, {self.words()[0]} of {need})')
        if self.words()[1]:
            faults.append(f'{self.words()[1]} faults found by the target itself: {self.words_of_fault()}')
        return faults


def status_of(pid, tid=None):
    text = pathlib.Path(f'/proc/{pid}/task/{tid or pid}/status').read_text()
    return dict(re.findall(r'^(\w+):\s*(.*)$', text, re.M))


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def mappings(pid):
    return pathlib.Path(f'/proc/{pid}/maps').read_text().splitlines()


def let_go(pid, stopped=False):
    """No thread is left traced, or stopped unless it was: the list of faults."""
    faults = []
    for tid in os.listdir(f'/proc/{pid}/task'):
        try:
            s = status_of(pid, tid)
        except OSError:
            continue
        if s['TracerPid'] != '0':
            faults.append(f"thread {tid} is still traced by {s['TracerPid']}")
        if s['State'][0] == 't' or (s['State'][0] == 'T') != stopped:
            faults.append(f"thread {tid} is in state {s['State']}")
        if int(s['SigBlk'], 16):
            faults.append(f"thread {tid} has signals blocked: {s['SigBlk']}")
    return faults


def probe_range(pid):
    """Where the probe's executable pages are: [(start, end)]."""
    ranges = []
    for f in (line.split(None, 5) for line in mappings(pid)):
        start, end = (int(x, 16) for x in f[0].split('-'))
        name = f[5] if len(f) > 5 else ''
        if 'x' in f[1] and ('memspy' in name or name == '' and int(f[4]) == 0):
            ranges.append((start, end))
    return ranges


def hooked_words(pid):
    """
    How many words in the data of its ELF objects lead into the probe: GOT slots and CPython's allocator tables.

    Only what is mapped from the objects' files: nameless memory next to them may be the probe's own data, or an
    allocator's, where an old return address is no hook.
    """
    ranges = probe_range(pid)
    found = 0
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for f in (line.split(None, 5) for line in mappings(pid)):
            start, end = (int(x, 16) for x in f[0].split('-'))
            name = f[5] if len(f) > 5 else ''
            if not name.startswith('/') or '/ld-' in name or 'memfd' in name or f[1][0] != 'r' or f[1][2:] != '-p':
                continue
            memory.seek(start)
            words = array.array('Q', memory.read(end - start))
            found += sum(1 for w in words if any(a <= w < b for a, b in ranges))
    return found


class Memspy:
    def __init__(self, binary):
        self.binary = os.path.abspath(binary)

    def start(self, *args):
        process = subprocess.Popen([self.binary, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=ENVIRONMENT)
        running.append(process)
        return process

    def end(self, process, patience=60):
        try:
            out, words = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            out, words = process.communicate()
            words += f'\nmemspy was killed: not done after {patience} s'
        if process in running:
            running.remove(process)
        return subprocess.CompletedProcess(process.args, process.returncode, out, words)

    def run(self, *args, patience=60):
        return self.end(self.start(*args), patience)

    def record(self, pid, file, *more, duration=0.1):
        return self.run('record', '-v', '-f', '--pid', pid, '--duration', duration, '-o', file, *more)

    def report(self, file, view='live', by='line'):
        answer = self.run('report', file, '--format', 'json', '--view', view, '--by', by)
        assert answer.returncode == 0, f'report: {answer.stderr}'
        return json.loads(answer.stdout)


def held_ms(words):
    """From "one thread held 0.21 ms"; None when nothing was held."""
    m = re.search(r'held ([\d.]+) (µs|us|ms|s)\b', words)
    return float(m[1]) * {'µs': 1e-3, 'us': 1e-3, 'ms': 1, 's': 1e3}[m[2]] if m else None


def path_of(name):
    return os.path.join(scratch, name)


def recording(path):
    """The ticks of a recording; it must be one JSON document. A look in the middle of a write is taken again."""
    for last in (False, False, True):
        try:
            with open(path) as f:
                return json.load(f)['ticks']
        except ValueError:
            if last:
                raise
            time.sleep(0.02)


def has_ticks(path, pid):
    """A recording of this process (not one that was there before) has begun."""
    try:
        with open(path) as f:
            document = json.load(f)
    except (OSError, ValueError):
        return False
    return document['target']['pid'] == pid and bool(document['ticks'])


def wait_until(what, patience=20):
    end = time.monotonic() + patience
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def begin(seconds, skip_reason=None):
    """First line of every script's main."""
    limit(seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not may_trace():
        print('skip  this machine does not let us trace processes')
        sys.exit(SKIP)
