#!/usr/bin/env python3
"""
Hundreds of greenlets that take turns: every stack is the running greenlet's own, what it allocates is on its line, and
none dies of us. With plain greenlets and with gevent, both from PyPI. Arguments: memspy, versions, [--looks N] [--again N].
"""
import argparse
import json
import sys

import memspy_live as live
from memspy_live import Memspy, NotHere, Results, Target

COUNT = 300


def packages(python, kind):
    """gevent brings greenlet; where there is none, greenlet may be there."""
    try:
        return live.packages(python, 'gevent')
    except NotHere:
        if kind == 'gevent':
            raise
        return live.packages(python, kind)


def start(python, kind, *args):
    return Target(python, 'greenlets.py', kind, *args, COUNT, ready=False,
                  env={'PYTHONPATH': packages(python, kind), 'PYTHONDONTWRITEBYTECODE': '1'})


def looked_at(memspy, python, kind, looks):
    """Each stops when it is its turn, says its stack, and is looked at."""
    wrong, missed, seen_of, frames = [], 0, set(), 0
    with start(python, kind, 'stop') as target:
        assert target.answer() == 'ready', target.words_of_fault()
        for _ in range(looks):
            said = json.loads(target.answer())
            answer = memspy.run('dump', '--pid', target.pid, '--format', 'json')
            assert answer.returncode == 0, answer.stderr
            threads = [t for t in json.loads(answer.stdout)['threads'] if t['tid'] == target.pid]
            assert len(threads) == 1, answer.stdout
            seen = [[f['function'], f['file'], f['line']] for f in threads[0]['frames']]
            # Where it waits: in tell, behind the line that was told.
            at = [f[0] for f in seen].index('tell') + 1 if 'tell' in [f[0] for f in seen] else 0
            missed += threads[0]['torn']
            if not threads[0]['torn'] and seen[at:] != said:
                wrong.append(f'{said[:1]}: {len(said)} frames said {said[-2:]}, {len(seen[at:])} seen {seen[at:][-2:]}')
            seen_of.add(said[0][1])
            frames += len(said)
            target.process.stdin.write('\n')
            target.process.stdin.flush()
    assert not wrong, '\n      '.join([f'{len(wrong)} of {looks} are wrong'] + wrong[:6])
    assert len(seen_of) >= min(looks, COUNT) // 2, f'{len(seen_of)} greenlets only'
    assert missed * 20 <= looks, f'{missed} of {looks} missed'
    return f'{looks} looks at {len(seen_of)} greenlets, {frames} frames, 0 wrong, {missed} missed'


def works_alone(python, kind):
    """Without a GIL it is new, and some of it ends the process without us."""
    if live.is_free_threaded(python):
        with start(python, kind, 'block') as target:
            if target.answer() != 'ready' or not target.ask():
                raise NotHere(f'{kind} ends this Python by itself, without memspy')


def recorded(memspy, python, kind):
    """Recorded while they take turns: every stack is one that was said, each block on its line."""
    file = live.path_of('greenlets.json')
    works_alone(python, kind)
    with start(python, kind, 'block') as target:
        assert target.answer() == 'ready', target.words_of_fault()
        session = memspy.start('record', '-f', '--pid', target.pid, '--duration', 120, '--sample-bytes', '16K',
                               '--interval', '0.2', '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid) or session.poll() is not None), 'no tick'
        enough = live.wait_until(lambda: len(live.recording(file)) > 5 or session.poll() is not None, 60)
        assert enough and session.poll() is None, memspy.end(session).stderr
        told = json.loads(target.ask(patience=120))
        session.send_signal(2)
        answer = memspy.end(session)
        assert answer.returncode == 0, answer.stderr
        assert not told['faults'] and not live.let_go(target.pid), (told['faults'][:3], live.let_go(target.pid))
    said = {json.dumps(stack): n for stack, n in told['said']}
    taken, seen, wrong, most = 0, set(), [], 0
    for row in memspy.report(file, 'allocated', 'stack')['rows']:
        stack = [[f['function'], f['file'], f['line']] for f in row['stack']]
        if not stack[0][1].startswith('/green/') or not stack[0][0].startswith('leaf_'):
            continue  # of the neighbour, or small things that were picked on the way
        key = json.dumps(stack)
        if key in said:
            seen.add(key)
            taken += row['samples']
            most += row['own_bytes'] > said[key] * 1.01 + 200000
        elif row['own_bytes'] > 100000:
            wrong.append(stack)
    assert not wrong, f'{len(wrong)} stacks that nobody said: {wrong[:2]}'
    assert len(seen) > 0.9 * len(said), f'{len(seen)} of {len(said)} stacks are seen'
    assert not most, f'{most} stacks have more than they took'
    return f"{told['turns']} turns, {taken} samples of {len(seen)} stacks, 0 wrong"


def whose(thread):
    """Of a thread that is seen on the run: whose frames it has; what is wrong with them."""
    files = [f['file'] for f in thread['frames'] if f['file'].startswith('/green/')]
    last = thread['frames'][-1]['function'] if thread['frames'] else ''
    mixed = len(set(files)) > 1 or files and last != 'task_' + files[0][7:-3]
    return len(files), [[f['function'], f['file'], f['line']] for f in thread['frames']] if mixed else None


def again(memspy, python, kind, rounds):
    """In and out, many times, and they have not noticed; looked at on the run as well: no stack is of two."""
    works_alone(python, kind)
    file, seen, torn = live.path_of('greenlets-again.json'), 0, 0
    with start(python, kind, 'block') as target:
        assert target.answer() == 'ready', target.words_of_fault()
        for i in range(rounds):
            way = ('map', 'dlopen', 'auto')[i % 3]
            answer = memspy.record(target.pid, file, '--inject', way, duration=0.02)
            faults = live.not_let_go(target.pid)
            assert answer.returncode == 0 and not faults and target.process.poll() is None, (i, way, answer.stderr, faults)
            for _ in range(4):
                answer = memspy.run('dump', '--pid', target.pid, '--format', 'json')
                [main] = [t for t in json.loads(answer.stdout)['threads'] if t['tid'] == target.pid]
                count, wrong = whose(main)
                assert not wrong, wrong
                seen += count > 0
                torn += main['torn']
        hooked = live.hooked_words(target.pid)
        told = json.loads(target.ask(patience=120))
        assert not told['faults'] and not hooked, (told['faults'][:3], hooked)
        return f"{rounds} times in and out, {told['turns']} turns; of {4 * rounds} looks {seen} at a greenlet's frames, {torn} torn, 0 wrong"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--looks', type=int, default=300)
    parser.add_argument('--again', type=int, default=50)
    a = parser.parse_args()
    live.begin(3000)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        for kind in ('greenlet', 'gevent'):
            results.run(f'{name} {kind}, looked at', looked_at, memspy, python, kind, a.looks)
            results.run(f'{name} {kind}, recorded', recorded, memspy, python, kind)
            results.run(f'{name} {kind}, in and out', again, memspy, python, kind, a.again)
    if not results.passed and not results.failed:
        sys.exit(live.SKIP)
    results.end()


if __name__ == '__main__':
    main()
