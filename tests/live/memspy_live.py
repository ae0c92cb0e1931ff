"""What live tests share: targets that run, memspy that looks at them, and a line per case.

Arguments of every script: the memspy binary, the build's name for the Pythons ("3.12", "all", ...); then its own.
"""
import argparse
import array
import atexit
import ctypes
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import struct
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
PACKAGES = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'memspy-test'
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
        kill(pid)
    subprocess.run(['rm', '-rf', scratch])


def kill(pid, how=signal.SIGKILL):
    """A process that is not our child: it may have ended by itself since it was found."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass


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
    names = {'all': pythons.WANTED, 'more': pythons.MORE}.get(wanted) or wanted.split(',')
    found = []
    for name in names:
        path = pythons.find(name)
        if path:
            found.append((name, path))
        else:
            print(f'skip  CPython {name} is not installed', flush=True)
    return found


def is_free_threaded(python):
    return runs(python, '-c', 'import sys; sys.exit("free-threading" not in sys.version)')


def packages(python, package):
    """A folder that has this package from PyPI for this Python, once. One without a pip takes that of the machine."""
    version, free = pythons.version_of(python), is_free_threaded(python)
    place = PACKAGES / f"{package}-{version}{'t' if free else ''}"
    if place.exists():
        return str(place)
    PACKAGES.mkdir(parents=True, exist_ok=True)
    fresh = tempfile.mkdtemp(prefix=place.name + '.', dir=PACKAGES)
    pip = [python] if runs(python, '-c', 'import pip') else [sys.executable]
    pip += ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--retries', '1', '--only-binary', ':all:', '--target', fresh]
    pip += [] if pip[0] == python else ['--python-version', version]
    pip += ['--implementation', 'cp', '--abi', f"cp{version.replace('.', '')}t"] if free else []
    try:
        answer = subprocess.run([*pip, package], capture_output=True, text=True, timeout=120)
        if answer.returncode:
            raise NotHere(f"{package} cannot be had: {(answer.stderr.strip().splitlines() or ['no word'])[-1]}")
        for file in pathlib.Path(fresh).rglob('*-linux-gnu.so') if free else []:  # a name that one built here knows, too
            file.rename(file.with_name(file.name.partition('.')[0] + '.so'))
        if not place.exists():
            os.rename(fresh, place)
    except subprocess.TimeoutExpired:
        raise NotHere(f'{package} cannot be had: PyPI is slow or not there')
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return str(place)


def runs(python, *options, **env):
    """Whether this Python takes these options and this environment."""
    command = options if '-c' in options else (*options, '-c', '')
    return subprocess.run([python, *command], env=dict(os.environ, **env), capture_output=True).returncode == 0


class NotHere(Exception):
    """This machine has not what the case needs."""


class Results:
    """One line per case, and how it all ended. With $MEMSPY_RESULTS each goes into that file, too, as a line of JSON."""
    def __init__(self):
        self.failed = self.passed = self.skipped = 0

    def note(self, name, answer, said):
        if os.environ.get('MEMSPY_RESULTS'):
            with open(os.environ['MEMSPY_RESULTS'], 'a') as f:
                f.write(json.dumps({'case': name, 'answer': answer, 'said': said}) + '\n')

    def skip(self, name, why):
        self.skipped += 1
        self.note(name, 'skip', why)
        print(f'skip  {name}  {why}', flush=True)

    def case(self, name, faults, said=''):
        faults = [f for f in (faults if isinstance(faults, list) else [faults]) if f]
        self.failed += bool(faults)
        self.passed += not faults
        print(f"{'FAIL' if faults else 'ok  '}  {name}" + (f'  {said}' if said else ''), flush=True)
        self.note(name, 'fail' if faults else 'pass', '; '.join(faults) if faults else said)
        for f in faults[:10]:
            print(f'      {f}', flush=True)

    def run(self, name, function, *args):
        """A case that is a function: what it returns is said, what it raises is its fault."""
        try:
            said = function(*args)
        except NotHere as why:
            self.skip(name, str(why))
            return
        except Exception as fault:  # a case that breaks is a case that failed
            self.case(name, f'{type(fault).__name__}: {fault}')
            if not isinstance(fault, AssertionError):
                import traceback
                traceback.print_exc(file=sys.stdout)
            return
        self.case(name, [], said or '')

    def end(self):
        print(f'{self.passed} passed, {self.failed} failed, {self.skipped} skipped', flush=True)
        sys.exit(self.failed != 0)


class NotReady(RuntimeError):
    """A target that ended, or said something else."""


class Target:
    """One of tests/targets, running, that has said it is ready."""
    def __init__(self, python, script, *args, options=(), env=None, patience=30, before=(), ready=True):
        self.log = tempfile.NamedTemporaryFile(dir=scratch, suffix='.log', delete=False)
        self.process = subprocess.Popen([*before, python, *options, TARGETS / script, *map(str, args)], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        env=dict(os.environ, **(env or {})))
        running.append(self.process)
        self.pid = self.process.pid
        line = self.answer(patience) if ready else 'ready'
        if line != 'ready':
            raise NotReady(f'{os.path.basename(script)} is not ready: {line!r} {self.words_of_fault()}')

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


class Counted(Target):
    """A target that counts its work and checks itself (tests/targets/counted.py). `need`: so much work shows that it goes on."""
    need = 2

    def __init__(self, python, script, *args, folder=None, **more):
        file = tempfile.NamedTemporaryFile(dir=folder or scratch, delete=False)
        file.write(bytes(4096))
        file.close()
        self.path = file.name
        if folder:  # somebody else's
            os.chown(file.name, os.stat(folder).st_uid, -1)
        super().__init__(python, script, *args, self.path, **more)

    def words(self):
        with open(self.path, 'rb') as f:
            return array.array('Q', f.read(48))

    def poke(self):
        """Work has to be asked for."""

    def works(self, patience=60):
        """It does new work, below Python as well, and what it does is right: the list of faults."""
        before = self.words()
        end = time.monotonic() + patience

        def stands():
            now = self.words()
            return now[0] < before[0] + self.need or before[4] and now[4] < before[4] + self.need
        if self.process.poll() is None:
            try:
                self.poke()
            except OSError as fault:
                return [f'the target does not answer: {fault}']
        while self.process.poll() is None and stands() and time.monotonic() < end:
            time.sleep(0.002)
        faults = []
        if self.process.poll() is not None:
            faults.append(f'the target ended: {self.process.returncode} {self.words_of_fault()}')
        if stands():
            faults.append(f'the target stands still: {list(before)}, after {patience} s {list(self.words())}')
        if self.words()[1] + self.words()[5]:
            faults.append(f'{self.words()[1]} + {self.words()[5]} faults found by the target itself: {self.words_of_fault()}')
        return faults


class Worker(Counted):
    """tests/targets/worker.py: works without rest, or when poked."""
    RESTLESS = ('threads', 'json', 'sleep')

    def __init__(self, python, kind, script='worker.py', **more):
        # Restless ones: more than what was under way (one piece per thread), so that every thread has gone on.
        self.kind = kind
        self.need = 1 if kind not in self.RESTLESS else 2 if kind != 'threads' else 20
        super().__init__(python, script, kind, **more)

    def poke(self):
        if self.kind == 'accept':
            import socket
            with socket.create_connection(('127.0.0.1', self.words()[2]), timeout=10) as s:
                return s.recv(1)
        if self.kind not in self.RESTLESS:
            os.write(self.process.stdin.fileno(), b'\n')


def status_of(pid, tid=None):
    text = pathlib.Path(f'/proc/{pid}/task/{tid or pid}/status').read_text()
    return dict(re.findall(r'^(\w+):\s*(.*)$', text, re.M))


def fingerprint(pid):
    """
    A process that waits, down to the byte: what is mapped and what is in there, its open files, its threads and where
    each of them is. Whoever was in there left it different.
    """
    lines, content = mappings(pid), hashlib.sha256()
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in lines:
            f = line.split(None, 5)
            if f[1][0] == 'r' and not f[-1].startswith(('[vvar', '[vsyscall')):
                start, end = (int(x, 16) for x in f[0].split('-'))
                memory.seek(start)
                content.update(memory.read(end - start))
    files = {fd: os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')}
    threads = {tid: (pathlib.Path(f'/proc/{pid}/task/{tid}/syscall').read_text(), status_of(pid, tid)['SigBlk'],
                     status_of(pid, tid)['TracerPid']) for tid in os.listdir(f'/proc/{pid}/task')}
    return {'mappings': lines, 'content': content.hexdigest(), 'files': files, 'threads': threads}


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def mappings(pid):
    return pathlib.Path(f'/proc/{pid}/maps').read_text().splitlines()


def let_go(pid, stopped=False, masks=True):
    """No thread is left traced, or stopped unless it was; masks: none blocks signals by itself. The list of faults."""
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
        if masks and blocks_signals(pid, tid):
            faults.append(f"thread {tid} has signals blocked: {s['SigBlk']}")
    return faults


def blocks_signals(pid, tid):
    """Not only for the moment, as one does that starts a thread or a process."""
    for _ in range(50):
        try:
            if not int(status_of(pid, tid)['SigBlk'], 16):
                return False
        except OSError:
            return False
        time.sleep(0.01)
    return True


def not_let_go(pid, masks=True):
    """The same of a process whose threads come and go, and block signals while they start others: what stays so."""
    faults = let_go(pid, masks=masks)
    for _ in range(20):
        if not faults:
            break
        time.sleep(0.01)
        again = let_go(pid, masks=masks)
        faults = [f for f in faults if f in again]
    return faults


def may_be_ours(fields):
    """Of a line of maps, split: by our name, or executable and of no file, as the probe is that was mapped."""
    name = fields[5] if len(fields) > 5 else ''
    return 'memfd:memspy-' in name or 'x' in fields[1] and name == '' and int(fields[4]) == 0


def is_near_page(fields):
    """Of what may be ours: the page beside the interpreter. It is written when the first session needs it."""
    start, end = (int(x, 16) for x in fields[0].split('-'))
    return fields[1] == 'r-xp' and len(fields) == 5 and end - start == 4096


def was_written(pid, fields):
    """Of what may be ours: not an image that a memspy, killed just then, had mapped and not written. It stays, and costs nothing."""
    if is_near_page(fields):
        return True
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        memory.seek(int(fields[0].split('-')[0], 16))
        return len(fields) > 5 or any(memory.read(4096))


def ours(pid, unwritten=True):
    """What of memspy is mapped: arenas of the allocator come and go, this must not."""
    found = [f for f in (line.split(None, 5) for line in mappings(pid)) if may_be_ours(f)]
    found = [f for f in found if unwritten or was_written(pid, f)]
    return sorted(f'{f[1]} {f[5] if len(f) > 5 else "page" if is_near_page(f) else "probe"}' for f in found)


def our_descriptors(pid):
    found = []
    for fd in os.listdir(f'/proc/{pid}/fd'):
        try:
            found.append(os.readlink(f'/proc/{pid}/fd/{fd}'))
        except OSError:
            pass
    return [name for name in found if 'memspy-' in name and 'memfd' in name]


def near_pages(pid):
    """What may be the page beside the interpreter: [(start, end)]."""
    found = [f for f in (line.split(None, 5) for line in mappings(pid)) if may_be_ours(f) and is_near_page(f)]
    return [tuple(int(x, 16) for x in f[0].split('-')) for f in found]


def probe_range(pid):
    """Where the probe is, as the header of its table says: [(start, end)]. Before that is written nothing leads there."""
    ranges = []
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in mappings(pid):
            if 'memfd:memspy-table' in line:
                memory.seek(int(line.split('-')[0], 16))
                magic, _, _, image, image_bytes = struct.unpack('<QQQQQ', memory.read(40))
                if magic == 0x65626f7270737931:
                    ranges.append((image, image + image_bytes))
    return ranges + (near_pages(pid) if ranges else [])


def hooked_where(pid):
    """
    The words in the data of its ELF objects that lead into the probe: GOT slots and CPython's allocator tables, as (file, address, word).

    Of the page beside an interpreter at 0x400000 each address may be a number, too, that was counted up to: there two words side by
    side are what counts, as a table has them.

    Only what is mapped from the objects' files: nameless memory next to them may be the probe's own data, or an
    allocator's, where an old return address is no hook.
    """
    ranges = probe_range(pid)
    found = []
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for f in (line.split(None, 5) for line in mappings(pid)):
            start, end = (int(x, 16) for x in f[0].split('-'))
            name = f[5] if len(f) > 5 else ''
            if not name.startswith('/') or '/ld-' in name or 'memfd' in name or f[1][0] != 'r' or f[1][2:] != '-p':
                continue
            memory.seek(start)
            words = array.array('Q', memory.read(end - start))
            leads = {i: w for i, w in enumerate(words) if any(a <= w < b for a, b in ranges)}
            found += [(name, hex(start + 8 * i), hex(w)) for i, w in leads.items() if w >> 32 or i - 1 in leads or i + 1 in leads]
    return found


def hooked_words(pid):
    """How many there are."""
    return len(hooked_where(pid))


class Memspy:
    """The program, as we are, or as another user by a command that goes before it."""
    def __init__(self, binary, before=(), environment=None):
        self.binary, self.before = os.path.abspath(binary), before
        self.environment = environment or ENVIRONMENT

    def start(self, *args):
        process = subprocess.Popen([*self.before, self.binary, *map(str, args)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, errors='surrogateescape', env=self.environment)
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

    def kill(self, how, pid, file, after, *more):
        """Starts to attach or to record, and is killed after so many seconds, the daemon as well."""
        if os.path.exists(file):
            os.unlink(file)
        if how == 'attach':
            process = self.start('attach', '--foreground', '--pid', pid, *more)
        else:
            process = self.start('record', '--pid', pid, '--interval', 0.05, '-o', file, *more)
        time.sleep(after)
        process.kill()
        self.end(process)
        # The one who traces and hooks for "attach" is the daemon.
        for daemon in daemons() if how == 'attach' else []:
            kill(daemon)

    def report(self, file, view='live', by='line'):
        answer = self.run('report', file, '--format', 'json', '--view', view, '--by', by)
        assert answer.returncode == 0, f'report: {answer.stderr}'
        return json.loads(answer.stdout)


NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')


def memspy_of_nobody(memspy):
    """A copy of memspy that is run as nobody, with a folder of nobody's. Only root can."""
    folder = tempfile.mkdtemp(prefix='memspy-nobody-')  # ours is closed to others, and has to be
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chown(folder, 65534, 65534)
    binary = shutil.copy(memspy.binary, folder)
    os.chmod(binary, 0o755)
    return Memspy(binary, NOBODY, dict(ENVIRONMENT, MEMSPY_RUNTIME_DIR=os.path.join(folder, 'run'))), folder


def held_ms(words):
    """From "one thread held 0.21 ms"; None when nothing was held."""
    m = re.search(r'held ([\d.]+) (µs|us|ms|s)\b', words)
    return float(m[1]) * {'µs': 1e-3, 'us': 1e-3, 'ms': 1, 's': 1e3}[m[2]] if m else None


def path_of(name):
    return os.path.join(scratch, name)


def some_instant(random):
    """When to kill or to stop: the instants of an attach are the first 60 ms."""
    return random.random() * random.choice((0.03, 0.06, 0.3))


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
    # Before it has begun its file is an empty document.
    return document.get('target', {}).get('pid') == pid and bool(document['ticks'])


def last_moment(path):
    """Of a recording that goes on: seconds since its first tick."""
    return recording(path)[-1]['t']


def more_ticks(path, count):
    """Waits until a recording that goes on has so many ticks more. Its last moment."""
    then = len(recording(path))
    assert wait_until(lambda: len(recording(path)) >= then + count), f'no {count} ticks more'
    return last_moment(path)


def wait_until(what, patience=60):
    end = time.monotonic() + patience
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def begin(seconds, skip_reason=None):
    """First line of every script's main."""
    limit(seconds)
    # Ignored by a shell that started us in the background, or by nohup; whom we start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if not may_trace():
        print('skip  this machine does not let us trace processes')
        sys.exit(SKIP)


def by_kind(kinds, seconds=3000):
    """The main of a script: MEMSPY VERSIONS [--only KIND,…]; kinds is {name: (case, its own arguments…)}."""
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--only')
    a = parser.parse_args()
    begin(seconds)
    memspy, results = Memspy(a.memspy), Results()
    found = each_python(a.versions)
    if not found:
        sys.exit(SKIP)
    for name, python in found:
        for kind, (case, *more) in kinds.items():
            if not a.only or kind in a.only.split(','):
                results.run(f'{name} {kind}', case, memspy, python, *more)
    results.end()
