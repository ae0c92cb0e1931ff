#!/usr/bin/env python3
"""
The page beside the interpreter: there where it is far from libc, CPython's tables lead to it while blocks are sampled and
diverted, to nothing of ours afterwards, and there is one, whoever came and was killed. Arguments: memspy, versions.
"""
import os
import signal
import sys

import memspy_live as live
from memspy_live import Memspy, Results, Target

GIB4 = 1 << 32


def starts(pid, named):
    """Where the first object begins whose file name holds this."""
    for f in (line.split(None, 5) for line in live.mappings(pid)):
        if len(f) > 5 and named in os.path.basename(f[5]):
            return int(f[0].split('-')[0], 16)
    return None


def is_far(pid):
    """From where the probe lies, beside libc, to the interpreter: another 4 GiB of addresses."""
    interpreter = starts(pid, 'libpython') or starts(pid, 'python')
    libc = starts(pid, 'libc.so') or starts(pid, 'libc-2') or starts(pid, 'ld-musl')
    return interpreter // GIB4 != libc // GIB4


def through_page(pid):
    """Of the words that lead to us: those into a page, and whether each is in the interpreter's own 4 GiB."""
    pages = live.near_pages(pid)
    found = [(where, word) for _, where, word in live.hooked_where(pid)
             if any(start <= int(word, 16) < end for start, end in pages)]
    return len(found), all(int(where, 16) // GIB4 == int(word, 16) // GIB4 for where, word in found)


class Session:
    """A recording that goes on; its ticks are waited for."""
    def __init__(self, memspy, pid, *more):
        self.memspy, self.file = memspy, live.path_of('near.json')
        self.process = memspy.start('record', '-f', '--interval', 0.1, '--pid', pid, '-o', self.file, *more)
        assert live.wait_until(lambda: self.process.poll() is not None or live.has_ticks(self.file, pid)), 'no tick'
        assert self.process.poll() is None, memspy.end(self.process).stderr

    def ends(self, how=signal.SIGINT):
        self.process.send_signal(how)
        answer = self.memspy.end(self.process)
        assert answer.returncode == (0 if how == signal.SIGINT else -how), f'exit {answer.returncode} {answer.stderr}'


def words(target, session, many):
    there, beside = through_page(target.pid)
    assert there == many and beside, f'{there} words lead to the page, not {many}; beside the interpreter: {beside}'
    return target.ask('fill')


def leads_there(memspy, python):
    with Target(python, 'shelves.py') as target:
        # Three of each table: PyObject_Free stays the interpreter's own.
        many = 6 if is_far(target.pid) else 0
        for way in ('map', 'dlopen', 'auto'):
            session = Session(memspy, target.pid, '--inject', way)
            words(target, session, many)
            session.ends()
            assert 'remember' in open(session.file).read()
            assert not live.hooked_words(target.pid), live.hooked_where(target.pid)
            assert len(live.near_pages(target.pid)) == bool(many), live.ours(target.pid)
            target.ask('empty')
        exact = Session(memspy, target.pid, '--exact')
        words(target, exact, 0)
        exact.ends()
        target.ask('empty')
        again = Session(memspy, target.pid)
        words(target, again, many)
        again.ends()
        assert not live.hooked_words(target.pid), live.hooked_where(target.pid)
        assert not live.let_go(target.pid)
        target.ask('empty')
    return 'beside the interpreter' if many else 'not needed: the interpreter is as near as libc'


def by_dlopen(memspy, python):
    with Target(python, 'shelves.py') as target:
        if starts(target.pid, 'ld-musl'):
            raise live.NotHere('by dlopen memspy does not go into musl')
        session = Session(memspy, target.pid, '--inject', 'dlopen')
        words(target, session, 6 if is_far(target.pid) else 0)
        session.ends()
        assert not live.hooked_words(target.pid), live.hooked_where(target.pid)


def after_a_kill(memspy, python):
    """What a killed one has left leads to the page still; the next puts it back, whatever it counts itself."""
    with Target(python, 'shelves.py') as target:
        many = 6 if is_far(target.pid) else 0
        for more in ((), ('--exact',), ('--domains', 'malloc'), ()):
            killed = Session(memspy, target.pid)
            words(target, killed, many)
            killed.ends(signal.SIGKILL)
            assert through_page(target.pid)[0] == many
            after = Session(memspy, target.pid, *more)
            words(target, after, 0 if more else many)
            after.ends()
            assert not live.hooked_words(target.pid), live.hooked_where(target.pid)
            assert len(live.near_pages(target.pid)) == bool(many), live.ours(target.pid)
            target.ask('empty')


def not_in_front_of_debug_hooks(memspy, python):
    """There free is wrapped as well, and what is sampled is not diverted."""
    with Target(python, 'shelves.py', env=dict(os.environ, PYTHONMALLOC='debug')) as target:
        session = Session(memspy, target.pid)
        words(target, session, 0)
        assert live.hooked_words(target.pid)
        session.ends()
        assert not live.hooked_words(target.pid), live.hooked_where(target.pid)
        target.ask('empty')


def children_step_aside(memspy, python):
    """A child that is not followed calls its allocators itself again, as soon as it has come through us once."""
    with Target(python, 'forked.py') as target:
        session = Session(memspy, target.pid)
        child = int(target.ask('fork'))
        of_tables = [where for name, where, _ in live.hooked_where(target.pid) if 'python' in os.path.basename(name)]
        there, _ = through_page(child)
        assert there == 0, f'{there} words of the child lead to the page'
        assert through_page(target.pid)[0] == (6 if is_far(target.pid) else 0), of_tables
        session.ends()
        assert target.ask('wait') == '0', 'the child'


def main():
    live.begin(1200)
    memspy, results = Memspy(sys.argv[1]), Results()
    found = live.each_python(sys.argv[2])
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        for story in (leads_there, by_dlopen, after_a_kill, not_in_front_of_debug_hooks, children_step_aside):
            results.run(f'{name}: {story.__name__.replace("_", " ")}', story, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
