#!/usr/bin/env python3
"""A process under a memory limit: top and plot show it; the kernel kills it there, and its recording is whole, says so, and has the line.
Arguments: memspy, versions. Needs a cgroup of its own to put it in."""
import json
import os
import pathlib
import signal
import sys

import memspy_live as live
from memspy_live import Memspy, NotHere, Results, Target

LIMIT = 64 << 20
V1, V2 = pathlib.Path('/sys/fs/cgroup/memory'), pathlib.Path('/sys/fs/cgroup')


class Group:
    """A cgroup with LIMIT; what this machine has, version 1 or 2."""

    def __enter__(self):
        try:
            if (V1 / 'memory.limit_in_bytes').exists():
                self.path, file = V1 / f'memspy-test-{os.getpid()}', 'memory.limit_in_bytes'
            else:
                (V2 / 'cgroup.subtree_control').write_text('+memory')
                self.path, file = V2 / f'memspy-test-{os.getpid()}', 'memory.max'
            self.path.mkdir()
            (self.path / file).write_text(str(LIMIT))
        except OSError as why:
            raise NotHere(f'no cgroup with a memory limit can be made: {why}')
        return self

    def __exit__(self, *_):
        live.wait_until(lambda: not (self.path / 'cgroup.procs').read_text())
        self.path.rmdir()

    def command(self):
        return ('sh', '-c', f'echo $$ > {self.path}/cgroup.procs && exec "$@"', 'sh')


def recorded_to_its_end(memspy, python, kill):
    """What record says and what the file says after the target is gone."""
    file = live.path_of('limit.json')
    with Group() as group, Target(python, 'hungry.py', before=group.command()) as target:
        recorder = memspy.start('record', '-f', '--interval', 0.1, '--sample-bytes', '64K', '--pid', target.pid, '-o', file)
        assert live.wait_until(lambda: live.has_ticks(file, target.pid)), 'no tick'
        if kill:
            os.kill(target.pid, signal.SIGKILL)
        else:
            target.process.stdin.write('\n')
            target.process.stdin.flush()
        answer = memspy.end(recorder)
        assert target.process.wait(60) == -signal.SIGKILL
        assert answer.returncode == 3, answer
        with open(file) as f:
            return answer.stderr, json.load(f), memspy.report(file), memspy.run('report', file).stdout


def killed_by_the_kernel(memspy, python):
    words, document, report, table = recorded_to_its_end(memspy, python, kill=False)
    how = 'killed by signal 9, out of memory at a limit of 64.0 MiB'
    assert f'({how}); ' in words, words
    assert document['end'] == f'target {how}' and document['target']['memory_limit'] == LIMIT, document['target']
    assert f'ended    {how}\n' in table and '; its cgroup may have 64.0 MiB\n' in table, table
    row, bytes_ = report['rows'][0], report['totals']['bytes']
    assert row['function'] == 'eat' and row['own_bytes'] > 0.95 * bytes_, report['rows'][:3]
    # The table outlives the process: this is what was live in its last moment, not at a tick before it.
    room = LIMIT - document['target']['rss_at_attach'] / 2
    assert report['totals']['low'] < LIMIT and report['totals']['high'] > 0.75 * room, report['totals']
    return f'{bytes_ / (1 << 20):.1f} MiB of {LIMIT >> 20} named'


def killed_by_somebody(memspy, python):
    words, document, _, table = recorded_to_its_end(memspy, python, kill=True)
    assert '(killed by signal 9); ' in words, words
    assert document['end'] == 'target killed by signal 9' and 'ended    killed by signal 9\n' in table, table


def shown_while_it_lives(memspy, python):
    file = live.path_of('alive.json')
    with Group() as group, Target(python, 'hungry.py', before=group.command()) as target:
        top = memspy.run('top', '--plain', '--count', 1, '--pid', target.pid)
        assert top.returncode == 0 and '  its cgroup may have 64.0 MiB\n' in top.stdout, top
        looked = memspy.run('top', '--format', 'json', '--count', 1, '--pid', target.pid)
        assert json.loads(looked.stdout)['memory_limit'] == LIMIT, looked
        recorded = memspy.record(target.pid, file, duration=0.3)
        assert recorded.returncode == 0, recorded
        # 64 MiB are in or out of reach of what a bare Python takes: it is told either way.
        told = ' '.join(memspy.run('plot', file, '--width', 100).stdout.split())
        assert '64.0 MiB memory limit' in told or 'memory limit: 64.0 MiB, above this picture' in told, told


def main():
    memspy, results = Memspy(sys.argv[1]), Results()
    live.begin(240)
    for name, python in live.each_python(sys.argv[2]):
        results.run(f'{name} killed by the kernel', killed_by_the_kernel, memspy, python)
        results.run(f'{name} shown while it lives', shown_while_it_lives, memspy, python)
        results.run(f'{name} killed by somebody', killed_by_somebody, memspy, python)
    if not results.passed + results.failed:
        sys.exit(live.SKIP)
    results.end()


if __name__ == '__main__':
    main()
