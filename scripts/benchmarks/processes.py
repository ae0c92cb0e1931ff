"""The processes of a benchmark: a memspy with a daemon of its own, and targets that do as they are told."""
import atexit
import hashlib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / 'tests/support'))
import pythons  # noqa: E402

# glibc gives the top of its heap back when it likes; one block more or less there can make a loop three times faster.
STEADY = {'MALLOC_TRIM_THRESHOLD_': '2000000000', 'MALLOC_TOP_PAD_': '50000000', 'PYTHONHASHSEED': '0'}
scratch = pathlib.Path(tempfile.mkdtemp(prefix='memspy-bench-'))  # 0700, as the daemon wants it
running = []


class Fault(Exception):
    """A sentence for whoever started the benchmark."""


class Missing(Fault):
    """Something that cannot be measured here; named in the table."""


@atexit.register
def clean():
    for process in running:
        if process.poll() is None:
            kill(process)
    for _ in range(20):  # a daemon that is just leaving takes its files away, too
        shutil.rmtree(scratch, ignore_errors=True)
        if not scratch.exists():
            return
        time.sleep(0.05)


def start(arguments, env=None, **more):
    process = subprocess.Popen([str(a) for a in arguments], env=dict(os.environ, **STEADY, **(env or {})),
                               start_new_session=True, **more)
    running.append(process)
    return process


def kill(process):
    """It and what it started: each has a process group of its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
    process.wait()


def end(process):
    if process.poll() is None:
        kill(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
    if process in running:
        running.remove(process)


def each_python(paths):
    """[(version, path)] of those given, or of all that are found."""
    if paths:
        found = []
        for path in paths:
            version = pythons.version_of(path)
            if not version:
                raise Fault(f'{path} does not run as a Python; --python takes the path of an interpreter')
            found.append((full_version(path), path))
        return found
    found = []
    for wanted in pythons.WANTED:
        path = pythons.find(wanted)
        if path and path not in [p for _, p in found]:
            found.append((full_version(path), path))
        elif not path:
            print(f'bench: CPython {wanted} is not installed', file=sys.stderr)
    return found


def one_python(paths):
    """Those given; else one that most people could have."""
    found = each_python(paths)
    return found if paths else [f for f in found if f[0].startswith('3.12')] or found[-1:]


def full_version(path):
    """3.12.1; and whose it is when it is the distribution's, for those are built to be fast."""
    code = "import sys; sys.stdout.write('%d.%d.%d' % sys.version_info[:3])"
    version = subprocess.run([path, '-c', code], capture_output=True, text=True, timeout=20).stdout.strip()
    return f'{version} (system)' if os.path.realpath(path).startswith('/usr/bin/') else version


class Setting:
    """How memspy is to attach: a column of the table."""

    def __init__(self, domains=None, sample_bytes=None, inject=None, beside=None):
        self.domains, self.sample_bytes, self.inject = domains, sample_bytes, inject
        self.beside = beside  # another binary than the one that is measured; None: that one

    def __str__(self):
        said = [self.domains or 'default', self.sample_bytes or '', self.inject or '', self.beside and digest(self.beside)]
        return ' '.join(s for s in said if s)

    def arguments(self):
        exact = self.sample_bytes == 'exact'
        named = [('--domains', self.domains), ('--sample-bytes', not exact and self.sample_bytes), ('--inject', self.inject)]
        return ['--exact'] * exact + [w for name, value in named if value for w in (name, value)]


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:12]


class Memspy:
    """The one that is measured; and those beside it, each with a daemon of its own."""

    def __init__(self, path, beside=()):
        self.path = str(path)
        for p in (path, *beside):
            if not os.access(p, os.X_OK):
                raise Fault(f'{p} is not there; build it (ninja -C build) or name it with --memspy')
        self.build = pathlib.Path(path).resolve().parent.parent.parent
        self.environment = dict(os.environ, MEMSPY_RUNTIME_DIR=str(scratch), NO_COLOR='1')
        self.attached = {}

    def call(self, *words, patience=60, binary=None):
        environment = self.environment
        if binary:
            own = scratch / digest(binary)
            own.mkdir(mode=0o700, exist_ok=True)
            environment = dict(environment, MEMSPY_RUNTIME_DIR=str(own))
        done = subprocess.run([binary or self.path, *map(str, words)], env=environment, capture_output=True, text=True,
                              timeout=patience)
        if done.returncode:
            raise Fault(f"memspy {' '.join(map(str, words))}: {done.stderr.strip() or done.returncode}")
        return done

    def attach(self, pid, setting=Setting()):
        """What memspy says of the session."""
        self.call('attach', '--pid', pid, *setting.arguments(), binary=setting.beside)
        self.attached[pid] = setting
        return self.session(pid)

    def detach(self, pid):
        self.call('detach', '--pid', pid, binary=self.binary_of(pid))
        self.attached.pop(pid, None)

    def become(self, pid, setting):
        """Attached in this way, or (None) not at all; nothing is done when it is so already."""
        if self.attached.get(pid) is setting:
            return
        if pid in self.attached:
            self.detach(pid)
        if setting:
            self.attach(pid, setting)

    def binary_of(self, pid):
        return self.attached[pid].beside if pid in self.attached else None

    def sessions(self, binary=None):
        return json.loads(self.call('status', '--format', 'json', binary=binary).stdout)['sessions']

    def session(self, pid):
        for s in self.sessions(self.binary_of(pid)):
            if s['pid'] == pid:
                return s
        raise Fault(f'memspy status does not show {pid}')

    def daemon(self):
        """Its pid. The daemon is ours when it has our runtime directory."""
        wanted = f'MEMSPY_RUNTIME_DIR={scratch}'.encode()
        for entry in pathlib.Path('/proc').glob('[0-9]*'):
            try:
                words = (entry / 'cmdline').read_bytes().split(b'\0')
                if words[1:2] == [b'daemon'] and wanted in (entry / 'environ').read_bytes().split(b'\0'):
                    return int(entry.name)
            except OSError:
                continue
        raise Fault('no memspy daemon is running')


class Target:
    """A Python that runs inside.py with modules of work."""

    def __init__(self, python, *modules, env=None, options=(), inside='inside.py'):
        self.log = tempfile.TemporaryFile('w+', dir=scratch)
        # Where other tools write beside us, they must not leave their caches in the tree.
        env = dict(env or {}, PYTHONDONTWRITEBYTECODE='1')
        self.process = start([python, *options, HERE / inside, *modules], env, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=self.log, bufsize=0, cwd=scratch)
        self.pid, self.rest, said = self.process.pid, b'', []
        while said[-1:] != ['ready']:  # other tools talk before
            said.append(self.line(60))
            if len(said) > 50:
                raise self.fault(f'did not start: {said[:3]}')

    def fault(self, what):
        self.log.flush()
        self.log.seek(0)
        return Fault(f'the target {what} {self.log.read()[-400:].strip()}')

    def line(self, patience):
        """Its next line; the fault says so when it takes longer than that."""
        while b'\n' not in self.rest:
            if not select.select([self.process.stdout], [], [], patience)[0]:
                raise self.fault(f'did not answer within {patience} s')
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                raise self.fault(f'ended ({self.process.wait()})')
            self.rest += got
        line, _, self.rest = self.rest.partition(b'\n')
        return line.decode()

    def tell(self, *words):
        self.process.stdin.write((' '.join(map(str, words)) + '\n').encode())

    def ask(self, *words, patience=120):
        self.tell(*words)
        answer = self.line(patience)
        if answer.startswith('missing: '):
            raise Missing(answer[9:])
        if answer.startswith('fault: '):
            raise Fault(f"{' '.join(map(str, words))}: {answer[7:]}")
        return answer

    def size(self, name, seconds):
        return int(self.ask('size', name, seconds))

    def run(self, name, count):
        """(wall seconds, CPU seconds)"""
        return tuple(float(w) for w in self.ask('run', name, count).split())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)
        self.log.close()


def rss(pid, field='VmRSS'):
    text = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(re.search(rf'^{field}:\s+(\d+)', text, re.M).group(1)) * 1024
