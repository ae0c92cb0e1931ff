#!/usr/bin/env python3
"""With --exact every block is counted, and each stays where it would have been without us. Arguments: memspy, versions."""
import sys

import memspy_live as live
from memspy_live import Memspy, Results, Target

SHELF = 10000


def rows(memspy, pid):
    answer = memspy.run('dump', '--heap', '--format', 'json', '--pid', pid)
    assert answer.returncode == 0, answer.stderr
    return live.json.loads(answer.stdout)


def row(report, function):
    return next((r for r in report['rows'] if r['function'] == function),
                {'own_bytes': 0, 'own_blocks': 0, 'own_low': 0, 'own_high': 0})


def to_the_block(memspy, python):
    with Target(python, 'exactly.py') as target:
        before = int(target.ask('fill').split()[0])
        small = before > 0  # 2.7 has no table to see small blocks in, and does not count them either
        answer = memspy.run('attach', '--exact', '--pid', target.pid)
        assert answer.returncode == 0, answer.stderr
        try:
            for turn in (1, 2):
                more, size = map(int, target.ask('fill').split())
                target.ask('grow')
                # As many more as without us: nothing was moved over to libc.
                assert abs(more - before) < 200, f'pymalloc has {more} blocks more, {before} without us'
                seen = rows(memspy, target.pid)
                filled, grown = row(seen, 'fill'), row(seen, 'grow')
                assert filled['own_blocks'] == turn * SHELF * small and filled['own_bytes'] == turn * size * small, filled
                assert filled['own_low'] == filled['own_high'] == filled['own_bytes'], filled
                # The buffer, and on some versions its object beside it.
                assert turn * 100000 <= grown['own_bytes'] < turn * 100200, grown
                assert seen['totals']['lost_samples'] == 0, seen['totals']
            target.ask('empty')
            filled = row(rows(memspy, target.pid), 'fill')
            assert filled['own_blocks'] == SHELF * small and filled['own_bytes'] == size * small, filled
            assert target.ask('empty') == 'done', 'what was there before we came'
        finally:
            memspy.run('detach', '--pid', target.pid)
        # Blocks that were counted outlive the session, and go as they came.
        target.ask('empty')
        assert int(target.ask('fill').split()[0]) >= before / 2
        assert not live.let_go(target.pid)
        return f'{2 * SHELF * small} small blocks'


def main():
    memspy, results = Memspy(sys.argv[1]), Results()
    live.begin(300)
    for name, python in live.each_python(sys.argv[2]):
        results.run(f'{name} to the block', to_the_block, memspy, python)
    results.end()


if __name__ == '__main__':
    main()
