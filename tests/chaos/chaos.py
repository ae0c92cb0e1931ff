#!/usr/bin/env python3
"""memspy comes, records, is killed and goes at random while its target does what is hard: the target must not notice.

    chaos.py MEMSPY FOLDER VERSIONS [--kinds a,b] [--rounds N] [--kills N] [--seed S] [--follow-fork] [--markdown]

FOLDER holds the native library of the troubles. Rounds (in and out again) and SIGKILLs are spread over the kinds of
trouble and the versions of Python. After each the target goes on, its checksums are right, no thread of it is held and
no descriptor is ours; after a detach nothing leads to the probe; what is mapped and open after the last round is what was
after the second (or after the first that came in, where limits are reached). What may differ from before the first: the
probe and its table stay mapped, once.
The seed is printed: with the same one, the same visits come in the same order.
"""
import argparse
import collections
import glob
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'live'))
import memspy_live as live  # noqa: E402

TROUBLES = pathlib.Path(__file__).resolve().parent / 'troubles'


class Kind:
    """`refuses`: words of refusals that are right. steady: nothing is mapped or opened by itself. goes: processes end."""
    def __init__(self, does, refuses=(), steady=False, goes=False, masks=True, stops=False):
        self.does, self.refuses, self.steady, self.goes, self.masks, self.stops = does, refuses, steady, goes, masks, stops


KINDS = {
    'threads': Kind('500 threads starting and ending'),
    'forks': Kind('fork storms and programs started'),
    'execs': Kind('exec of itself', goes=True),
    'loading': Kind('dlopen and dlclose loops'),
    'signals': Kind('1 kHz of signals, alternate stack', masks=False, steady=True),
    'jumps': Kind('longjmp and exceptions'),
    'greenlets': Kind('greenlets'),
    'closing': Kind('closes all its descriptors', refuses=('cannot open', 'Bad file descriptor', 'not the table')),
    'tracing': Kind('settrace and setprofile', steady=True),
    'finalising': Kind('interpreters that finalise', goes=True),
    'deep': Kind('stacks nearly exhausted'),
    'limits': Kind('limits of memory and files reached', refuses=('may not', 'Cannot allocate', 'Too many open files')),
    'stopped': Kind('stopped and continued', stops=True, refuses=('stopped', 'did not stop')),
    'inside': Kind('threads inside malloc and the loader'),
}
GOING = ('went away', 'changed while', 'No such process', 'not up yet', 'no Python', 'is not a Python', 'is a zombie', 'exited', 'no process', 'try again',
         'no room on its stack', 'shutting down')


def greenlet(python, folder):
    """Where greenlet is for this Python: its own, or from PyPI beside the build; that it is not there is told by the trouble."""
    place = os.path.join(folder, 'greenlet-' + live.pythons.version_of(python))
    if not os.path.isdir(place) and subprocess.run([python, '-c', 'import greenlet'], capture_output=True).returncode:
        subprocess.run([python, '-m', 'pip', 'install', '--quiet', '--no-deps', '--target', place, 'greenlet'],
                       capture_output=True, timeout=90)
    return {'PYTHONPATH': place}


class Trouble(live.Counted):
    def __init__(self, python, name, folder):
        self.name, self.kind = name, KINDS[name]
        env = greenlet(python, folder) if name == 'greenlets' else None
        super().__init__(python, TROUBLES / (name + '.py'), folder, options=('-W', 'ignore'), env=env)

    def subject(self):
        """Whom to look at: the process that was started, or the one it says."""
        return self.words()[3] or self.pid

    def state(self):
        """What is mapped and open, as far as it may not change."""
        pid = self.subject()
        if self.kind.goes:
            return None
        if not self.kind.steady:
            return live.ours(pid, unwritten=False)
        lines = (line.split(None, 5) for line in live.mappings(pid))
        shapes = collections.Counter(' '.join(f[1:2] + f[5:]) for f in lines if len(f) > 5 and f[5] != '[heap]')
        opened = [os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')]
        return live.ours(pid, unwritten=False), sorted(shapes.items()), sorted(opened)


class Stopper(threading.Thread):
    """SIGSTOP and SIGCONT while memspy is at it; ends with SIGCONT."""
    def __init__(self, pid, dice):
        super().__init__(daemon=True)
        self.pid, self.dice, self.over = pid, dice, threading.Event()

    def run(self):
        while not self.over.wait(self.dice.random() * 0.01):
            os.kill(self.pid, signal.SIGSTOP)
            time.sleep(self.dice.random() * 0.01)
            os.kill(self.pid, signal.SIGCONT)

    def end(self):
        self.over.set()
        self.join()


class Tally:
    def __init__(self):
        self.rounds = self.kills = self.recorded = self.refused = self.gone = self.deaths = self.wrong = 0
        self.held_ms = []
        self.faults = []


def options(dice, always):
    """Of an attach: another way in, other domains, another rate each time."""
    words = always + ['--inject', dice.choice(('map', 'map', 'auto', 'auto', 'dlopen'))]
    words += dice.choice((['--exact'], [], ['--sample-bytes', '1K'], ['--sample-bytes', '64K']))
    if dice.random() < 0.5:
        domains = dice.sample(['malloc', 'mem', 'obj', 'mmap'], dice.randint(1, 4))
        words += ['--domains', ','.join(domains)]
    return words


def refusal(kind, words, answer):
    """What is wrong with an answer other than 0; None: it is right."""
    last = answer.stderr.strip().splitlines()[-1:] or ['']
    right = kind.refuses + (GOING if kind.goes else ()) + (('safe point', 'loader', 'dlopen') if 'dlopen' in words else ())
    if answer.returncode == 3 and kind.goes or answer.returncode == 1 and any(r in last[0] for r in right):
        return None
    return f'exit {answer.returncode} of {" ".join(map(str, words))}: {answer.stderr.strip()[-300:]}'


class Visits:
    """One target and all who come to see it."""
    def __init__(self, memspy, target, dice, always=()):
        self.memspy, self.target, self.kind, self.dice, self.always = memspy, target, target.kind, dice, list(always)
        self.file, self.tally = live.path_of('chaos.json'), Tally()

    def settle(self, words, answer):
        """Counts how a visit ended; True: memspy was in, and went in order."""
        if answer.returncode:
            wrong = refusal(self.kind, words, answer)
            self.tally.faults += [wrong] if wrong else []
            self.tally.refused += answer.returncode == 1
            self.tally.gone += answer.returncode == 3
            return False
        held = live.held_ms(answer.stderr)
        self.tally.held_ms += [held] if held is not None else []
        return True

    def record(self, pid):
        words = options(self.dice, self.always) + ['--interval', self.dice.choice((0.05, 0.2, 1))]
        answer = self.memspy.record(pid, self.file, *words, duration=0.05 + self.dice.random() * 0.2)
        if not self.settle(words, answer):
            return False
        self.tally.recorded += 1
        if not live.recording(self.file):
            self.tally.faults.append('no tick was recorded')
        return True

    def interrupt(self, pid):
        words = options(self.dice, self.always)
        process = self.memspy.start('record', '-v', '-f', '--pid', pid, '-o', self.file, *words)
        time.sleep(0.02 + self.dice.random() * 0.2)
        process.send_signal(signal.SIGINT)
        answer = self.memspy.end(process)
        # Before it had its handlers, SIGINT ends it as it ends any program.
        return answer.returncode != -signal.SIGINT and self.settle(words, answer)

    def attach(self, pid):
        words = options(self.dice, self.always)
        answer = self.memspy.run('attach', '-v', '--pid', pid, *words)
        if not self.settle(words, answer):
            return False
        time.sleep(self.dice.random() * 0.1)
        answer = self.memspy.run('detach', '--pid', pid)
        if answer.returncode and not self.kind.goes:
            self.tally.faults.append(f'detach: exit {answer.returncode}: {answer.stderr.strip()}')
        self.tally.recorded += answer.returncode == 0
        return answer.returncode == 0

    def kill(self, pid):
        self.memspy.kill(self.dice.choice(('attach', 'record')), pid, self.file, live.some_instant(self.dice), *self.always)
        return False

    def visit(self, how):
        if self.kind.goes:  # not always right after the last one ended
            time.sleep(self.dice.random() * 0.4)
        pid = self.target.subject()
        stopper = Stopper(pid, self.dice) if self.kind.stops else None
        if stopper:
            stopper.start()
        out = getattr(self, how)(pid)
        if stopper:
            stopper.end()
        for file in glob.glob(live.path_of('chaos.*.json')):  # of children
            os.unlink(file)
        return pid, out

    def hooked_words(self, pid):
        """While it stands: its objects come and go."""
        os.kill(pid, signal.SIGSTOP)
        try:
            live.wait_until(lambda: live.status_of(pid)['State'][0] == 'T', 5)
            return live.hooked_words(pid)
        finally:
            os.kill(pid, signal.SIGCONT)

    def look(self, pid, out):
        """After a visit: the list of faults."""
        wrong_before = len(self.tally.faults)
        faults = self.target.works()
        self.tally.deaths += self.target.process.poll() is not None
        self.tally.wrong += any('found by the target itself' in f for f in faults)
        try:
            faults += live.not_let_go(pid, masks=self.kind.masks)
            faults += [f'a descriptor is left: {d}' for d in live.our_descriptors(pid)]
            hooked = self.hooked_words(pid) if out else 0
            faults += [f'{hooked} words still lead to the probe'] if hooked else []
        except OSError as fault:  # a process that ended meanwhile, or became another
            faults += [] if self.kind.goes else [str(fault)]
        self.tally.faults += faults
        return self.tally.faults[wrong_before:]

    def run(self, plan):
        """The visits of the plan, then one that must go well. Ends at the first fault."""
        after_second = None
        for number, how in enumerate(plan, 1):
            began = len(self.tally.faults)
            pid, out = self.visit(how)
            self.tally.kills += how == 'kill'
            self.tally.rounds += how != 'kill'
            self.look(pid, out)
            if len(self.tally.faults) > began:
                self.tally.faults[began:] = [f'visit {number}, {how}: {f}' for f in self.tally.faults[began:]]
                return self.tally
            if number >= 2 and after_second is None:
                after_second = self.settled()
        if after_second is not None and len(plan) > 2 and self.target.state() != after_second:
            self.tally.faults.append(f'after the second visit {after_second}, after the last {self.target.state()}')
        return self.tally

    def settled(self):
        """What is mapped and open once memspy was in; None before."""
        state = self.target.state()
        if self.kind.goes or not any('memspy-table' in line for line in live.ours(self.target.subject())):
            return None
        return state


def plan_of(dice, rounds, kills):
    """Two rounds, then all in any order, and a round that puts in order what the last kill left."""
    rest = ['kill'] * kills + [dice.choice(('record', 'record', 'attach', 'interrupt')) for _ in range(max(0, rounds - 3))]
    dice.shuffle(rest)
    return ['record', 'attach'] + rest + ['record']


def spread(total, places):
    return [total // places + (i < total % places) for i in range(places)]


def told(name, t):
    held = f', held {max(t.held_ms):.2f} ms at most' if t.held_ms else ''
    return f'{t.rounds} rounds, {t.kills} kills, {t.refused} refused, {t.gone} times it went{held}'


def markdown(tallies, seed, seconds, memspy):
    sys.path.insert(0, str(live.ROOT / 'scripts'))
    from benchmarks.tables import Table, machine
    m = machine(memspy)
    table = Table('', ['trouble', 'CPython', 'rounds', 'SIGKILLs', 'attached and left', 'refused', 'went by itself', 'deaths', 'wrong'])
    sums = Tally()
    for (version, name), t in tallies.items():
        table.add(KINDS[name].does, version, t.rounds, t.kills, t.recorded, t.refused, t.gone, t.deaths, t.wrong)
        for field in ('rounds', 'kills', 'recorded', 'refused', 'gone', 'deaths', 'wrong'):
            setattr(sums, field, getattr(sums, field) + getattr(t, field))
    table.add('all', '', sums.rounds, sums.kills, sums.recorded, sums.refused, sums.gone, sums.deaths, sums.wrong)
    print(f"\n{m['date']}, checkout {m['commit']}, {m['cpus']} x {m['cpu']}, Linux {m['kernel']}, {m['libc']}; "
          f'{seconds:.0f} s, seed {seed}\n')
    print('\n'.join(table.markdown().splitlines()[2:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('memspy')
    parser.add_argument('folder')
    parser.add_argument('versions')
    parser.add_argument('--kinds', default=','.join(KINDS))
    parser.add_argument('--rounds', type=int, default=0, help='in all; 4 of each kind if not said')
    parser.add_argument('--kills', type=int, default=-1, help='in all; 2 of each kind if not said')
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--follow-fork', action='store_const', const=['--follow-fork'], default=[], help='its children, too')
    parser.add_argument('--markdown', action='store_true')
    parser.add_argument('--limit', type=int, default=20000)
    a = parser.parse_args()
    live.begin(a.limit)
    seed, began = a.seed if a.seed is not None else random.randrange(1 << 32), time.monotonic()
    places = [(name, python, kind) for name, python in live.each_python(a.versions) for kind in a.kinds.split(',')]
    if not places:
        sys.exit(live.SKIP)
    print(f'seed {seed}', flush=True)
    rounds = spread(a.rounds or 4 * len(places), len(places))
    kills = spread(a.kills if a.kills >= 0 else 2 * len(places), len(places))
    results, tallies = live.Results(), {}
    for (name, python, kind), r, k in zip(places, rounds, kills):
        dice = random.Random(f'{seed} {name} {kind}')
        try:
            with Trouble(python, kind, a.folder) as target:
                t = tallies[name, kind] = Visits(live.Memspy(a.memspy), target, dice, a.follow_fork).run(plan_of(dice, r, k))
        except live.NotReady as why:
            if 'skip' not in str(why):
                raise
            print(f'skip  {name} {kind}: {why}', flush=True)
            continue
        results.case(f'{name} {KINDS[kind].does}', t.faults, told(kind, t))
    if a.markdown:
        markdown(tallies, seed, time.monotonic() - began, a.memspy)
    if not tallies:
        sys.exit(live.SKIP)
    results.end()


if __name__ == '__main__':
    main()
