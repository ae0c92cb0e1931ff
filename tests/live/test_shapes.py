#!/usr/bin/env python3
"""
Stacks are right frame by frame: what memspy shows of a program with every shape of call is what traceback.extract_stack
said there at that moment; from 3.11 on the columns are those of code.co_positions. Arguments: memspy, versions, [--samples N]; 0 wrong frames, misses are counted.
"""
import argparse
import json
import pathlib
import sys

import memspy_live as live
from memspy_live import Memspy, Results, Target


def shown(stack):
    """A stack as memspy can write it: what is no UTF-8 becomes U+FFFD."""
    def clean(s):
        return ''.join('\ufffd' if 0xd800 <= ord(c) < 0xe000 else c for c in s)
    return [[clean(function), clean(file), line] for function, file, line in stack]


def difference(said, seen):
    """The first frame that is not the same, as a sentence; None when all are."""
    for i, (a, b) in enumerate(zip(said + [None], seen + [None])):
        if a != b:
            return f'frame {i} of {len(said)}: the program said {a}, memspy {b}'
    return None


# Where it says its stack, and where it waits: it may be seen on the way.
STOPS_AT = ('os.write(1, tell(sys._getframe()))', 'os.read(0, 1)')


def misplaced(said, frames):
    """The frame that is not where its program said, as a sentence. The innermost has gone on."""
    for i, (a, f) in enumerate(zip(said or [[None] * 3] * len(frames), frames)):
        b = [f['end_line'], f['column'], f['end_column']]
        if said and i == 0:
            line = pathlib.Path(f['file']).read_bytes().splitlines()[f['line'] - 1]
            if f['end_line'] != f['line'] or line[b[1]:b[2]].decode() not in STOPS_AT:
                return f'the innermost frame is at {f}'
        elif a != b:
            return f"frame {i}, {f['function']} {f['file']}:{f['line']}: the program said {a}, memspy {b}"
    return None


def stopped(memspy, python, samples, *program):
    """The program stops in each shape, says its stack, and is looked at."""
    wrong, missed, shapes, depths, columns = [], 0, set(), [], 0
    with Target(python, *program, 'shapes.py', 'stop', ready=False, env={'PYTHONIOENCODING': 'utf-8'}) as target:
        for _ in range(samples):
            shape, stack, places = json.loads(target.answer())
            answer = memspy.run('dump', '--pid', target.pid, '--format', 'json', '--columns')
            assert answer.returncode == 0, answer.stderr
            thread = json.loads(answer.stdout)['threads'][-1]  # behind the main thread, if it is another
            seen = [[f['function'], f['file'], f['line']] for f in thread['frames']]
            if answer.stderr:  # it did not hold still: said, so not wrong
                missed += 1
            elif seen != shown(stack):
                wrong.append(f'{shape}: {difference(shown(stack), seen)}')
            elif misplaced(places, thread['frames']):
                wrong.append(f"{shape}: {misplaced(places, thread['frames'])}")
            shapes.add(shape)
            depths.append(len(stack))
            columns += sum(f['column'] is not None for f in thread['frames'])
            target.process.stdin.write('\n')
            target.process.stdin.flush()
    assert not wrong, '\n      '.join([f'{len(wrong)} of {samples} are wrong'] + wrong[:8])
    assert missed * 20 <= samples, f'{missed} of {samples} missed'
    assert not places or columns * 2 > sum(depths), f'{columns} columns of {sum(depths)} frames'
    with_columns = f' ({columns} with columns)' if places else ''
    return f'{samples} looks, {len(shapes)} shapes, {sum(depths)} frames{with_columns}, 0 wrong, {missed} missed'


def allocating(memspy, python, samples, *program):
    """The program allocates a block in each shape, and notes its stack there; memspy samples every such block."""
    file = live.path_of('shapes.json')
    with Target(python, *program, 'shapes.py', 'block', env={'PYTHONIOENCODING': 'utf-8'}) as target:
        once = json.loads(target.ask('1'))
        session = memspy.start('record', '-f', '--pid', target.pid, '--duration', 300, '--sample-bytes', '16K', '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid) or session.poll() is not None), 'no tick'
        rounds = -(-samples // len(once))
        said = {json.dumps(shown(stack)): shape for shape, stack in json.loads(target.ask(str(rounds), patience=240))}
        session.send_signal(2)
        answer = memspy.end(session)
        assert answer.returncode == 0, answer.stderr
    report = memspy.report(file, 'allocated', 'stack')
    [here] = {tuple(json.loads(s)[0]) for s in said}
    wrong, seen, taken = [], set(), 0
    for row in report['rows']:
        stack = [[f['function'], f['file'], f['line']] for f in row['stack']]
        if tuple(stack[0]) != here:
            continue  # small things that were picked on the way
        key = json.dumps(stack)
        taken += row['samples']
        seen.add(key)
        if key not in said:
            nearest = min((json.loads(s) for s in said), key=lambda s: sum(a != b for a, b in zip(s, stack)) + abs(len(s) - len(stack)))
            wrong.append(f'{difference(nearest, stack)} (nearest: {said[json.dumps(nearest)]})')
    missing = [said[s] for s in said if s not in seen]
    wanted = rounds * len(once)
    assert not wrong, '\n      '.join([f'{len(wrong)} of {len(seen)} stacks are wrong'] + wrong[:8])
    assert not missing, f'{len(missing)} stacks are missing: {missing[:8]}'
    return f'{taken} samples of {len(said)} stacks, 0 wrong, {max(0, wanted - taken)} of at least {wanted} missed'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('memspy')
    parser.add_argument('versions')
    parser.add_argument('--samples', type=int, default=100)
    a = parser.parse_args()
    live.begin(3000)
    memspy, results = Memspy(a.memspy), Results()
    found = live.each_python(a.versions)
    if not found:
        sys.exit(live.SKIP)
    for name, python in found:
        results.run(f'{name} stopped in every shape', stopped, memspy, python, a.samples)
        results.run(f'{name} allocating in every shape', allocating, memspy, python, a.samples)
        if live.is_free_threaded(python):
            results.run(f'{name} stopped in every shape in a thread', stopped, memspy, python, a.samples, 'in_thread.py')
            results.run(f'{name} allocating in every shape in a thread', allocating, memspy, python, a.samples, 'in_thread.py')
    results.end()


if __name__ == '__main__':
    main()
