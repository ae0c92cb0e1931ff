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
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import memspy_live as live
from guest import BLOCK, LINE, Guest
from memspy_live import Memspy, Results
from places import NOBODY, PLACES, guest_in, here
import pythons

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
    with guest_in(place, python) as guest:
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
    with guest_in('chroot', python) as guest:
        answer = memspy.record(guest.pid, live.path_of('refused.json'), '--inject', 'dlopen')
        assert answer.returncode == 1 and re.search('it sees no /proc|its C library is musl', answer.stderr), answer.stderr
        assert not live.ours(guest.pid) and not live.our_descriptors(guest.pid), 'it was touched'
        assert not guest.faults()
        return answer.stderr.strip()


def dlopen_in_its_root(memspy, python):
    """Its libraries are read where it sees them: our names lead nowhere, or to others."""
    with guest_in('foreign root without any file of ours, own namespaces', python) as guest:
        for _ in range(10):  # it may be in its allocator just then
            answer = memspy.record(guest.pid, live.path_of('dlopen.json'), '--inject', 'dlopen')
            if answer.returncode == 0 or 'musl' in answer.stderr:
                break
            assert answer.returncode == 1 and 'could not be unwound' not in answer.stderr, answer.stderr
        assert answer.returncode == 0 or 'its C library is musl' in answer.stderr, answer.stderr
        assert not guest.faults()
        return answer.stderr.strip() if answer.returncode else ''


CASES = {
    'in by dlopen, in the foreign root': dlopen_in_its_root, 'in by dlopen, in a chroot without /proc': dlopen_without_proc,
    'a debugger is attached': debugged, "another user's process": not_ours, 'no Python': no_python,
}


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
        for place, case in CASES.items():
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
