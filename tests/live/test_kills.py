#!/usr/bin/env python3
"""Whoever is killed, nobody else is harmed and nothing recorded is lost. Arguments: memspy, versions, [--kills N]."""
import argparse
import json
import os
import random
import signal
import sys
import time

import memspy_live as live
from memspy_live import Memspy, Results, Target, Worker


def kill_at_some_instant(memspy, how, pid, file):
    """Starts memspy, kills it after a random time: the instants of an attach are the first 60 ms."""
    if os.path.exists(file):
        os.unlink(file)
    if how == 'attach':
        process = memspy.start('attach', '--foreground', '--pid', pid)
    else:
        process = memspy.start('record', '--pid', pid, '--interval', 0.05, '-o', file)
    time.sleep(random.random() * random.choice((0.03, 0.06, 0.3)))
    process.kill()
    memspy.end(process)
    # The one who traces and hooks for "attach" is the daemon.
    for pid in live.daemons() if how == 'attach' else []:
        os.kill(pid, signal.SIGKILL)
    return process


def parses(file):
    """A file that has begun is a whole document."""
    if not os.path.exists(file) or os.path.getsize(file) == 0:
        return []
    try:
        with open(file) as f:
            json.load(f)
    except ValueError as fault:
        return [f'the recording does not parse: {fault}']
    return []


def memspy_killed(memspy, python, kind, how, kills):
    file = live.path_of('killed.json')
    begun = 0
    with Worker(python, kind) as target:
        for i in range(kills):
            kill_at_some_instant(memspy, how, target.pid, file)
            faults = parses(file) + target.works() + live.let_go(target.pid)
            assert not faults, f'after kill {i + 1}: {faults}'
            begun += os.path.exists(file) and os.path.getsize(file) > 0
        # The next one must find everything in order, and put it in order for good.
        answer = memspy.record(target.pid, file, duration=0.3)
        assert answer.returncode == 0, f'no attach afterwards: {answer.stderr}'
        faults = target.works() + live.let_go(target.pid)
        assert not faults, f'afterwards: {faults}'
        hooked = live.hooked_words(target.pid)
        assert hooked == 0, f'{hooked} words still lead to the probe'
        return f'{begun} recordings had begun' if how == 'record' else ''


def other_domains_next(memspy, python):
    """Killed with every hook in place; the next session wants fewer. The hooks it does not want must still lead home."""
    file = live.path_of('domains.json')
    for domains in ('mem', 'malloc', 'mmap', 'obj'):
        with Worker(python, 'threads') as target:
            session = memspy.start('record', '-f', '--pid', target.pid, '--interval', 0.05, '-o', file)
            assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'no first tick'
            session.kill()
            memspy.end(session)
            answer = memspy.record(target.pid, file, '--domains', domains, duration=0.3)
            assert answer.returncode == 0, f'{domains}: {answer.stderr}'
            faults = target.works() + live.let_go(target.pid)
            assert not faults, f'{domains}: {faults}'


def figures_after_a_kill(memspy, python):
    """A session was killed while it sampled; the next one says what is true."""
    import test_truth
    file = live.path_of('truth.json')
    with Target(python, 'truth.py', 'leak', 60000, 1000) as target:
        killed = memspy.start('record', '-f', '--pid', target.pid, '--interval', 0.05, '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'no first tick'
        killed.kill()
        memspy.end(killed)
        session = memspy.start('record', '-f', '--pid', target.pid, '--interval', 0.05, '--sample-bytes', '64K', '-o', file)
        assert live.wait_until(lambda: hooked_and_begun(session, file, target.pid)), 'no first tick'
        said = json.loads(target.ask())
        time.sleep(0.3)
        session.send_signal(signal.SIGINT)
        ended = memspy.end(session)
        assert ended.returncode == 0, ended.stderr
        row = memspy.report(file)['rows'][0]
        assert row['line'] == said['line'], row
        d = test_truth.distance(said['bytes'], row['own_low'], row['own_bytes'], row['own_high'])
        assert d < 2.2, f"{said['bytes']} truly, {row['own_bytes']} ({row['own_low']} to {row['own_high']}) said"
        return f"estimate/truth {row['own_bytes'] / said['bytes']:.3f}"


def hooked_and_begun(session, file, pid):
    """The killed one's file has ticks of this process, too: ask for one that this session wrote."""
    try:
        with open(file) as f:
            document = json.load(f)
    except (OSError, ValueError):
        return False
    return document['config']['sample_bytes'] == 65536 and document['target']['pid'] == pid and bool(document['ticks'])


def target_ends(memspy, python, how):
    """The target goes while it is recorded: exit 3, a sentence, and every tick up to then."""
    file = live.path_of('gone.json')
    with Target(python, 'truth.py', 'leak', 20000, 1000) as target:
        session = memspy.start('record', '-f', '--pid', target.pid, '--interval', 0.05, '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'no first tick'
        said = json.loads(target.ask())
        time.sleep(0.5)
        if how == 'killed':
            target.process.kill()
        else:
            target.process.stdin.write('\n')
            target.process.stdin.flush()
        went = time.monotonic()
        target.process.wait(20)
        answer = memspy.end(session)
        took = time.monotonic() - went
        assert answer.returncode == 3, f'exit {answer.returncode}: {answer.stderr}'
        last = answer.stderr.strip().splitlines()[-1]
        words = 'killed by signal 9' if how == 'killed' else 'exited with status 0'
        assert f'{target.pid} went away after' in last and words in last and 'holds everything up to then' in last, last
        ticks = live.recording(file)
        assert len(ticks) >= 8, f'{len(ticks)} ticks in half a second'
        live_bytes = max(t['heap_live'] for t in ticks)
        assert live_bytes > said['bytes'] / 2, f"{live_bytes} of {said['bytes']} are in the recording"
        assert took < 5, f'it took {took:.1f} s to notice'
        return last


def target_execs(memspy, python):
    """Another program in the same process: the session ends, and the new program is not touched."""
    file = live.path_of('exec.json')
    with Target(python, 'execs.py') as target:
        session = memspy.start('record', '-f', '--pid', target.pid, '--interval', 0.05, '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'no first tick'
        assert target.ask() == 'after', f'the new program does not run: {target.process.poll()} {target.words_of_fault()}'
        answer = memspy.end(session, 10)
        assert 'was killed' not in answer.stderr, 'memspy did not notice'
        assert answer.returncode == 3, f'exit {answer.returncode}: {answer.stderr}'
        assert live.recording(file)
        assert target.ask() == 'still', f'the new program ended: {target.process.poll()} {target.words_of_fault()}'
        return answer.stderr.strip().splitlines()[-1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--kills', type=int, default=10)
    parser.add_argument('--limit', type=int, default=3000)
    a = parser.parse_args()
    live.begin(a.limit)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        for kind in ('threads', 'pipe'):
            for how in ('attach', 'record'):
                results.run(f'{name} {a.kills} kills of {how}, {kind}', memspy_killed, memspy, python, kind, how, a.kills)
        results.run(f'{name} killed, then other domains', other_domains_next, memspy, python)
        results.run(f'{name} right figures after a kill', figures_after_a_kill, memspy, python)
        for how in ('killed', 'exits'):
            results.run(f'{name} the target {how}', target_ends, memspy, python, how)
        results.run(f'{name} the target execs', target_execs, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
