"""The same process with and without memspy, again and again, in turns."""
import subprocess
import sys
import time

from .figures import Ratio
from .processes import Fault, Missing, Target


def progress(text):
    if sys.stderr.isatty():
        print(f'\r\033[K{text}', end='', file=sys.stderr, flush=True)


def say(text):
    if sys.stderr.isatty():
        print('\r\033[K', end='', file=sys.stderr)
    print(text, file=sys.stderr, flush=True)


def size_all(target, names, seconds, missing):
    """{name: count}; what cannot run here goes into missing, with the reason."""
    counts = {}
    for name in names:
        try:
            counts[name] = target.size(name, seconds)
        except Missing as fault:
            missing[name] = str(fault)
    return counts


def one_round(memspy, target, settings, counts, backwards):
    """{setting or None: {name: (wall, cpu)}}"""
    states = [None, *settings]
    took = {}
    for setting in states[::-1] if backwards else states:
        memspy.become(target.pid, setting)
        took[setting] = {name: target.run(name, count) for name, count in counts.items()}
    return took


class Paired:
    """Rounds of one Python; afterwards ratios[setting][name] and cpu_ratios likewise."""

    def __init__(self, memspy, python, modules, names, settings, budget, env=None,
                 seconds=0.06, processes=2, label=''):
        self.missing, self.rounds = {}, 0
        self.names = list(names)
        self.pairs = {s: {n: [] for n in names} for s in settings}
        self.cpu_pairs = {s: {n: [] for n in names} for s in settings}
        self.counts = {n: [] for n in names}  # a piece of each process
        for p in range(processes):
            with Target(python, *modules, env=env) as target:
                self._process(memspy, target, settings, budget / processes, seconds,
                              f'{label} process {p + 1} of {processes}')
        self.names = [n for n in self.names if n not in self.missing]

    def _process(self, memspy, target, settings, budget, seconds, label):
        counts = size_all(target, self.names, seconds, self.missing)
        if not counts:
            return
        for name in counts:
            self.counts[name].append(counts[name])
        one_round(memspy, target, settings, counts, False)  # caches, first arenas, the first attach: not counted
        for s in settings:
            for n in counts:
                self.pairs[s][n].append([])
                self.cpu_pairs[s][n].append([])
        begin, done = time.monotonic(), 0
        while done < 2 or time.monotonic() - begin < budget:
            took = one_round(memspy, target, settings, counts, done % 2)
            for s in settings:
                for n in counts:
                    (on, on_cpu), (off, off_cpu) = took[s][n], took[None][n]
                    self.pairs[s][n][-1].append((on, off))
                    self.cpu_pairs[s][n][-1].append((on_cpu, off_cpu))
            done += 1
            progress(f'{label}: {done} rounds, {time.monotonic() - begin:.0f} of {budget:.0f} s')
        self.rounds += done
        memspy.become(target.pid, None)

    def ratio(self, setting, name):
        return Ratio(self.pairs[setting][name])

    def cpu_ratio(self, setting, name):
        pairs = [[(max(on, 1e-9), max(off, 1e-9)) for on, off in p] for p in self.cpu_pairs[setting][name]]
        return Ratio(pairs)

    def figures(self, setting, name):
        return dict(self.ratio(setting, name).as_dict(), cpu_ratio=self.cpu_ratio(setting, name).of_minima)


def guarded(results, what, function, *arguments, **named):
    """A benchmark goes on when one thing of it breaks; what broke and why is told at the end."""
    try:
        return function(*arguments, **named)
    except (Fault, OSError, subprocess.SubprocessError) as fault:
        say(f'bench: {what}: {fault}')
        results.lacks(what, str(fault))
        return None
