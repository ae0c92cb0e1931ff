#!/usr/bin/env python3
"""
In and out, again and again, of a fresh process after each ten times: whoever is refused is told so, and nobody dies or
hangs. In each place of places.py as well, with --places. Arguments: memspy, versions, [--rounds N] [--places] [--only PLACE;...].
"""
import argparse
import collections
import os
import re
import sys

import memspy_live as live
import places
from memspy_live import Memspy, Results, Worker

WAYS = ('map', 'dlopen', 'auto')


FRESH = 10


class Rounds:
    def __init__(self, memspy, rounds):
        self.memspy, self.rounds, self.done, self.entered, self.refusals = memspy, rounds, 0, 0, collections.Counter()

    def some(self, pid, faults_of):
        """Up to ten rounds in a fresh process: the first is a way in, the others find the probe of the one before."""
        file, first = live.path_of('rounds.json'), self.done
        way = WAYS[first // FRESH % len(WAYS)]
        while self.done < min(self.rounds, first + FRESH):
            answer = self.memspy.record(pid, file, '--inject', way, duration=0.02)
            assert answer.returncode in (0, 1), f'round {self.done}, by {way}: exit {answer.returncode} {answer.stderr.strip()}'
            assert answer.returncode == 0 or answer.stderr.count('\n') == 1, f'round {self.done}: {answer.stderr}'
            if answer.returncode:
                self.refusals[re.sub(r'\d+', 'N', answer.stderr.strip())] += 1
            faults = faults_of()
            assert not faults, f'round {self.done}, by {way}: {faults}'
            self.done += 1
        self.entered += 1
        hooked = live.hooked_words(pid)
        assert not hooked, f'{hooked} words still lead to the probe'

    def words(self):
        refused = sum(self.refusals.values())
        assert refused < self.rounds, 'always refused'
        why = ''.join(f'; {n} times “{sentence}”' for sentence, n in self.refusals.items())
        return f'{self.done} rounds in {self.entered} processes, {refused} refused, 0 dead, 0 hung{why}'


def of_version(memspy, python, rounds):
    all_of = Rounds(memspy, rounds)
    while all_of.done < rounds:
        with Worker(python, 'threads') as target:
            all_of.some(target.pid, lambda: live.not_let_go(target.pid) + target.works())
    return all_of.words()


def of_place(memspy, python, place, rounds):
    all_of = Rounds(memspy, rounds)
    while all_of.done < rounds:
        with places.guest_in(place, python) as guest:
            all_of.some(guest.pid, guest.faults)
    return all_of.words()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--places', action='store_true')
    parser.add_argument('--only')
    a = parser.parse_args()
    live.begin(6 * 3600)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        if not a.only or 'in and out' in a.only.split(';'):
            results.run(f'{name} in and out', of_version, memspy, python, a.rounds)
        if a.places and os.getuid() == 0:
            for place in places.PLACES:
                if place != 'here' and (not a.only or place in a.only.split(';')):
                    results.run(f'{name} {place}', of_place, memspy, python, place, a.rounds)
    results.end()


if __name__ == '__main__':
    main()
