#!/usr/bin/env python3
"""Two memspys that do not know each other come to one process: one gets it, the other is told who has it. Argument: memspy."""
import os
import shutil
import signal
import sys
import tempfile

import memspy_live as live
from memspy_live import Memspy, Results, Target

SAYS = 'is attached to it already; stop that one'


def other(memspy, before=()):
    """One with a daemon of its own."""
    return Memspy(memspy.binary, before, dict(live.ENVIRONMENT, MEMSPY_RUNTIME_DIR=tempfile.mkdtemp(dir=live.scratch)))


def record(memspy, pid, name):
    return memspy.start('record', '-f', '--exact', '--interval', 0.1, '--pid', pid, '-o', live.path_of(name))


def at_the_same_moment(memspy, python):
    """Each time a process that no memspy has seen, then one that a session has left."""
    two, told = [memspy, other(memspy)], 0
    for _ in range(4):
        with Target(python, 'shelves.py') as target:
            for _ in range(2):
                started = [record(m, target.pid, f'{i}.json') for i, m in enumerate(two)]
                assert live.wait_until(lambda: any(p.poll() is not None for p in started)), 'nobody was refused'
                [winner] = [i for i, p in enumerate(started) if p.poll() is None]
                assert live.wait_until(lambda: live.has_ticks(live.path_of(f'{winner}.json'), target.pid)), 'no tick'
                target.ask('fill')
                started[winner].send_signal(signal.SIGINT)
                answers = [m.end(p) for m, p in zip(two, started)]
                codes = [a.returncode for a in answers]
                words = ' / '.join(a.stderr for a in answers)
                assert sorted(codes) == [0, 1], f'{codes} {words}'
                refusal = answers[codes.index(1)].stderr
                told += SAYS in refusal
                assert SAYS in refusal or 'traced' in refusal or 'try again' in refusal, refusal
                assert 'remember' in open(live.path_of(f'{winner}.json')).read()
                assert not live.hooked_words(target.pid), live.hooked_where(target.pid)
                assert len(live.ours(target.pid)) <= 3, live.ours(target.pid)
                target.ask('empty')
            assert not live.let_go(target.pid)
    assert told, 'nobody was told who has it'
    return f'{told} of 8 were told by the lock'


def says_who(memspy, python):
    with Target(python, 'shelves.py') as target:
        first = memspy.start('record', '--interval', 0.1, '--pid', target.pid, '-o', live.path_of('first.json'))
        assert live.wait_until(lambda: live.has_ticks(live.path_of('first.json'), target.pid))
        answer = other(memspy).run('record', '--pid', target.pid, '--duration', 1, '-o', live.path_of('second.json'))
        assert answer.returncode == 1 and f'memspy (pid {first.pid}) {SAYS}: Ctrl-C there' in answer.stderr, answer.stderr
        first.terminate()
        memspy.end(first)
        assert not live.let_go(target.pid)


def sees_another_procfs(memspy, python):
    """As a sidecar does: the lock on procfs is another one there; that on the table is the same."""
    before = ('unshare', '-m', 'sh', '-c', 'mount -t proc proc /proc && exec "$@"', 'sh')
    with Target(python, 'shelves.py') as target:
        first = memspy.start('record', '--interval', 0.1, '--pid', target.pid, '-o', live.path_of('host.json'))
        assert live.wait_until(lambda: live.has_ticks(live.path_of('host.json'), target.pid))
        answer = other(memspy, before).run('record', '--pid', target.pid, '--duration', 1, '-o', live.path_of('sidecar.json'))
        assert answer.returncode == 1 and SAYS in answer.stderr, answer.stderr
        first.terminate()
        memspy.end(first)
        assert not live.let_go(target.pid)


def main():
    memspy, results = Memspy(sys.argv[1]), Results()
    live.begin(240)
    for name, python in live.each_python('3.12'):
        results.run(f'{name} at the same moment', at_the_same_moment, memspy, python)
        results.run(f'{name} says who', says_who, memspy, python)
        if os.getuid() or not shutil.which('unshare'):
            results.skip(f'{name} sees another procfs', 'it takes root and unshare')
        else:
            results.run(f'{name} sees another procfs', sees_another_procfs, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
