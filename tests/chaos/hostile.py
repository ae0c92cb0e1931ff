#!/usr/bin/env python3
"""A target that lies, or vanishes, spoils what is said of it and nothing else: memspy never crashes, hangs or grows.

    hostile.py MEMSPY FOLDER VERSIONS [--seconds N] [--kinds a,b] [--markdown]

All that can be asked of memspy is asked again and again, of a daemon that stays as well. With a memspy under ASan and UBSan
(scripts/test builds one) each access out of bounds is an end, too. What the target makes of itself is its own affair.
"""
import argparse
import os
import pathlib
import random
import re
import resource
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'live'))
import memspy_live as live  # noqa: E402

LIAR = pathlib.Path(__file__).resolve().parent / 'troubles/liar.py'
KINDS = {
    'table': 'writes over the shared table',
    'interpreter': 'writes over CPython\'s own data',
    'chain': 'frames that lead into themselves',
    'lengths': 'strings that lie about their length',
    'vanish': 'killed at any moment',
    'places': 'children that write over the words of their places',
}
PATIENCE = 30
SANITIZER = re.compile(r'AddressSanitizer|LeakSanitizer|runtime error|UndefinedBehavior')
live.ENVIRONMENT.update(ASAN_OPTIONS='exitcode=99:quarantine_size_mb=16', UBSAN_OPTIONS='halt_on_error=1:exitcode=99')


def is_sanitized(memspy):
    return b'__asan_init' in pathlib.Path(memspy.binary).read_bytes()


def is_text(said):
    """What a target calls itself goes to a terminal or a parser: bytes that are not UTF-8 must not."""
    return all('\ud800' > c or c > '\udfff' for c in said)


class Liar(live.Counted):
    def __init__(self, python, folder):
        super().__init__(python, LIAR, folder, options=('-W', 'ignore'))


class Looks:
    """All that was asked of memspy, and how it stood it."""
    def __init__(self, memspy, dice, most_bytes):
        self.memspy, self.dice, self.most_bytes = memspy, dice, most_bytes
        self.file, self.faults = live.path_of('hostile.json'), []
        self.asked = self.answered = self.targets = self.ended = self.largest = 0

    def ask(self, *words):
        answer = self.memspy.run(*words, patience=PATIENCE)
        self.asked += 1
        self.answered += answer.returncode == 0
        known = answer.returncode in (0, 1, 3) or 'with its children already' in answer.stderr
        if not known or SANITIZER.search(answer.stderr) or 'memspy was killed' in answer.stderr:
            self.faults.append(f'exit {answer.returncode} of {" ".join(map(str, words))}: {answer.stderr.strip()[-1500:]}')
        if not is_text(answer.stdout + answer.stderr):
            self.faults.append(f'no UTF-8 of {" ".join(map(str, words))}: {ascii(answer.stdout)[:600]}')
        return answer

    def everything(self, pid, follow=()):
        """In another order each time. One that is attached is recorded by the daemon, else by the command itself."""
        asks = [('dump', '--pid', pid), ('doctor', '--pid', pid), ('status',), ('attach', '--pid', pid, *follow),
                ('detach', '--pid', pid),
                ('record', '-f', '-o', self.file, '--pid', pid, '--duration', 0.2, '--interval', 0.05, *follow),
                ('dump', '--pid', pid, '--format', 'json')]
        for words in self.dice.sample(asks, len(asks)):
            self.ask(*words)
            self.size()
            if self.faults:
                return
        for view in ('live', 'leaks') if os.path.exists(self.file) else ():
            self.ask('report', self.file, '--view', view)

    def size(self):
        """Of the largest memspy so far: daemons that run, and commands that have ended."""
        self.largest = max(self.largest, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
        for pid in live.daemons():
            try:
                self.largest = max(self.largest, int(live.status_of(pid)['VmHWM'].split()[0]) * 1024)
            except (OSError, KeyError):
                pass
        return self.largest

    def judge(self):
        log = pathlib.Path(live.path_of('daemon.log'))
        said = log.read_text(errors='replace') if log.exists() else ''
        if SANITIZER.search(said):
            self.faults.append(f'the daemon: {said[-1500:]}')
        if self.size() > self.most_bytes:
            self.faults.append(f'a memspy took {self.size() >> 20} MiB')
        return self.faults


def lie(looks, python, folder, how, until):
    follow = ['--follow-fork'] if how == 'places' else []
    with Liar(python, folder) as target:
        looks.targets += 1
        if how in ('table', 'places') or looks.dice.random() < 0.5:
            looks.ask('attach', '--pid', target.pid, '--interval', 0.1, '--sample-bytes', '1K', *follow)
        if target.ask(how) != 'done':
            looks.faults.append(f'the target does not lie: {target.words_of_fault()}')
        for _ in range(6):
            if target.process.poll() is not None or time.monotonic() > until or looks.faults:
                break
            looks.everything(target.pid, follow)
        looks.ended += target.process.poll() is not None


def vanish(looks, python):
    with live.Worker(python, 'threads') as target:
        looks.targets += 1
        timer = threading.Timer(looks.dice.random() * looks.dice.choice((0.05, 0.2, 1)), target.process.kill)
        timer.start()
        looks.everything(target.pid)
        timer.join()
        looks.ended += 1


def run(looks, python, folder, how, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until and not looks.faults:
        if how == 'vanish':
            vanish(looks, python)
        else:
            lie(looks, python, folder, how, until)
    looks.ask('status')
    return looks.judge()


def markdown(rows, memspy, seed, seconds):
    sys.path.insert(0, str(live.ROOT / 'scripts'))
    from benchmarks.tables import Table, machine
    m = machine(memspy.binary)
    table = Table('', ['the target', 'CPython', 'targets', 'that ended', 'asked', 'answered', 'crashes, hangs', 'largest memspy'])
    for name, how, looks, size in rows:
        table.add(KINDS[how], name, looks.targets, looks.ended, looks.asked, looks.answered, len(looks.faults), f'{size >> 20} MiB')
    sanitized = 'ASan and UBSan' if is_sanitized(memspy) else 'no sanitizer'
    print(f"\n{m['date']}, checkout {m['commit']}, {m['cpus']} x {m['cpu']}, Linux {m['kernel']}, {m['libc']}; {sanitized}; "
          f'{seconds:.0f} s, seed {seed}\n')
    print('\n'.join(table.markdown().splitlines()[2:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('memspy')
    parser.add_argument('folder')
    parser.add_argument('versions')
    parser.add_argument('--kinds', default=','.join(KINDS))
    parser.add_argument('--seconds', type=float, default=4, help='for each kind')
    parser.add_argument('--seed', type=int, default=None)
    parser.add_argument('--markdown', action='store_true')
    parser.add_argument('--limit', type=int, default=20000)
    a = parser.parse_args()
    live.begin(a.limit)
    memspy, results, rows = live.Memspy(a.memspy), live.Results(), []
    seed, began = a.seed if a.seed is not None else random.randrange(1 << 32), time.monotonic()
    most = (1200 if is_sanitized(memspy) else 400) << 20
    print(f'seed {seed}', flush=True)
    for name, python in live.each_python(a.versions):
        for how in a.kinds.split(','):
            looks = Looks(memspy, random.Random(f'{seed} {name} {how}'), most)
            faults = run(looks, python, a.folder, how, a.seconds)
            rows.append((name, how, looks, looks.size()))
            results.case(f'{name} {KINDS[how]}', faults, f'{looks.targets} targets, {looks.ended} ended; {looks.answered} of '
                         f'{looks.asked} requests answered; {looks.size() >> 20} MiB at most')
    if not rows:
        sys.exit(live.SKIP)
    if a.markdown:
        markdown(rows, memspy, seed, time.monotonic() - began)
    results.end()


if __name__ == '__main__':
    main()
