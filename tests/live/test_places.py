#!/usr/bin/env python3
"""
memspy works wherever a CPython runs, or says why not; the process is well in any case. Arguments: memspy, versions,
[--only NAME,...] [--list].
"""
import argparse
import ctypes
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

import memspy_live as live
from memspy_live import Memspy, NotHere, Results
import pythons

# A file of nobody's: the text comes with the command. A thread allocates; the main thread answers.
PROGRAM = '''
import sys, threading, time
kept, done = [], [0]
def remember(n):
    kept.append(bytearray(n))
def work():
    while True:
        remember(200000)
        if len(kept) > 40:
            del kept[:20]
        done[0] += 1
        time.sleep(0.002)
t = threading.Thread(target=work)
t.daemon = True
t.start()
print('ready')
sys.stdout.flush()
for line in iter(sys.stdin.readline, ''):
    print(done[0])
    sys.stdout.flush()
'''
LINE, BLOCK = 5, 200000  # of the bytearray
NOBODY = 65534


class Guest:
    """The program, somewhere, and its process id as we see it."""

    def __init__(self, command, **how):
        self.errors = tempfile.NamedTemporaryFile(dir=live.scratch, delete=False)
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                            text=True, bufsize=1, **how)
        except PermissionError as fault:
            raise NotHere(str(fault))
        live.running.append(self.process)
        line = self.answer()
        if line != 'ready\n':
            with open(self.errors.name) as f:
                words = f.read().strip()
            self.__exit__()
            raise NotHere(f"it does not start: {words.splitlines()[-1:] or line!r}")
        self.pid = self.process.pid
        while children(self.pid):
            self.pid = children(self.pid)[0]

    def answer(self):
        """Its next line; "" when it ended or is stuck."""
        ready = select.select([self.process.stdout], [], [], 60)[0]
        return self.process.stdout.readline() if ready else ''

    def count(self):
        try:
            self.process.stdin.write('\n')
            self.process.stdin.flush()
        except OSError:
            return -1
        return int(self.answer() or -1)

    def faults(self):
        """What is wrong with it now."""
        before = self.count()
        if before < 0:
            return [f'the target does not answer: {self.process.poll()}']
        works = live.wait_until(lambda: self.count() > before)
        return live.let_go(self.pid) + ([] if works else ['the target stands still'])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process in live.running:
            live.running.remove(self.process)


def children(pid):
    try:
        with open(f'/proc/{pid}/task/{pid}/children') as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


# ---- places: from a Python's path to the command that starts it there, and how ----

def program(python, *options):
    return [python, *options, '-c', PROGRAM]


def inside(script, command, *namespaces):
    """The command behind a shell's preparations, in namespaces of its own."""
    return ['unshare', *namespaces, 'sh', '-c', script + '\nexec "$@"', 'sh', *command]


def here(python):
    return dict(command=program(python))


def own_namespaces(python):
    return dict(command=inside('mount -t proc proc /proc || exit 1', program(python), '--mount', '--pid', '--user',
                               '--map-root-user', '--fork', '--kill-child'))


def foreign_root(python):
    """Nothing of ours is visible: not memspy, not the tests, not the machine's files; own mount, pid and user namespaces."""
    root, path = pythons.root_of(python)
    if not root:
        raise NotHere('no Python of another root (scripts/pythons gets some)')
    script = f'mount --bind {root} {root} && mount -t proc proc {root}/proc && mount -t tmpfs tmpfs {root}/tmp || exit 1'
    return dict(command=inside(script, ['chroot', root, *program(path)], '--mount', '--pid', '--user', '--map-root-user',
                               '--fork', '--kill-child'))


def in_chroot(python):
    root, path = pythons.root_of(python)
    if not root:
        raise NotHere('no Python of another root (scripts/pythons gets some)')
    return dict(command=['chroot', root, *program(path)])


def read_only(python):
    return dict(command=inside('mount -o remount,bind,ro / || exit 1; touch / 2>/dev/null && exit 1', program(python), '--mount'))


def no_tmp(python):
    script = 'for d in /tmp /var/tmp /dev/shm /run; do mount -t tmpfs -o ro,mode=0 tmpfs $d || exit 1; done'
    return dict(command=inside(script, program(python), '--mount'), cwd='/')


def noexec(python):
    script = 'for d in /tmp /var/tmp /dev/shm /run; do mount -t tmpfs -o noexec tmpfs $d || exit 1; done'
    return dict(command=inside(script, program(python), '--mount'), cwd='/')


def other_user(python):
    def become():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return dict(command=program(python), preexec_fn=become, cwd='/')


def renamed(python):
    """The executable under another name, and gone since: an upgrade took it away."""
    if pythons.root_of(python)[0]:
        raise NotHere('a Python of another root stays there')
    copy = live.path_of('shopd')
    shutil.copy(os.path.realpath(python), copy)
    prefix = subprocess.check_output([python, '-c', 'import sys; print(sys.prefix)'], text=True).strip()
    return dict(command=program(copy), env=dict(os.environ, PYTHONHOME=prefix), then=lambda: os.unlink(copy))


def by_loader(python):
    """Started through the loader, as some bundles are: the process's executable is ld.so."""
    if pythons.root_of(python)[0]:
        raise NotHere('a Python of another root stays there')
    real = os.path.realpath(python)
    with open(real, 'rb') as f:
        loader = re.search(rb'/[^\0]*/ld-[^\0]*', f.read(4096))[0].decode()  # as the program asks for
    return dict(command=[loader, *program(real)])


KILL, REFUSE, UNKNOWN = 0x80000000, 0x00050000 | 1, 0x00050000 | 38
DOCKER = {n: REFUSE for n in (101, 155, 165, 166, 167, 169, 175, 176, 246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 312,
                              313, 321, 323, 425, 426, 427)}
DOCKER[435] = UNKNOWN
MEMFD_CREATE = 319


def filtered(numbers):
    """A seccomp filter over all that this process and its children will do: {number: what happens}."""
    def place(python):
        rows = [(0x20, 0, 0, 0)]  # load the number
        for n, action in sorted(numbers.items()):
            rows += [(0x15, 0, 1, n), (0x06, 0, 0, action)]
        rows.append((0x06, 0, 0, 0x7fff0000))
        code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *r) for r in rows))
        filter_ = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', len(rows), ctypes.addressof(code)))
        libc = ctypes.CDLL(None)

        def become():
            if not code or libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
                os._exit(9)
        root, path = pythons.root_of(python)
        if root:
            raise NotHere('a Python of another root is started with mount')
        return dict(command=program(python), preexec_fn=become)
    return place


def preloaded(library):
    def place(python):
        root, path = pythons.root_of(python)
        for folder in [root] if root else ['/', *pythons.roots()]:
            found = f'{folder}/usr/lib/x86_64-linux-gnu/{library}'.replace('//', '/')
            if not os.path.exists(found):
                continue
            if root:  # it is there under its own name, for the program only
                again = 'import os, sys; os.environ["LD_PRELOAD"] = sys.argv[1]; os.execv(sys.executable, [sys.executable, "-c", sys.argv[2]])'
                return dict(command=[python, '-c', again, found[len(root):], PROGRAM], check=library)
            env = dict(os.environ, LD_PRELOAD=found)
            answer = subprocess.run([python, '-c', ''], env=env, capture_output=True)
            if answer.returncode == 0 and not answer.stderr:
                return dict(command=program(python), env=env, check=library)
        raise NotHere(f'no {library} that this Python can load (scripts/pythons gets some)')
    return place


def malloc(kind):
    def place(python):
        if not live.runs(python, PYTHONMALLOC=kind):
            raise NotHere(f'this Python knows no PYTHONMALLOC={kind}')
        return dict(command=program(python), env=dict(os.environ, PYTHONMALLOC=kind))
    return place


def option(*options):
    def place(python):
        if not live.runs(python, *options):
            raise NotHere(f"this Python knows no {' '.join(options)}")
        return dict(command=program(python, *options))
    return place


PLACES = {
    'here': here,
    'own mount, pid and user namespace': own_namespaces,
    'foreign root without any file of ours, own namespaces': foreign_root,
    'chroot': in_chroot,
    'read-only root': read_only,
    'no /tmp, /run, /dev/shm': no_tmp,
    'noexec /tmp, /run, /dev/shm': noexec,
    'another user': other_user,
    'executable renamed and deleted': renamed,
    'started through ld.so': by_loader,
    'seccomp as in Docker': filtered(DOCKER),
    'seccomp refuses memfd_create': filtered({MEMFD_CREATE: REFUSE}),
    'seccomp kills at memfd_create': filtered({MEMFD_CREATE: KILL}),
    'jemalloc preloaded': preloaded('libjemalloc.so.2'),
    'tcmalloc preloaded': preloaded('libtcmalloc_minimal.so.4'),
    'PYTHONMALLOC=malloc': malloc('malloc'),
    'PYTHONMALLOC=debug': malloc('debug'),
    'PYTHONMALLOC=malloc_debug': malloc('malloc_debug'),
    'PYTHONMALLOC=pymalloc_debug': malloc('pymalloc_debug'),
    'PYTHONMALLOC=mimalloc': malloc('mimalloc'),
    'PYTHONMALLOC=mimalloc_debug': malloc('mimalloc_debug'),
    'python -X dev': option('-X', 'dev'),
    'python -X tracemalloc': option('-X', 'tracemalloc=5'),
    'python -X disable-remote-debug': option('-X', 'disable-remote-debug'),
}
SHORT = {p for p in PLACES if not p.startswith('PYTHONMALLOC=')} | {'PYTHONMALLOC=debug'}


def dumped(memspy, pid):
    answer = memspy.run('dump', '--pid', pid, '--format', 'json')
    assert answer.returncode == 0, f'dump: {answer.stderr.strip()}'
    stacks = [[(f['function'], f['file']) for f in t['frames']] for t in json.loads(answer.stdout)['threads']]
    assert any(s[-1:] == [('<module>', '<string>')] for s in stacks), f'no main thread in {stacks}'
    assert any(('work', '<string>') in s for s in stacks), f'no working thread in {stacks}'


def recorded(memspy, guest):
    file = live.path_of('place.json')
    before = guest.count()
    session = memspy.start('record', '-v', '-f', '--pid', guest.pid, '--interval', 0.1, '--sample-bytes', '64K', '-o', file)
    begun = live.wait_until(lambda: session.poll() is not None or live.has_ticks(file, guest.pid))
    first = guest.count()
    enough = live.wait_until(lambda: guest.count() > first + 150 or session.poll() is not None)
    last = guest.count()
    session.send_signal(signal.SIGINT)
    answer = memspy.end(session)
    after = guest.count()
    assert answer.returncode == 0 and begun and enough, f'record: {answer.stderr.strip()}'
    rows = memspy.report(file, 'allocated')['rows']
    top = rows[0] if rows else None
    assert top and (top['function'], top['file'], top['line']) == ('remember', '<string>', LINE), f'on top is {top}'
    # It is counted once: all of what was while it was recorded for certain, and no more than there was from before to after.
    least, most = (last - first - 1) * BLOCK, (after - before + 1) * BLOCK
    assert 0.9 * least < top['own_bytes'] < 1.1 * most, f"{top['own_bytes']} of {least} to {most} bytes"
    return live.held_ms(answer.stderr)


def served(memspy, place, python):
    how = PLACES[place](python)
    then, check = how.pop('then', None), how.pop('check', None)
    with Guest(**how) as guest:
        if then:
            then()
        assert not check or any(check in line for line in live.mappings(guest.pid)), f'{check} is not loaded'
        try:
            dumped(memspy, guest.pid)
            held = recorded(memspy, guest)
        finally:
            faults = guest.faults()
            assert not faults, faults
        return f'dump and record are right, one thread held {held:.2f} ms'


# ---- what is refused, and the sentence ----

def refused(memspy, guest, words, **how):
    for command in ('record', 'doctor'):
        more = ['-f', '-o', how.get('folder', live.scratch) + '/refused.json', '--duration', '0.2'] if command == 'record' else []
        answer = subprocess.run([*how.get('by', []), how.get('binary', memspy.binary), command, '--pid', str(guest.pid), *more],
                                capture_output=True, text=True,
                                env=dict(live.ENVIRONMENT, MEMSPY_RUNTIME_DIR=how.get('folder', live.scratch) + '/run'))
        said = answer.stderr.strip()
        assert answer.returncode == 1, f'{command}: exit {answer.returncode} {said}'
        assert re.search(words, said), f'{command} says: {said}'
    return said


def debugged(memspy, python):
    libc = ctypes.CDLL(None, use_errno=True)
    with Guest(**here(python)) as guest:
        assert libc.ptrace(0x4206, guest.pid, 0, 0) == 0
        try:
            said = refused(memspy, guest, r'another tracer is attached: \S+ \(pid \d+\); detach it')
        finally:
            libc.ptrace(0x4207, guest.pid, 0, 0)  # PTRACE_INTERRUPT
            os.waitpid(guest.pid, 0)
            libc.ptrace(17, guest.pid, 0, 0)  # PTRACE_DETACH
        assert not guest.faults()
        return said


def not_ours(memspy, python):
    with tempfile.TemporaryDirectory() as folder, Guest(**here(python)) as guest:
        os.chmod(folder, 0o777)
        binary = shutil.copy(memspy.binary, folder)
        said = refused(memspy, guest, 'it belongs to root and memspy runs as nobody; run it as root or give it CAP_SYS_PTRACE',
                       by=['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups'], binary=binary, folder=folder)
        assert not guest.faults()
        return said


def no_python(memspy, python):
    with subprocess.Popen(['sleep', '60']) as process:
        try:
            said = refused(memspy, process, r'is sleep, not CPython')
        finally:
            process.kill()
        return said


def dlopen_without_proc(memspy, python):
    """Its loader would open the probe by a name below /proc. It is not touched for that; the usual way in needs none."""
    with Guest(**in_chroot(python)) as guest:
        answer = memspy.record(guest.pid, live.path_of('refused.json'), '--inject', 'dlopen')
        assert answer.returncode == 1 and 'it sees no /proc' in answer.stderr, answer.stderr
        assert not live.ours(guest.pid) and not live.our_descriptors(guest.pid), 'it was touched'
        assert not guest.faults()
        return answer.stderr.strip()


REFUSALS = {'in by dlopen, in a chroot without /proc': dlopen_without_proc, 'a debugger is attached': debugged,
            "another user's process": not_ours, 'no Python': no_python}


# ---- uWSGI: a server that has libpython behind a plugin it loads late ----

APP = '''
kept = []
def application(environ, start_response):
    kept.append(bytearray(100000))
    start_response('200 OK', [])
    return [b'%d' % len(kept)]
'''


def uwsgi(memspy, wrapper):
    app, file = live.path_of('shopapp.py'), live.path_of('uwsgi.json')
    with open(app, 'w') as f:
        f.write(APP)
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    process = subprocess.Popen([wrapper, '--plugin', 'python3', '--http-socket', f'127.0.0.1:{port}', '--wsgi-file', app],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    live.running.append(process)

    def ask():
        try:
            return int(urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=60).read())
        except OSError:
            return 0
    try:
        assert live.wait_until(ask), 'it does not answer'
        session = memspy.start('record', '-f', '--pid', process.pid, '--duration', 120, '--sample-bytes', '16K', '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, process.pid) or session.poll() is not None), 'no tick'
        before = ask()
        for _ in range(100):
            assert ask(), 'a request was not answered'
        time.sleep(0.2)
        session.send_signal(2)
        answer = memspy.end(session)
        assert answer.returncode == 0, answer.stderr
        top = memspy.report(file)['rows'][0]
        assert (top['function'], top['line']) == ('application', 4), top
        assert ask() == before + 101 and not live.let_go(process.pid)
        return f"{top['own_bytes']} of 10,100,000 bytes on its line"
    finally:
        process.kill()
        process.wait()
        live.running.remove(process)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions', nargs='?', default='system')
    parser.add_argument('--short', action='store_true')
    parser.add_argument('--only')
    a = parser.parse_args()
    live.begin(3000)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found or os.getuid() != 0:
        print('skip  no Python, or not root: places are made with namespaces, chroot and other users')
        sys.exit(live.SKIP)
    wanted = set(a.only.split(';')) if a.only else SHORT if a.short else set(PLACES)
    for name, python in found:
        for place in PLACES:
            if place in wanted:
                results.run(f'{name} {place}', served, memspy, place, python)
        for place, case in REFUSALS.items():
            if not a.only or place in wanted:
                results.run(f'{name} {place}', case, memspy, python)
    if not a.only or 'uWSGI' in wanted:
        wrappers = pythons.others('uwsgi')
        for wrapper in wrappers:
            results.run(f'{os.path.basename(wrapper)}', uwsgi, memspy, wrapper)
        if not wrappers:
            results.skip('uWSGI', 'scripts/pythons gets it')
    results.end()


if __name__ == '__main__':
    main()
