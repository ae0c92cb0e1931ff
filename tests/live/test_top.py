#!/usr/bin/env python3
"""memspy top over real Pythons: what it prints, how it ends, that it lets go. Arguments: memspy, versions."""
import argparse
import json
import os
import re
import select
import signal
import sys
import time

import memspy_live as live
from memspy_live import Memspy, Results, Target

MIB = 1 << 20


class Blocks:
    """The blocks of a top that runs: read as they come."""
    def __init__(self, memspy, *args):
        self.memspy = memspy
        self.process = memspy.start('top', '--plain', *args)
        self.text = ''

    def next(self, patience=60):
        """The lines of the next block."""
        end = time.monotonic() + patience
        while '\n\n' not in self.text:
            assert time.monotonic() < end, f'no block in {patience} s: {self.text!r}'
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                more = os.read(self.process.stdout.fileno(), 65536).decode()
                assert more, f'top ended: {self.process.stderr.read()}'
                self.text += more
        block, self.text = self.text.split('\n\n', 1)
        return block.split('\n')

    def until(self, what, patience=60):
        end = time.monotonic() + patience
        while True:
            block = self.next()
            if what(block):
                return block
            assert time.monotonic() < end, block

    def only(self, pid):
        """Until it shows nobody else any more: two that run take turns."""
        seen, end = [], time.monotonic() + 60
        while seen[-6:] != 6 * [True]:
            seen.append(f'pid {pid} ' in self.next()[0] + ' ')
            assert time.monotonic() < end, 'another one is shown'

    def end(self):
        return self.memspy.end(self.process)


def rows(block):
    """{where: columns}: columns are two spaces or more apart."""
    parts = [re.split(r'  +', line.strip()) for line in block[4:]]
    return {p[-1]: p for p in parts}


def attached(memspy):
    return [s['pid'] for s in json.loads(memspy.run('status', '--format', 'json').stdout)['sessions']]


def let_go(target):
    """Nothing of memspy is in the way of the target any more: the list of faults."""
    hooked = live.hooked_words(target.pid)
    return live.let_go(target.pid) + ([f'{hooked} words still lead to the probe'] if hooked else [])


def sees_growth(memspy, python):
    with Target(python, 'shelves.py') as target:
        top = Blocks(memspy, '--pid', target.pid, '--exact', '--interval', 0.2)
        first = top.next()
        assert re.fullmatch(rf'top  0\.0 s  pid {target.pid}  shelves\.py  CPython [\d.]+  up \S+', first[0]), first[0]
        assert re.match(r'rss  [\d.]+ MiB  [\d.]+ MiB from before memspy came(  its cgroup may have \S+ \S+)?$', first[1]), first[1]
        assert first[2].startswith('heap  ') and first[2].endswith('lost 0'), first[2]
        target.ask('fill')
        filled = rows(top.until(lambda b: any(line.lstrip().startswith('20.0 MiB') for line in b)))
        load = next(v for k, v in filled.items() if k.endswith('load'))
        assert load[0] == '20.0 MiB' and load[3] == '+20.0 MiB', load
        assert load[-2].endswith('shelves.py:15'), load
        target.ask('grow')
        grown = rows(top.until(lambda b: any(line.lstrip().startswith('13.0 MiB') for line in b)))
        assert grown['remember'][3] == '+13.0 MiB', grown['remember']
        target.ask('empty')
        top.until(lambda b: not any('Catalogue.load' in line for line in b))
        top.process.send_signal(signal.SIGINT)
        answer = top.end()
        assert answer.returncode == 0, answer.stderr
        faults = let_go(target)
        assert not faults, faults
        assert attached(memspy) == []


def says_growth_per_minute(memspy, python):
    """5 MiB each half second are 600 MiB a minute."""
    with Target(python, 'shelves.py') as target:
        top = memspy.start('top', '--pid', target.pid, '--exact', '--interval', 0.5, '--count', 16, '--format', 'json')
        blocks = [json.loads(top.stdout.readline())]
        began = time.monotonic()
        for _ in range(14):
            target.ask('grow')
            time.sleep(0.5)
        rate = 14 * 5 * MIB / (time.monotonic() - began) * 60  # less than 600 MiB where the machine is slow
        blocks += [json.loads(line) for line in top.stdout.read().splitlines()]
        answer = memspy.end(top)
        assert answer.returncode == 0, answer.stderr
        last = blocks[-1]
        row = last['rows'][0]
        assert row['function'] == 'remember' and row['line'] == 24, row
        assert row['own_low'] == row['own_bytes'] == row['own_high'], row
        assert 0.5 * rate < row['bytes_per_minute'] < 1.4 * rate, (rate, row)
        assert row['bytes_per_minute'] <= last['bytes_per_minute'] * 1.01
        assert blocks[0]['bytes_per_minute'] is None
        return f"{row['bytes_per_minute'] / MIB:.0f} MiB/min"


def stream_of(top):
    """The memory that top reads from, as a path."""
    for fd in live.pathlib.Path(f'/proc/{top.pid}/fd').glob('*'):
        try:
            if 'memfd:memspy-top' in os.readlink(fd):
                return fd
        except OSError:
            pass


def a_block_for_each_look(memspy, python):
    """Also where top was not given a processor for several of them; --count counts blocks."""
    with Target(python, 'shelves.py') as target:
        top = memspy.start('top', '--pid', target.pid, '--format', 'json', '--interval', 0.2, '--count', 15)
        first = json.loads(top.stdout.readline())
        top.send_signal(signal.SIGSTOP)
        assert live.wait_until(lambda: live.status_of(top.pid)['State'].startswith('T')), 'top does not stop'
        stream = stream_of(top)
        assert live.wait_until(lambda: len(live.recording(stream)) > 18), live.recording(stream)
        looks = [t['t'] for t in live.recording(stream)]
        top.send_signal(signal.SIGCONT)
        answer = memspy.end(top)
        assert answer.returncode == 0, answer.stderr
        blocks = [first['t'], *(json.loads(line)['t'] for line in answer.stdout.splitlines())]
        assert len(blocks) == 15 and all(abs(b - t) < 0.06 for b, t in zip(blocks, looks)), (blocks, looks)


def too_many_looks_are_passed_over(memspy, python):
    """Whoever reads more slowly than top looks is told of now: what has piled up is bounded."""
    with Target(python, 'many.py') as target:
        top = memspy.start('top', '--pid', target.pid, '--exact', '--table-size', '64M', '--interval', 0.1, '--count', 30, '--format', 'json',
                           '--rows', 1)
        first = json.loads(top.stdout.readline())
        top.send_signal(signal.SIGSTOP)
        assert live.wait_until(lambda: live.status_of(top.pid)['State'].startswith('T')), 'top does not stop'
        stream = stream_of(top)
        assert live.wait_until(lambda: os.stat(stream).st_size > 24 * MIB), os.stat(stream)
        looks = [t['t'] for t in live.recording(stream)]
        top.send_signal(signal.SIGCONT)
        answer = memspy.end(top)
        assert answer.returncode == 0, answer.stderr
        blocks = [first['t'], *(json.loads(line)['t'] for line in answer.stdout.splitlines())]
        assert len(blocks) == 30 and looks[-1] - 0.06 < blocks[-1] and len(looks) > 60, (blocks, looks)
        return f'{len(looks)} of them'


def target_goes(memspy, python):
    with Target(python, 'shelves.py') as target:
        top = Blocks(memspy, '--pid', target.pid, '--interval', 0.2)
        top.next()
        target.process.kill()
        answer = top.end()
        assert answer.returncode == 3, f'{answer.returncode} {answer.stderr}'
        assert f'{target.pid} went away (killed by signal 9)' in answer.stderr, answer.stderr
        return answer.stderr.strip()


def several(memspy, python):
    with Target(python, 'shelves.py') as one, Target(python, 'shelves.py') as other:
        top = Blocks(memspy, '--pid', one.pid, '--pid', other.pid, '--pid', one.pid, '--interval', 0.2)
        seen = set()
        while len(seen) < 2:
            seen.add(top.next()[0].split('  ')[2])
        assert seen == {f'pid {one.pid}', f'pid {other.pid}'}, seen
        one.process.kill()
        one.process.wait()
        top.only(other.pid)
        other.process.kill()
        answer = top.end()
        assert answer.returncode == 3, answer.stderr
        assert f'{one.pid} went away' in answer.stderr and 'all 2 processes went away' in answer.stderr, answer.stderr


def by_name(memspy, python):
    name = f'library-{os.getpid()}'  # nobody else's: other tests run beside this one
    with Target(python, 'shelves.py', name) as one, Target(python, 'shelves.py', name) as other:
        answer = memspy.run('top', '--name', name, '--format', 'json', '--count', 2, '--interval', 0.1)
        assert answer.returncode == 0, answer.stderr
        pids = {json.loads(line)['pid'] for line in answer.stdout.splitlines()}
        assert pids == {one.pid, other.pid}, pids
        assert not let_go(one) + let_go(other)
        nobody = memspy.run('top', '--name', 'no-such-thing-runs-here')
        assert nobody.returncode == 1 and 'no Python that memspy can read' in nobody.stderr, nobody.stderr


def those_that_come_later(memspy, python):
    """Workers come and go; what has the name is looked at."""
    name = f'branches-{os.getpid()}'
    with Target(python, 'shelves.py', name) as one:
        top = Blocks(memspy, '--name', name, '--interval', 0.2)
        assert f'pid {one.pid} ' in top.next()[0]
        with Target(python, 'shelves.py', name) as other:
            top.until(lambda b: f'pid {other.pid} ' in b[0])
            one.process.kill()
            one.process.wait()
            top.only(other.pid)
            top.process.send_signal(signal.SIGINT)
            answer = top.end()
            assert answer.returncode == 0 and f'{one.pid} went away' in answer.stderr, answer.stderr
            assert not let_go(other)


def many(memspy, python):
    """More than a handful: each has a session of its own."""
    targets = [Target(python, 'shelves.py') for _ in range(20)]
    try:
        pids = [word for t in targets for word in ('--pid', t.pid)]
        answer = memspy.run('top', '--plain', '--count', 2, '--interval', 0.5, *pids)
        assert answer.returncode == 0, answer.stderr
        for t in targets:
            assert f'pid {t.pid} ' in answer.stdout, f'{t.pid} is missing'
            assert not let_go(t)
    finally:
        for t in targets:
            t.__exit__()


def one_of_several_refuses(memspy, python):
    with Target(python, 'shelves.py') as target:
        answer = memspy.run('top', '--pid', target.pid, '--pid', os.getppid(), '--pid', 4194303, '--count', 1, '--plain')
        assert answer.returncode == 0, answer.stderr
        assert 'no process 4194303' in answer.stderr, answer.stderr
        assert f'pid {target.pid}' in answer.stdout


def killed(memspy, python):
    """SIGKILL leaves nothing behind: the daemon notices, and lets go."""
    with Target(python, 'shelves.py') as target:
        for i in range(5):
            top = Blocks(memspy, '--pid', target.pid, '--interval', 0.1)
            top.next()
            target.ask('fill')
            assert live.hooked_words(target.pid) > 0, 'it does not look at anything'
            top.process.kill()
            top.end()
            assert live.wait_until(lambda: live.hooked_words(target.pid) == 0), f'kill {i + 1}: {let_go(target)}'
            assert target.ask('empty') == 'done'
        assert not let_go(target)
        assert live.wait_until(lambda: not live.daemons()), 'the daemon stays'


def signals_end_it(memspy, python):
    with Target(python, 'shelves.py') as target:
        for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            top = Blocks(memspy, '--pid', target.pid, '--interval', 0.1)
            top.next()
            top.process.send_signal(which)
            answer = top.end()
            assert answer.returncode == 0, f'{which}: {answer.returncode} {answer.stderr}'
            assert not let_go(target), which


def attached_stays_attached(memspy, python):
    with Target(python, 'shelves.py') as target:
        assert memspy.run('attach', '--pid', target.pid).returncode == 0
        for _ in range(2):
            answer = memspy.run('top', '--pid', target.pid, '--plain', '--count', 2, '--interval', 0.1)
            assert answer.returncode == 0, answer.stderr
        other = memspy.run('top', '--pid', target.pid, '--exact', '--count', 1)
        assert other.returncode == 2 and 'attached already, with settings of its own' in other.stderr, other.stderr
        assert attached(memspy) == [target.pid]
        assert live.hooked_words(target.pid) > 0
        assert memspy.run('detach', '--pid', target.pid).returncode == 0
        assert not let_go(target)


def two_tops_at_once(memspy, python):
    """The second looks through the session of the first."""
    with Target(python, 'shelves.py') as target:
        first = Blocks(memspy, '--pid', target.pid, '--interval', 0.1)
        first.next()
        second = memspy.run('top', '--pid', target.pid, '--plain', '--count', 3, '--interval', 0.1)
        assert second.returncode == 0, second.stderr
        first.next()
        first.process.send_signal(signal.SIGINT)
        assert first.end().returncode == 0
        assert not let_go(target)


def tops_that_begin_together(memspy, python):
    """One of them attaches; the others wait for it and look through the same session."""
    with Target(python, 'shelves.py') as target:
        tops = [memspy.start('top', '--pid', target.pid, '--plain', '--count', 2, '--interval', 0.1) for _ in range(4)]
        for top in tops:
            answer = memspy.end(top)
            assert answer.returncode == 0 and answer.stdout.startswith('top  '), answer
        assert attached(memspy) == []
        assert not let_go(target)


def the_first_of_two_goes(memspy, python):
    """The session goes on until nobody uses it any more, however the first one ended."""
    for end in signal.SIGINT, signal.SIGKILL:
        file = live.path_of('shared.json')
        with Target(python, 'shelves.py') as target:
            first = Blocks(memspy, '--pid', target.pid, '--interval', 0.1)
            first.next()
            second = Blocks(memspy, '--pid', target.pid, '--interval', 0.1)
            second.next()
            writer = memspy.start('record', '--pid', target.pid, '--interval', 0.1, '-o', file, '-f')
            assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'nothing is recorded'
            first.process.send_signal(end)
            first.end()
            for _ in range(5):
                second.next()
            assert attached(memspy) == [target.pid]
            second.process.send_signal(signal.SIGINT)
            assert second.end().returncode == 0
            assert attached(memspy) == [target.pid], 'it is still recorded'
            assert writer.poll() is None
            writer.send_signal(signal.SIGINT)
            done = memspy.end(writer)
            assert done.returncode == 0 and 'kept running' in done.stderr, done.stderr
            assert live.wait_until(lambda: attached(memspy) == []), attached(memspy)
            assert live.wait_until(lambda: not let_go(target)), let_go(target)
            assert json.load(open(file))['end'] == 'ended by request', json.load(open(file))['end']


def records_meanwhile(memspy, python):
    file = live.path_of('top.json')
    with Target(python, 'shelves.py') as target:
        top = Blocks(memspy, '--pid', target.pid, '--exact', '--interval', 0.1, '-o', file, '-f')
        top.next()
        target.ask('fill')
        top.until(lambda b: any('Catalogue.load' in line for line in b))
        for _ in range(15):
            top.next()
        top.process.send_signal(signal.SIGINT)
        answer = top.end()
        assert answer.returncode == 0, answer.stderr
        assert 'next: memspy report' in answer.stderr, answer.stderr
        document = json.load(open(file))
        assert len(document['ticks']) >= 15 and document['end'], document['end']
        assert memspy.report(file)['rows'][0]['own_bytes'] > 20 * MIB
        again = memspy.run('top', '--pid', target.pid, '--count', 1, '-o', file)
        assert again.returncode == 1 and 'exists' in again.stderr, again.stderr
        assert not let_go(target)


def a_long_stream_begins_anew(memspy, python):
    """What top reads is kept in bounded memory; figures go on where they were."""
    with Target(python, 'many.py') as target:
        top = memspy.start('top', '--pid', target.pid, '--exact', '--table-size', '64M', '--interval', 0.2, '--count', 30, '--format', 'json',
                           '--rows', 1)
        sizes = []
        while top.poll() is None:
            for fd in live.pathlib.Path(f'/proc/{top.pid}/fd').glob('*'):
                try:
                    if 'memfd:memspy-top' in os.readlink(fd):
                        sizes.append(os.stat(fd).st_size)
                        break
                except OSError:
                    pass
            time.sleep(0.05)
        answer = memspy.end(top)
        assert answer.returncode == 0, answer.stderr
        begun = sum(b < a for a, b in zip(sizes, sizes[1:]))
        assert begun, f'it never began anew: at most {max(sizes)} bytes'
        assert max(sizes) < 24 * MIB, sizes
        blocks = [json.loads(line) for line in answer.stdout.splitlines()]
        times = [b['t'] for b in blocks]
        assert times == sorted(times) and times[-1] > 4, times
        heaps = [b['heap'] for b in blocks[8:]]
        assert max(heaps) < 1.05 * min(heaps), heaps
        assert 0.95 < blocks[-1]['bytes_per_minute'] / (60 * blocks[-1]['grown_bytes'] / times[-1]) < 1.05, blocks[-1]
        return f'{begun} times, at most {max(sizes) / MIB:.0f} MiB'


def bad_usage(memspy, python):
    for args, code, words in (
            ((), 2, 'top of what?'),
            (('--pid', 1, '--name', 'x'), 2, 'write one of them'),
            (('--name', ''), 2, '--name is empty'),
            (('--pid', 4194303), 1, 'no process 4194303'),
            (('--pid', os.getpid(), '--filter', 'a('), 2, 'is not a regular expression'),
            (('--pid', os.getpid(), '--by', 'stack'), 2, '--by'),
            (('--pid', os.getpid(), '--interval', '0'), 2, '--interval'),
            (('--pid', 7, '--pid', 8, '-o', 'x.json'), 2, 'one recording has one process')):
        answer = memspy.run('top', *args)
        assert answer.returncode == code and words in answer.stderr, f'{args}: {answer.returncode} {answer.stderr}'
        assert answer.stdout == '' and answer.stderr.count('\n') == 1, answer.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    a = parser.parse_args()
    live.begin(600)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        for case in (sees_growth, a_block_for_each_look, too_many_looks_are_passed_over, says_growth_per_minute, target_goes, several, by_name, those_that_come_later, many, one_of_several_refuses, killed,
                     signals_end_it, attached_stays_attached, two_tops_at_once, tops_that_begin_together, the_first_of_two_goes,
                     records_meanwhile, a_long_stream_begins_anew, bad_usage):
            results.run(f"{name} {case.__name__.replace('_', ' ')}", case, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
