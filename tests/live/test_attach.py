#!/usr/bin/env python3
"""Getting in and out leaves every kind of process as it was. Arguments: memspy, versions, [--rounds N] [--ways a,b]."""
import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import time

import memspy_live as live
from memspy_live import Memspy, Results, Worker

KINDS = ['threads', 'json', 'sleep', 'accept', 'lock', 'epoll', 'pipe', 'subprocess']
WAYS = ['map', 'dlopen', 'auto']


def once(memspy, python, kind, way):
    """A fresh process, in, out, and it must not have noticed: (faults, held in ms; "refused": this way in is not for it)."""
    file = live.path_of('attach.json')
    with Worker(python, kind) as target:
        faults = target.works()
        time.sleep(random.random() * 0.05)
        open_before = live.descriptors(target.pid)
        answer = memspy.record(target.pid, file, '--inject', way)
        if way == 'dlopen' and 'its C library is musl' in answer.stderr and answer.returncode == 1:
            faults += [] if live.ours(target.pid) == [] else ['it was touched before it was refused']
            return faults + live.let_go(target.pid) + target.works(), 'refused'
        if answer.returncode:
            return faults + [f'exit {answer.returncode}: {answer.stderr.strip()}'] + target.works(), None
        faults += live.let_go(target.pid) + target.works()
        # A subprocess of the target may come or go meanwhile; ours would stay.
        if not live.wait_until(lambda: live.descriptors(target.pid) <= open_before):
            faults.append(f'{open_before} descriptors before, {live.descriptors(target.pid)} after')
        hooked = live.hooked_words(target.pid)
        if hooked:
            faults.append(f'{hooked} words still lead to the probe')
        if way == 'dlopen' and 'dlopen at a safe point' not in answer.stderr or way == 'map' and 'mapped' not in answer.stderr:
            faults.append(f'the way in was another: {answer.stderr.strip()}')
        if not live.recording(file):
            faults.append('no tick was recorded')
        return faults, live.held_ms(answer.stderr)


def matrix(memspy, results, name, python, ways, rounds):
    for kind in KINDS:
        for way in ways:
            faults, held = [], []
            for _ in range(rounds):
                try:
                    f, ms = once(memspy, python, kind, way)
                except Exception as broken:
                    f, ms = [f'{type(broken).__name__}: {broken}'], None
                faults += f
                held += [ms] if ms is not None else []
            refused = held.count('refused')
            held = [ms for ms in held if ms != 'refused']
            said = f'held {statistics.median(held):.2f} ms median, {max(held):.2f} max' if held else ''
            if refused and not held:
                said = 'refused, as it should be: nobody can tell when dlopen is safe under musl'
            results.case(f'{name} {kind} by {way}, {rounds} rounds', faults, said)


def again(memspy, python, rounds):
    """In and out of one process many times: nothing piles up, and it is hooked only while we are there."""
    file = live.path_of('again.json')
    with Worker(python, 'threads') as target:
        after_second = None
        for i in range(rounds):
            answer = memspy.record(target.pid, file, duration=0.05)
            assert answer.returncode == 0, f'round {i}: {answer.stderr}'
            if i == 1:
                # Arenas of the allocator come and go; what is ours has a name.
                after_second = live.ours(target.pid), live.descriptors(target.pid)
        assert after_second == (live.ours(target.pid), live.descriptors(target.pid)), \
            f'{after_second} became {live.ours(target.pid), live.descriptors(target.pid)}'
        session = memspy.start('record', '-f', '--pid', target.pid, '--duration', 60, '-o', file)
        assert live.wait_until(lambda: live.hooked_words(target.pid) > 0), 'it is never hooked'
        session.send_signal(signal.SIGINT)
        memspy.end(session)
        assert live.hooked_words(target.pid) == 0, 'it is still hooked'
        faults = live.let_go(target.pid) + target.works()
        assert not faults, faults


def stopped(memspy, python, kind):
    """A process that somebody stopped: served or explained, and left stopped."""
    file = live.path_of('stopped.json')
    with Worker(python, kind) as target:
        os.kill(target.pid, signal.SIGSTOP)
        assert live.wait_until(lambda: live.status_of(target.pid)['State'][0] == 'T')
        answer = memspy.record(target.pid, file, '--inject', 'auto')
        assert answer.returncode in (0, 1), answer.stderr
        assert answer.returncode == 0 or 'stopped' in answer.stderr, f'not explained: {answer.stderr}'
        time.sleep(0.1)
        faults = live.let_go(target.pid, stopped=True)
        assert not faults, faults
        os.kill(target.pid, signal.SIGCONT)
        faults = target.works() + live.let_go(target.pid)
        assert not faults, faults
        return 'served' if answer.returncode == 0 else 'explained'


UNINTERRUPTIBLE = '''
import os, sys, threading, time
threading.Thread(target=lambda: [time.sleep(.01) for _ in iter(int, 1)], daemon=True).start()
print('ready', flush=True)
os.posix_spawn('/bin/true', ['true'], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 0, sys.argv[1], os.O_RDONLY, 0)])
print('back', flush=True)
time.sleep(60)
'''


def uninterruptible(memspy, python):
    """The main thread cannot be stopped: its child does not get to exec. Another one is taken, and this one forgotten."""
    file, fifo = live.path_of('uninterruptible.json'), live.path_of('fifo')
    if not os.path.exists(fifo):
        os.mkfifo(fifo)
    process = subprocess.Popen([python, '-c', UNINTERRUPTIBLE, fifo], stdout=subprocess.PIPE, text=True)
    live.running.append(process)
    assert process.stdout.readline() == 'ready\n'
    assert live.wait_until(lambda: live.status_of(process.pid)['State'][0] == 'D'), 'it does not wait for its child'
    session = memspy.start('record', '-f', '--pid', process.pid, '--duration', 60, '-o', file)
    served = live.wait_until(lambda: live.has_ticks(file, process.pid) or session.poll() is not None)
    with open(fifo, 'w'):
        back = process.stdout.readline()
    held = session.poll() is not None  # it came back only when memspy was gone
    live.wait_until(lambda: live.status_of(process.pid)['State'][0] == 't', 0.3)
    faults = live.let_go(process.pid)
    session.send_signal(signal.SIGINT)
    memspy.end(session)
    process.kill()
    process.wait()
    process.stdout.close()
    live.running.remove(process)
    assert served and back == 'back\n' and not held and not faults, (served, back, held, faults)


LIMITED = '''
import os, resource, signal, sys, time
if sys.argv[1] == 'threads':
    os.setgid(65534)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
    os.setuid(65533)
else:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
print('ready', flush=True)
while True:
    before = time.monotonic()
    if sys.argv[1] == 'threads':
        time.sleep(0.2)
    while time.monotonic() - before < 0.2:
        if sys.argv[1] == 'threads':
            print('cut short', flush=True)
'''


def limited(memspy, python, what):
    """It sleeps and may start no thread: the one that sleeps does it all. It may have no large files: a signal would kill it."""
    file = live.path_of('limited.json')
    with subprocess.Popen([python, '-c', LIMITED, what], stdout=subprocess.PIPE, text=True) as process:
        live.running.append(process)
        assert process.stdout.readline() == 'ready\n'
        answer = memspy.record(process.pid, file, '--inject', 'map')
        faults = live.let_go(process.pid)
        time.sleep(0.3)
        alive = process.poll() is None
        process.kill()
        said = process.stdout.read()
        live.running.remove(process)
    assert answer.returncode == 0 and alive and not faults and not said, (answer.stderr, faults, said)


def nobody_stops(memspy, python):
    """The only thread cannot be stopped: that is said soon, and what it was in goes on."""
    file, fifo = live.path_of('nobody.json'), live.path_of('fifo')
    if not os.path.exists(fifo):
        os.mkfifo(fifo)
    alone = UNINTERRUPTIBLE.replace('threading.Thread(target', '(lambda **_: None)(target').replace('.start()', '')
    process = subprocess.Popen([python, '-c', alone, fifo], stdout=subprocess.PIPE, text=True)
    live.running.append(process)
    assert process.stdout.readline() == 'ready\n'
    assert live.wait_until(lambda: live.status_of(process.pid)['State'][0] == 'D'), 'it does not wait for its child'
    began = time.monotonic()
    answer = memspy.record(process.pid, file)
    took = time.monotonic() - began
    with open(fifo, 'w'):
        back = process.stdout.readline()
    live.wait_until(lambda: live.status_of(process.pid)['State'][0] == 't', 0.3)
    faults = live.let_go(process.pid)
    served = memspy.record(process.pid, file)
    process.kill()
    process.communicate()
    live.running.remove(process)
    assert answer.returncode == 1 and answer.stderr.count('\n') == 1, answer.stderr
    assert 'did not stop' in answer.stderr and 'try again later' in answer.stderr, answer.stderr
    assert took < 20 and back == 'back\n' and not faults, (took, back, faults)
    assert served.returncode == 0, f'and once it was back: {served.stderr}'


def starved(memspy, python):
    """It gets next to no processor time: it is served, or that is said; what was begun in it ends well by itself."""
    file, core = live.path_of('starved.json'), {max(os.sched_getaffinity(0))}
    with Worker(python, 'threads') as target:
        for tid in map(int, os.listdir(f'/proc/{target.pid}/task')):
            os.sched_setaffinity(tid, core)
            os.sched_setscheduler(tid, os.SCHED_IDLE, os.sched_param(0))
        hogs = [subprocess.Popen(['sh', '-c', 'while :; do :; done'], preexec_fn=lambda: os.sched_setaffinity(0, core)) for _ in range(2)]
        live.running.extend(hogs)
        answers = [memspy.record(target.pid, file, '--inject', 'dlopen') for _ in range(2)]
        for hog in hogs:
            hog.kill()
            hog.wait()
            live.running.remove(hog)
        for answer in answers:
            assert answer.returncode in (0, 1), f'exit {answer.returncode}: {answer.stderr}'
            words = answer.stderr
            assert answer.returncode == 0 or words.count('\n') == 1 and ('try again later' in words or 'waits for a lock' in words), words
        faults = target.works()
        answer = memspy.record(target.pid, file)
        assert answer.returncode == 0, answer.stderr
        faults += target.works() + live.not_let_go(target.pid)
        assert not faults, faults
        return f'{sum(a.returncode == 0 for a in answers)} of {len(answers)} times served'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--again', type=int, default=0)
    parser.add_argument('--ways', default=','.join(WAYS))
    parser.add_argument('--limit', type=int, default=3000)
    a = parser.parse_args()
    live.begin(a.limit)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        matrix(memspy, results, name, python, a.ways.split(','), a.rounds)
        for kind in ('threads', 'sleep', 'pipe'):
            results.run(f'{name} stopped {kind}', stopped, memspy, python, kind)
        if live.runs(python, '-c', 'import os; os.posix_spawn'):
            results.run(f'{name} a thread in uninterruptible sleep', uninterruptible, memspy, python)
            results.run(f'{name} nothing but uninterruptible sleep', nobody_stops, memspy, python)
        if name == 'system':
            for what in ('threads', 'files'):
                results.run(f'{name} no more {what}', limited, memspy, python, what)
            results.run(f'{name} starved', starved, memspy, python)
        if a.again:
            results.run(f'{name} {a.again} times the same process', again, memspy, python, a.again)
    results.end()


if __name__ == '__main__':
    main()
