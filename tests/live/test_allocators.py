#!/usr/bin/env python3
"""Allocators that come and go, ours and others': no block crosses, nobody is called for ever, and all is as it was.

Arguments: memspy, versions, own_malloc.so, writable.so, raw_domain.so, [--only WORDS] [--third].

Each case is a story: steps that memspy (in, out, killed) and the target take. After each the target works, and checks
what it got. At the end no word leads to the probe, and CPython's tables are what they were at the beginning.
"""
import argparse
import ast
import os
import signal
import sys

import memspy_live as live
from memspy_live import Memspy, Results, Target

# Name, steps, the first Python that has what it takes; 'raw': another's raw domain is there from the start.
STORIES = [
    ('tracemalloc started between two sessions', 'in out trace in out untrace', (3, 6)),
    ('tracemalloc started in a session, stopped in the next', 'in trace out in untrace out', (3, 6)),
    ('tracemalloc started in a session, stopped after it', 'in trace out untrace', (3, 6)),
    ('tracemalloc started in a session, stopped before the next', 'in trace out untrace in out', (3, 6)),
    ('tracemalloc started and stopped in a session', 'in trace untrace out', (3, 6)),
    ('tracemalloc stopped in a session', 'trace in untrace out', (3, 6)),
    ('tracemalloc stopped between two sessions', 'trace in out untrace in out', (3, 6)),
    ('tracemalloc stopped after a kill', 'trace in kill untrace in out', (3, 6)),
    ('tracemalloc, twice between sessions', 'in trace out in out untrace in out trace in out untrace in out', (3, 6)),
    ('tracemalloc started after a kill', 'in kill trace in out untrace', (3, 6)),
    ('tracemalloc in a session that was killed', 'in trace kill in untrace out', (3, 6)),
    ('another\'s wrapper of objects, in a session', 'wrap in out unwrap', (3, 6)),
    ('another\'s wrapper of objects, between two sessions', 'in out wrap in out unwrap', (3, 6)),
    ('another\'s wrapper of objects, from a session to the next', 'in wrap out in out unwrap', (3, 6)),
    ('another\'s wrapper of objects, taken off in the next', 'in wrap out in unwrap out', (3, 6)),
    ('another\'s wrapper of objects, and a kill', 'in wrap kill in out unwrap', (3, 6)),
    ('another\'s wrapper of objects, that hides what was there', 'in hide out in out in unwrap out in out', (3, 6)),
    ('another\'s wrapper of objects, hidden from a killed one', 'in hide kill in out unwrap in out', (3, 6)),
    ('another\'s raw domain, from the start', 'in out in kill in out', (3, 6), 'raw'),
    ('another\'s raw domain, before a session', 'pool in out in kill in out', (3, 6)),
    ('another\'s raw domain, in a session', 'in pool out in out', (3, 6)),
    ('an own malloc bound deeply, before', 'deep in use out use in out', (2, 7)),
    ('an own malloc bound deeply, within', 'in deep use out use in use out', (2, 7)),
    ('an own malloc bound to libc\'s, before', 'own in use out use', (2, 7)),
    ('an own malloc bound to libc\'s, within', 'in own use out use', (2, 7)),
    ('an own malloc bound to libc\'s, after a kill', 'own in kill in use out', (2, 7)),
    ('slots next to writable data, within', 'in writable use out use', (2, 7)),
    ('slots next to writable data, before', 'writable in use out in out', (2, 7)),
]

TELL = {
    'trace': 'import tracemalloc; tracemalloc.start()',
    'untrace': 'traced = tracemalloc.get_traced_memory()[0]; tracemalloc.stop(); answer = "done" if traced > 0 else traced',
    'wrap': 'library = load(RAW); answer = "done" if library.wrap() else "no"',
    'hide': 'library = load(RAW); answer = "done" if library.hide() else "no"',
    'unwrap': 'answer = "done" if library.unwrap() else "it saw nothing"',
    'pool': 'library = load(RAW); answer = "done" if library.install() else "no"',
    'deep': 'library = load(OWN, True); answer = "done" if library.use() else "no"',
    'own': 'library = load(OWN); answer = "done" if library.use() else "no"',
    'writable': 'library = load(WRITABLE); answer = "done" if library.use() else "no"',
    'use': 'answer = "done" if library.use() else "no"',
}


class Story:
    def __init__(self, memspy, target):
        self.memspy, self.target = memspy, target
        self.session = None
        self.file = live.path_of('story.json')

    def tell(self, line, after):
        try:
            answer = self.target.ask(line)
        except OSError:
            answer = ''
        if answer == '':
            self.target.process.wait(10)
            raise AssertionError(f'{after}: the target ended: {self.target.process.returncode} {self.target.words_of_fault()}')
        return answer

    def do(self, line, after):
        answer = self.tell(line, after)
        assert answer == 'done', f'{after}: {answer}'

    def enter(self):
        if os.path.exists(self.file):
            os.unlink(self.file)
        self.session = self.memspy.start('record', '--pid', self.target.pid, '--interval', 0.05, '--sample-bytes', '4K',
                                         '-o', self.file)
        begun = live.wait_until(lambda: live.has_ticks(self.file, self.target.pid) or self.session.poll() is not None)
        assert begun and self.session.poll() is None, f'no session: {self.memspy.end(self.session, 1).stderr}'

    def leave(self, how):
        self.session.send_signal(how)
        ended = self.memspy.end(self.session)
        self.session = None
        if how == signal.SIGINT:
            assert ended.returncode == 0, f'exit {ended.returncode}: {ended.stderr}'

    def step(self, step, so_far):
        if step == 'in':
            self.enter()
        elif step == 'out':
            self.leave(signal.SIGINT)
        elif step == 'kill':
            self.leave(signal.SIGKILL)
        else:
            self.do(TELL[step], so_far)
        self.do('work()', so_far)


def play(memspy, python, steps, libraries, preload, knows_tables):
    env = {'LD_PRELOAD': libraries['RAW'], 'RAW_DOMAIN_FROM_START': '1'} if preload else None
    with Target(python, 'told.py', env=env) as target:
        story = Story(memspy, target)
        for name, path in libraries.items():
            story.do(f'{name} = {path!r}', 'at the beginning')
        story.do('work()', 'at the beginning')
        before = story.tell('answer = tables()', 'at the beginning') if knows_tables else ''
        changes_raw = 'pool' in steps
        done = []
        for step in steps.split():
            done.append(step)
            story.step(step, ' '.join(done))
        after = story.tell('answer = tables()', 'at the end') if knows_tables else ''
        if changes_raw:
            before, after = (str(ast.literal_eval(t)[1:]) for t in (before, after))
        assert after == before, f'the tables were {before} and are {after}'
        hooked = live.hooked_words(target.pid)
        assert hooked == 0, f'{hooked} words still lead to the probe'
        faults = live.let_go(target.pid)
        assert not faults, faults


def counted_once(memspy, python, library):
    """A library that is loaded in a session has its slots turned, and nobody else's: arenas are not counted beside their blocks."""
    with Target(python, 'told.py') as target:
        story = Story(memspy, target)
        story.do('work()', 'at the beginning')
        story.enter()
        story.do(f'library = load({library!r})', 'in a session')
        story.do('work(); library.use()', 'with a library')
        held = int(story.tell('answer = hold(200000)', 'holding'))
        kept = 8 << 20
        story.do(f'kept = library.keep({kept})', 'keeping')
        live.wait_until(lambda: False, 0.3)
        story.leave(signal.SIGINT)
        said = memspy.report(story.file)['totals']['bytes'] / (held + kept)
        assert 0.93 < said < 1.1, f'{held + kept} bytes are {said:.2f} of that'
        story.do('work()', 'at the end')
        assert live.hooked_words(target.pid) == 0, f'{live.hooked_words(target.pid)} words still lead to the probe'
        return f'estimate/truth {said:.3f}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('own')
    parser.add_argument('writable')
    parser.add_argument('raw')
    parser.add_argument('--only', default='', help='stories whose name has this in it')
    parser.add_argument('--third', action='store_true', help='each Python plays a third of the stories, its neighbours the others')
    parser.add_argument('--limit', type=int, default=3000)
    a = parser.parse_args()
    live.begin(a.limit)
    memspy, results = Memspy(a.memspy), Results()
    libraries = {'OWN': os.path.abspath(a.own), 'WRITABLE': os.path.abspath(a.writable), 'RAW': os.path.abspath(a.raw)}
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        version = tuple(map(int, live.pythons.version_of(python).split('.')))
        for story, steps, first, *preload in STORIES[version[1] % 3::3] if a.third else STORIES:
            if version >= first and a.only in story:
                results.run(f'{name} {story}', play, memspy, python, steps, libraries, preload, version >= (3, 6))
        if version >= (3, 6) and a.only in 'counted once':
            results.run(f'{name} counted once', counted_once, memspy, python, libraries['WRITABLE'])
    results.end()


if __name__ == '__main__':
    main()
