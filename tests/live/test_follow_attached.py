#!/usr/bin/env python3
"""Children that the daemon follows (attach --follow-fork): sessions of their own, which end with that of the process that was
named, or one by one. Nothing is left in any of them, and no one is harmed. Arguments: memspy, versions, [--only KIND,...]."""
import json
import os
import signal
import threading

import memspy_live as live
import test_follow
from gunicorn_shop import Gunicorn
from memspy_live import NotHere, Target
from test_follow import MB, PERIOD


class Attached(test_follow.Family):
    """A target of family.py that is attached with its children."""

    def __init__(self, memspy, python, before=()):
        self.memspy, self.session = memspy, None
        self.folder = live.path_of(f'attached-{os.urandom(6).hex()}')
        os.mkdir(self.folder)
        self.go, self.file = self.folder + '/go', self.folder + '/heap.json'
        self.target = Target(python, 'family.py', self.go)
        self.before = [self.ask(order) for order in before]
        self.attach()

    def attach(self):
        answer = self.memspy.run('attach', '--follow-fork', '--pid', self.target.pid, '--interval', '0.2', '--sample-bytes', PERIOD)
        assert answer.returncode == 0, answer.stderr

    def detach(self, pid):
        answer = self.memspy.run('detach', '--pid', pid)
        assert answer.returncode == 0, answer.stderr

    def wait_for(self, pids, patience=40):
        """Until each is a session whose parent is said."""
        def missing():
            sessions = sessions_of(self.memspy)
            return [p for p in pids if p not in sessions]
        assert live.wait_until(lambda: not missing(), patience), f'{missing()} of {pids} are no sessions: {status(self.memspy)}'

    def record(self, pid):
        answer = self.memspy.run('record', '-f', '--pid', pid, '--interval', '0.1', '--duration', '0.3', '-o',
                                 self.file if pid == self.target.pid else self.of(pid))
        assert answer.returncode == 0, answer.stderr
        return answer.stderr

    def must_hold(self, truth):
        for pid in truth:
            self.record(pid)
        super().must_hold(truth)

    def __exit__(self, *_):
        self.target.__exit__()


def status(memspy):
    answer = memspy.run('status', '--format', 'json')
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def sessions_of(memspy):
    return {s['pid']: s for s in status(memspy)['sessions']}


def family_of(memspy):
    [family] = status(memspy)['families']
    return family


def nothing_left(pids):
    """No word of theirs leads to the probe."""
    left = {p: live.hooked_words(p) for p in pids}
    assert not any(left.values()), f'words that still lead to the probe: {left}'


def daemon_has_left():
    assert live.wait_until(lambda: not live.daemons()), 'the daemon is still there'


def life(memspy, python):
    with Attached(memspy, python, before=[f'children 1 {2 * MB}']) as f:
        root = f.target.pid
        f.ask(f'mine {8 * MB}')
        pids = f.ask(f'thread 2 {5 * MB}') + f.ask(f'children 1 {5 * MB}')
        f.wait_for(f.before[0] + pids)
        sessions = sessions_of(memspy)
        assert sorted(sessions) == sorted([root] + f.before[0] + pids), sessions
        assert all(sessions[p]['parent'] == root == sessions[p]['root'] for p in pids) and 'parent' not in sessions[root], sessions
        table = memspy.run('status').stdout
        assert f'children of {root}: 4 followed now, 4 in all\n' in table, table
        f.must_hold({root: 8 * MB, f.before[0][0]: 0, **{p: 5 * MB for p in pids}})
        answer = memspy.run('record', '--follow-fork', '--pid', root, '-o', f.folder + '/no.json')
        assert answer.returncode == 2 and 'with its children already' in answer.stderr, answer.stderr
        answer = memspy.run('attach', '--pid', pids[0])
        assert answer.returncode == 1 and 'attached already' in answer.stderr, answer.stderr

        f.detach(pids[0])
        nothing_left(pids[:1])
        assert sorted(sessions_of(memspy)) == sorted([root] + f.before[0] + pids[1:])
        late = f.ask(f'children 1 {3 * MB}')
        f.wait_for(late)
        assert pids[0] not in sessions_of(memspy)
        f.must_hold({late[0]: 3 * MB, **{p: 5 * MB for p in pids[1:]}})
        answer = memspy.run('record', '--pid', pids[0], '--duration', '0.2', '-o', f.folder + '/again.json')
        assert answer.returncode == 0, answer.stderr

        f.detach(root)
        assert not live.daemons() or not sessions_of(memspy)
        daemon_has_left()
        nothing_left([root] + f.before[0] + pids + late)
        f.unharmed()
        assert not f.ask('drop')
        return 'six sessions; one child let go, then all'


def pool(memspy, python):
    if not live.runs(python, '-c', 'import multiprocessing; multiprocessing.get_context'):
        raise NotHere('this multiprocessing has no contexts')
    with Attached(memspy, python) as f:
        truth = {int(p): n for p, n in f.ask(f'pool 4 {40 * MB}').items()}
        f.wait_for(truth)
        f.must_hold({f.target.pid: 0, **truth})
        f.detach(f.target.pid)
        nothing_left([f.target.pid, *truth])
        daemon_has_left()
        f.unharmed()
        return f'{len(truth)} workers'


def programs(memspy, python):
    with Attached(memspy, python) as f:
        pid = f.ask(f'program {6 * MB}')
        f.wait_for([pid])
        assert sessions_of(memspy)[pid]['parent'] == f.target.pid
        open(f.go, 'w').close()
        assert live.wait_until(lambda: f.record(pid) and f.bytes_of(pid)[0] > 5.5 * MB), f.bytes_of(pid)
        f.must_hold({pid: 6 * MB})
        f.detach(f.target.pid)
        nothing_left([f.target.pid, pid])
        daemon_has_left()
        assert not f.ask('drop')
        return 'another Python that it starts'


def execute(memspy, python):
    with Attached(memspy, python) as f:
        f.target.process.stdin.write(f'execute {7 * MB}\n')
        f.target.process.stdin.flush()

        def is_another():
            return family_of(memspy)['watched'] == 1 and f.target.pid in sessions_of(memspy)
        assert live.wait_until(is_another, 40), status(memspy)
        f.detach(f.target.pid)
        daemon_has_left()
        nothing_left([f.target.pid])
        return 'the process that was named becomes another Python: a session again, and still the one that all end with'


def root_ends(memspy, python):
    with Attached(memspy, python) as f:
        pids = f.ask(f'children 2 {2 * MB}')
        f.wait_for(pids)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        f.target.process.kill()
        f.target.process.wait()
        assert live.wait_until(lambda: sorted(sessions_of(memspy)) == sorted(pids)), status(memspy)
        f.record(pids[0])
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        daemon_has_left()
        return 'its children stay sessions; the daemon leaves with the last of them'


def killed(memspy, python):
    with Attached(memspy, python) as f:
        pids = f.ask(f'children 3 {2 * MB}')
        f.wait_for(pids)
        for daemon in live.daemons():
            live.kill(daemon)
        daemon_has_left()
        pids += f.ask(f'children 1 {2 * MB}')
        faults = f.ask('storm 20 2')
        assert not faults, faults
        f.attach()
        f.wait_for(pids)
        f.ask(f'mine {3 * MB}')
        late = f.ask(f'children 1 {4 * MB}')
        f.wait_for(late)
        f.must_hold({f.target.pid: 3 * MB, late[0]: 4 * MB, **{p: 0 for p in pids}})
        f.detach(f.target.pid)
        daemon_has_left()
        nothing_left([f.target.pid] + pids + late)
        assert not f.ask('drop')
        return 'SIGKILL of the daemon: nobody is harmed, and the next one finds them all'


def crowd(memspy, python):
    with Attached(memspy, python) as f:
        faults = f.ask('storm 50 3')
        assert not faults, faults
        pids = f.ask('crowd 40')
        assert live.wait_until(lambda: family_of(memspy)['now'] >= 32, 60), family_of(memspy)
        sessions = sessions_of(memspy)
        family = family_of(memspy)
        assert len(sessions) <= 33 and family['refused'] >= 8, family
        assert f"{family['refused']} too many at once (32 are followed)" in memspy.run('status').stdout
        assert 180 <= family['watched'] + family['missed'] + family['refused'] <= 190, family
        f.detach(f.target.pid)
        daemon_has_left()
        nothing_left([p for p in pids if p in sessions])
        f.unharmed()
        assert not f.ask('drop')
        return f"190 children: {family['watched']} were sessions, {family['missed']} gone at once, {family['refused']} too many"


def held(memspy, python):
    with Attached(memspy, python) as f:
        f.detach(f.target.pid)
        daemon_has_left()
        session = memspy.start('attach', '--foreground', '--follow-fork', '--pid', f.target.pid)
        assert live.wait_until(lambda: f.target.pid in sessions_of(memspy))
        pids = f.ask(f'children 2 {MB}')
        f.wait_for(pids)
        session.send_signal(signal.SIGINT)
        assert memspy.end(session).returncode == 0
        daemon_has_left()
        nothing_left([f.target.pid] + pids)
        assert not f.ask('drop')
        return 'Ctrl-C ends them all'


def top(memspy, python):
    with Attached(memspy, python) as f:
        [there] = f.ask(f'children 1 {2 * MB}')
        f.wait_for([there])
        answer = memspy.run('top', '--name', 'family.py', '--follow-fork', '--count', 1)
        assert answer.returncode == 2, answer.stderr
        for is_there in (True, False):
            looks = memspy.start('top', '--follow-fork', '--pid', f.target.pid, '--format', 'json', '--interval', '0.2')
            assert looks.stdout.readline(), memspy.end(looks).stderr
            pids = {f.target.pid, *f.ask(f'children 2 {5 * MB}')} | ({there} if is_there else set())
            seen = set()
            watchdog = threading.Timer(60, looks.kill)
            watchdog.start()
            for line in looks.stdout:
                seen.add(json.loads(line)['pid'])
                if pids <= seen:
                    break
            watchdog.cancel()
            assert pids <= seen, f'{pids - seen} are not shown'
            looks.send_signal(signal.SIGINT)
            answer = memspy.end(looks)
            assert answer.returncode == 0, answer.stderr
            assert sorted(sessions_of(memspy)) == (sorted(pids) if is_there else []), answer.stderr
            if is_there:
                f.detach(f.target.pid)
            daemon_has_left()
            nothing_left(pids)
        assert memspy.run('attach', '--pid', f.target.pid).returncode == 0
        answer = memspy.run('top', '--follow-fork', '--pid', f.target.pid, '--count', 1)
        assert answer.returncode == 2 and 'without its children' in answer.stderr, answer.stderr
        f.detach(f.target.pid)
        assert not f.ask('drop')
        return 'all of them are shown; what was attached stays, what was not goes'


def last_moment(memspy, python):
    """Children that are forked just before memspy leaves bring hooks along, and are no sessions yet."""
    for how in ('detach', 'term', 'record'):
        with Attached(memspy, python) as f:
            if how == 'record':
                f.detach(f.target.pid)
                daemon_has_left()
                session = memspy.start('record', '--follow-fork', '--pid', f.target.pid, '-o', f.file)
                assert live.wait_until(lambda: live.has_ticks(f.file, f.target.pid))
            pids = f.ask('crowd 12')
            if how == 'detach':
                f.detach(f.target.pid)
            elif how == 'term':
                for daemon in live.daemons():
                    live.kill(daemon, signal.SIGTERM)
            else:
                session.send_signal(signal.SIGINT)
                assert memspy.end(session).returncode == 0
            daemon_has_left()
            nothing_left([f.target.pid] + pids)
            assert not f.ask('drop')
    return 'detached, by a signal, and recorded'


def gunicorn(memspy, python):
    with Gunicorn(python) as shop:
        def are_sessions():
            sessions = sessions_of(memspy)
            return all(p in sessions for p in shop.workers())
        answer = memspy.run('attach', '--follow-fork', '--pid', shop.pid)
        assert answer.returncode == 0, answer.stderr
        assert live.wait_until(are_sessions, 40), status(memspy)
        shop.one_is_replaced()
        assert live.wait_until(are_sessions, 40), status(memspy)
        shop.serves(100)
        assert memspy.run('detach', '--pid', shop.pid).returncode == 0
        daemon_has_left()
        nothing_left([shop.pid] + shop.workers())
        assert shop.answers('after')
    return 'three workers, one of them new'


KINDS = {
    'life': (life,), 'a pool': (pool,), 'programs': (programs,), 'exec': (execute,), 'the root ends': (root_ends,),
    'killed': (killed,), 'a crowd': (crowd,), 'held': (held,),
    'top': (top,), 'last moment': (last_moment,), 'gunicorn': (gunicorn,),
}


if __name__ == '__main__':
    live.by_kind(KINDS)
