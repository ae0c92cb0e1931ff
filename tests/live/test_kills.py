#!/usr/bin/env python3
"""Whoever is killed, nobody else is harmed and nothing recorded is lost. Arguments: memspy, versions, [--kills N]."""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import memspy_live as live
from memspy_live import Memspy, Results, Target, Worker


def parses(file):
    """A file that has begun is a whole document."""
    if not os.path.exists(file) or os.path.getsize(file) == 0:
        return []
    with open(file, 'rb') as f:
        data = f.read()
    try:
        json.loads(data)
    except ValueError as fault:
        return [f'the recording does not parse: {fault}: {len(data)} bytes, {data[:60]} to {data[-60:]}']
    return []


def memspy_killed(memspy, python, kind, how, kills):
    file = live.path_of('killed.json')
    begun = 0
    with Worker(python, kind) as target:
        for i in range(kills):
            memspy.kill(how, target.pid, file, live.some_instant(random))
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


def nobody_after_nobody(memspy, python, kills):
    """
    Who is not root may not open what an earlier session left mapped, and lays a fresh table over it, while threads
    of the target are in the hooks: it must have its size by then, or they die.
    """
    as_nobody, folder = live.memspy_of_nobody(memspy)
    file = os.path.join(folder, 'heap.json')
    targets = shutil.copytree(live.TARGETS, os.path.join(folder, 'targets'), dirs_exist_ok=True)
    with Worker(python, 'threads', before=live.NOBODY, folder=folder, script=os.path.join(targets, 'worker.py')) as target:
        reused = 0
        for i in range(kills):
            session = as_nobody.start('record', '-f', '-v', '--pid', target.pid, '--interval', 0.05, '--sample-bytes', '2K', '-o', file)
            begun = live.wait_until(lambda: session.poll() is not None or
                                    (live.has_ticks(file, target.pid) and live.hooked_words(target.pid) > 0))
            time.sleep(random.random() * 0.05)
            session.kill()
            ended = as_nobody.end(session)
            assert begun and ended.returncode == -signal.SIGKILL, f'session {i + 1}: exit {ended.returncode}: {ended.stderr}'
            reused += 'the probe of an earlier session' in ended.stderr
            faults = target.works() + live.let_go(target.pid)
            assert not faults, f'after kill {i + 1}: {faults}'
        answer = as_nobody.record(target.pid, file, duration=0.3)
        assert answer.returncode == 0, f'no attach afterwards: {answer.stderr}'
        assert reused == kills - 1, f'{reused} of {kills - 1} sessions found the probe again'
        assert live.hooked_words(target.pid) == 0, 'it is still hooked'
        tables = [line for line in live.mappings(target.pid) if 'memfd:memspy' in line]
        assert len(tables) == 1, tables
        faults = target.works() + live.let_go(target.pid)
        assert not faults, f'afterwards: {faults}'


GOES_ON = '''
import sys, time
for i in range(60):
    time.sleep(0.01)
with open(sys.argv[1], 'w') as f:
    f.write('done')
'''


def started_by(mark):
    """Processes with this word in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/environ', 'rb') as f:
                if mark.encode() in f.read().split(b'\0') and live.status_of(pid)['State'][0] != 'Z':
                    found.append(int(pid))
        except OSError:
            pass
    return found


def program_outlives_us(memspy, python, kills):
    """
    record -- program stops the program for a moment, to attach. Killed while it is stopped (every other time) or at
    some instant of the start, memspy leaves a program that goes on to its end.
    """
    file, word = live.path_of('program.json'), live.path_of('program.done')
    stopped = running = 0
    for i in range(kills):
        mark = f'MEMSPY_TEST_PROGRAM={os.getpid()}-{i}'
        starter = Memspy(memspy.binary, environment=dict(live.ENVIRONMENT, **dict([mark.split('=')])))
        for path in (file, word):
            if os.path.exists(path):
                os.unlink(path)
        session = starter.start('record', '-f', '-o', file, '--', python, '-c', GOES_ON, word)
        instant = time.monotonic() + (5 if i % 2 == 0 else random.random() * 0.15)
        program, seen_stopped = [], False
        while not seen_stopped and session.poll() is None and time.monotonic() < instant:
            program = program or [pid for pid in started_by(mark) if pid != session.pid]
            seen_stopped = i % 2 == 0 and any(state_of(pid) in 'Tt' for pid in program)
        session.kill()
        session.wait()
        if started_by(mark):
            stopped += seen_stopped
            running += not seen_stopped
            done = live.wait_until(lambda: os.path.exists(word) or not started_by(mark)) and os.path.exists(word)
            states = [state_of(pid) for pid in started_by(mark)]
            for pid in started_by(mark) if not done else ():
                live.kill(pid)
            assert done, f'kill {i + 1}: the program is in state {states}'
        starter.end(session)  # whose pipes the program has, too
        assert not parses(file), parses(file)
    assert stopped, 'memspy was never killed while the program was stopped'
    return f'killed {stopped} times while it was stopped, {running} while it ran'


def state_of(pid):
    try:
        return live.status_of(pid)['State'][0]
    except OSError:
        return '?'


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
        seen = len(live.recording(file)) + 6
        assert live.wait_until(lambda: len(live.recording(file)) >= seen), 'no more ticks'
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
        assert len(ticks) >= seen, f'{len(ticks)} ticks of {seen} that were there'
        live_bytes = max(t['heap_live'] for t in ticks)
        assert live_bytes > said['bytes'] / 2, f"{live_bytes} of {said['bytes']} are in the recording"
        assert took < 10, f'it took {took:.1f} s to notice'
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


def nohup_means_it(memspy, python):
    """A hangup ends a recording in order, and none that was started to outlive its terminal."""
    file = live.path_of('hangup.json')
    with Worker(python, 'json') as target:
        session = memspy.start('record', '-f', '--pid', target.pid, '--interval', 0.05, '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'no first tick'
        session.send_signal(signal.SIGHUP)
        answer = memspy.end(session)
        assert answer.returncode == 0 and live.recording(file), f'exit {answer.returncode}: {answer.stderr}'
        os.unlink(file)
        session = Memspy(memspy.binary, ('nohup',)).start('record', '-f', '--pid', target.pid, '--interval', 0.05, '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'no first tick'
        session.send_signal(signal.SIGHUP)
        ticks = len(live.recording(file))
        goes_on = live.wait_until(lambda: session.poll() is not None or len(live.recording(file)) > ticks + 2)
        assert goes_on and session.poll() is None, f'exit {session.poll()}'
        session.terminate()
        answer = memspy.end(session)
        assert answer.returncode == 0, f'exit {answer.returncode}: {answer.stderr}'


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
        if os.geteuid() != 0 or not shutil.which('setpriv'):
            results.skip(f'{name} nobody after nobody', 'only root can be somebody else')
        elif subprocess.run([*live.NOBODY, python, '-c', ''], capture_output=True).returncode:
            results.skip(f'{name} nobody after nobody', f'nobody may not run {python}')
        else:
            results.run(f'{name} {a.kills} kills, nobody after nobody', nobody_after_nobody, memspy, python, a.kills)
        results.run(f'{name} {a.kills} kills of record -- program', program_outlives_us, memspy, python, a.kills)
        results.run(f'{name} right figures after a kill', figures_after_a_kill, memspy, python)
        for how in ('killed', 'exits'):
            results.run(f'{name} the target {how}', target_ends, memspy, python, how)
        results.run(f'{name} the target execs', target_execs, memspy, python)
        results.run(f'{name} nohup means it', nohup_means_it, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
