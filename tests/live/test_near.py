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
        if os.path.exists(self.file):  # of an earlier session: its ticks are not this one's
            os.unlink(self.file)
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


def after_failures(memspy, python):
    """A target without room for a descriptor: each attempt finds what the one before has left."""
    with Target(python, 'told.py') as target:
        target.ask('import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 64))')
        for i in range(5):
            answer = memspy.record(target.pid, live.path_of('near.json'))
            assert answer.returncode == 1 and 'too many open files' in answer.stderr.lower(), answer.stderr
            assert len(live.near_pages(target.pid)) == is_far(target.pid), f'after {i + 1}: {live.ours(target.pid)}'
        target.ask('resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))')
        session = Session(memspy, target.pid)
        assert through_page(target.pid)[0] == 6 * is_far(target.pid)
        assert len(live.near_pages(target.pid)) == is_far(target.pid), live.ours(target.pid)
        assert target.ask('work()') == 'done'
        session.ends()
        assert not live.hooked_words(target.pid), live.hooked_where(target.pid)


def a_number_is_a_number(memspy, python):
    """In the interpreter's data something counts, and comes by an address of the page: it is not taken for one that leads there."""
    number = "import ctypes; at = ctypes.c_uint64.in_dll(ctypes.pythonapi, 'PyOS_InputHook')"
    with Target(python, 'told.py') as target:
        if not is_far(target.pid):
            raise live.NotHere('there is no page')
        session = Session(memspy, target.pid)
        [(start, end)] = live.near_pages(target.pid)
        words = {int(word, 16) for _, _, word in live.hooked_where(target.pid)}
        target.ask(number)
        for word in sorted(w for w in words if start <= w < end):
            target.ask(f'at.value = {word}')
            session.ends()
            assert target.ask('answer = str(at.value)') == str(word), 'it was put back'
            assert not live.hooked_words(target.pid), live.hooked_where(target.pid)
            session = Session(memspy, target.pid)
            assert target.ask('answer = str(at.value)') == str(word), 'it was put back'
        target.ask('at.value = 0')
        session.ends(signal.SIGKILL)


NEIGHBOUR = """import ctypes; c = ctypes.CDLL(None); c.mmap.restype = ctypes.c_void_p; \
answer = str(c.mmap(ctypes.c_void_p(%d), ctypes.c_size_t(4096), 5, 0x100022, -1, ctypes.c_long(0)))"""


def beside_a_neighbour(memspy, python):
    """Code of the target's own right beside it is one mapping with it: it is found all the same, and nothing stays turned."""
    with Target(python, 'told.py') as target:
        session = Session(memspy, target.pid)
        session.ends(signal.SIGKILL)
        if not is_far(target.pid):
            raise live.NotHere('there is no page')
        [(start, end)] = live.near_pages(target.pid)
        leads = [where for _, where, _ in live.hooked_where(target.pid)]
        assert target.ask(NEIGHBOUR % (start - 4096)) == str(start - 4096)
        assert (start - 4096, end) == next(m for m in spans(target.pid) if m[0] < start < m[1]), 'it is no neighbour'
        for _ in range(2):
            session = Session(memspy, target.pid)
            words = words_at(target.pid, leads)
            assert sum(start <= w < end for w in words) == 6, [hex(w) for w in words]
            assert target.ask('work()') == 'done'
            session.ends()
            words = words_at(target.pid, leads)
            assert not any(start <= w < end for w in words), [hex(w) for w in words]
            assert target.ask('work()') == 'done'


def spans(pid):
    return [tuple(int(x, 16) for x in line.split()[0].split('-')) for line in live.mappings(pid)]


def words_at(pid, places):
    with open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        found = []
        for place in places:
            memory.seek(int(place, 16))
            found.append(int.from_bytes(memory.read(8), 'little'))
    return found


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
        for story in (leads_there, by_dlopen, after_a_kill, after_failures, beside_a_neighbour, a_number_is_a_number, not_in_front_of_debug_hooks, children_step_aside):
            results.run(f'{name}: {story.__name__.replace("_", " ")}', story, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
