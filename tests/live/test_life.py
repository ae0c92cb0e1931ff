#!/usr/bin/env python3
"""What happens to a process while it is watched: it forks, starts threads, loads libraries, calls deep, ends, and is never
harmed by us; and what we say of it stays true. Arguments: memspy, versions, [--only KIND,...]."""
import json
import os
import signal
import subprocess

import memspy_live as live
from memspy_live import NotHere, Target


class Watched:
    """A target of life.py that is recorded from before its first piece on."""

    def __init__(self, memspy, python, kind, *args, period='16K', **more):
        self.memspy, self.file = memspy, live.path_of(f'{kind}.json')
        self.target = Target(python, 'life.py', kind, *args, **more)
        how = ['--exact'] if period == 'exact' else ['--sample-bytes', period]
        self.session = memspy.start('record', '-f', '--pid', self.target.pid, '--interval', '0.2', *how, '-o', self.file)
        began = live.wait_until(lambda: live.has_ticks(self.file, self.target.pid) or self.session.poll() is not None)
        assert began and self.session.poll() is None, memspy.end(self.session).stderr

    def ask(self, patience=120):
        said = self.target.ask(patience=patience)
        assert said, f'the target does not answer: {self.target.process.poll()} {self.target.words_of_fault()}'
        return json.loads(said) if said[0] == '{' else said

    def end(self):
        """Ends the session, looks at the process, and lets it end."""
        ticks = len(live.recording(self.file))
        live.wait_until(lambda: len(live.recording(self.file)) > ticks or self.session.poll() is not None)
        self.session.send_signal(signal.SIGINT)
        answer = self.memspy.end(self.session)
        assert answer.returncode == 0, answer.stderr
        faults = live.let_go(self.target.pid)
        assert not faults, faults

    def line(self, line, name='life.py', view='live'):
        rows = [r for r in self.memspy.report(self.file, view)['rows'] if r['line'] == line and r['file'].endswith(name)]
        assert len(rows) == 1, f'{len(rows)} rows of line {line}'
        return rows[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.session.poll() is None:
            self.session.kill()
            self.memspy.end(self.session)
        self.target.__exit__()


def holds(row, true):
    """Blocks of three times the mean distance and more are nearly all seen; five half widths are never left."""
    half = max(row['own_high'] - row['own_bytes'], row['own_bytes'] - row['own_low'], 0.01 * true)
    assert abs(row['own_bytes'] - true) < 2.2 * half, f"{row['own_bytes']} said, {true} truly"
    return f"{row['own_bytes'] / true:.3f} of the truth"


def forks(memspy, python):
    with Watched(memspy, python, 'forks', 8, period='4K') as w:
        said = w.ask()
        assert not said['faults'], said
        w.end()
        words = holds(w.line(said['line']), said['bytes'])
        said = w.ask()  # a child outlived the session
        assert not said['faults'], said
        return f'children of fork, of a thread, of programs and of a pool are well; {words}'


def threads(memspy, python):
    with Watched(memspy, python, 'threads', 3000, period='8K') as w:
        said = w.ask()
        w.end()
        words = holds(w.line(said['line']), said['bytes'])
        lost = live.recording(w.file)[-1].get('lost', {})
        # Without a GIL they meet in the table, and who is there may have lost its core for long.
        met = 5 if live.is_free_threaded(python) else 0
        assert lost.get('contention', 0) <= met and not lost.get('full') and not lost.get('frees'), lost
        return f'3,000 threads: {words}'


# Without the C library's versions of symbols: an older one than that of this machine has others.
OLDER = ['-nostdlib', '-Wl,--unresolved-symbols=ignore-all']


def build(folder, python):
    """The library, as this Python can load it."""
    source, path = live.TARGETS / 'beside.c', f'{folder}/libbeside.so'
    os.makedirs(f'{folder}/beside', exist_ok=True)
    for more in ([], OLDER):
        for arguments in (['-DNEIGHBOUR', '-o', f'{folder}/beside/libneighbour.so'],
                          ['-Wl,-rpath,$ORIGIN/beside', '-o', path, '-ldl', '-lpthread']):
            answer = subprocess.run([os.environ.get('CC', 'cc'), '-shared', '-fPIC', '-O1', source, *arguments, *more],
                                    capture_output=True, text=True)
            if answer.returncode:
                raise NotHere(f'the library cannot be compiled: {answer.stderr.strip()[-100:]}')
        if live.runs(python, '-c', f'import ctypes; ctypes.CDLL("{path}")'):
            return path
    raise NotHere('this Python cannot load what is compiled here')


def library(memspy, python):
    if not live.runs(python, '-c', 'import ctypes'):
        raise NotHere('this Python has no ctypes')
    with Watched(memspy, python, 'library', build(live.scratch, python)) as w:
        said = w.ask()
        assert not said['faults'], said
        w.end()
        return f"RPATH, dlclose and foreign threads; {holds(w.line(said['line']), said['bytes'])}"


def deep(memspy, python, depth):
    with Watched(memspy, python, 'deep', depth) as w:
        assert w.ask() == 'down'
        answer = memspy.run('dump', '--pid', w.target.pid, '--format', 'json')
        assert answer.returncode == 0, answer.stderr
        thread = [t for t in json.loads(answer.stdout)['threads'] if t['frames'] and t['frames'][0]['function'] == 'down']
        assert len(thread) == 1, 'no deep thread'
        frames, cut = [f['function'] for f in thread[0]['frames']], thread[0]['truncated']
        text = memspy.run('dump', '--pid', w.target.pid).stdout
        assert ('deeper than what is read' in text) == cut
        assert frames.count('down') == (len(frames) if cut else depth + 1), f"{frames.count('down')} of {depth} frames, cut {cut}"
        assert cut or frames[-1] in ('_bootstrap', 'Thread._bootstrap', '__bootstrap'), frames[-1]
        w.target.ask()
        w.end()
        line = 1 + (live.TARGETS / 'life.py').read_text().split('\n').index('    kept.append(bytearray(300000))')
        [row] = [r for r in memspy.report(w.file, 'live', 'stack')['rows'] if r['stack'][0]['line'] == line]
        stack = [f['function'] for f in row['stack']]
        told = stack[-1] == '<deeper frames>'
        assert stack.count('down') == (len(stack) - 1 if told else depth + 1) and (told or depth < 1000), stack[-3:]
        assert told == ('truncated' in live.recording(w.file)[-1].get('lost', {}))
        return f"dump {len(frames)} frames{' and a word that there are more' if cut else ''}, " \
               f"recorded {len(stack) - told}{' and <deeper frames>' if told else ''}"


def reborn(memspy, python, period):
    with Watched(memspy, python, 'reborn', 400, period=period) as w:
        said = w.ask()
        w.end()
        seen = {(r['function'], r['file'], r['line']): r['own_bytes'] for r in memspy.report(w.file)['rows']}
        # A small thing of the same line may have been picked, too: it stands for 16 KiB and a little more.
        wrong = [m for m in said['made'] if abs(seen.get(tuple(m[:3]), 0) - m[3]) > 60000]
        assert not wrong, f'{len(wrong)} of 400 are wrong: {wrong[:3]}'
        extra = [s for s in seen if s[1].startswith('/made/') and list(s) not in [m[:3] for m in said['made']]]
        assert not extra, extra[:3]
        return f"400 functions at {said['addresses']} addresses, each with its own name, line and bytes"


def interpreters(memspy, python):
    with Watched(memspy, python, 'interpreters', 6) as w:
        for _ in range(3):
            memspy.run('dump', '--pid', w.target.pid)
        said = w.ask()
        if 'missing' in said:
            raise NotHere(said['missing'])
        assert not said['faults'], said
        w.end()
        # Up to 3.11 the thread is found by its first interpreter: what another one allocates is the line's that runs it.
        stack = ('one', said['line']) if said['line'] else ('<module>', 1)
        rows = [r for r in memspy.report(w.file, 'allocated', 'stack')['rows']
                if r['stack'][0]['function'].endswith(stack[0]) and r['stack'][0]['line'] == stack[1]
                and (said['line'] or len(r['stack']) == 1)]
        assert len(rows) == 1, f'{len(rows)} stacks {stack}'
        lost = live.recording(w.file)[-1].get('lost', {}).get('contention', 0)  # with a GIL each they do meet in the table
        low, high = rows[0]['own_low'] - 62000 * lost, rows[0]['own_high']
        assert said['line'] or low < 1.02 * said['bytes'] and high < 1.2 * said['bytes'], rows[0]
        assert high > 0.98 * said['bytes'] - 62000 * lost, (rows[0], lost, said)
        if said['line']:
            return 'interpreters come and go; what they allocate is on the line that runs them'
        return f"interpreters come and go; {rows[0]['own_bytes'] / said['bytes']:.3f} of the truth, {lost} samples lost"


def idle_interpreters(memspy, python):
    """From 3.13 on an interpreter that nobody runs code in has no thread."""
    text = """if True:
        import sys
        try:
            import _interpreters as module
        except ImportError:
            import _xxsubinterpreters as module
        made = [module.create() for _ in range(3)]
        print('ready', flush=True)
        for line in sys.stdin:
            kept = [bytearray(60000) for _ in range(30)]
            print('done', flush=True)"""
    if not live.runs(python, '-c', text.split('print')[0]):
        raise NotHere('this Python has no module that makes interpreters and lets them idle')
    target = subprocess.Popen([python, '-c', text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    live.running.append(target)
    assert target.stdout.readline() == 'ready\n'
    answer = memspy.run('attach', '--pid', target.pid, '--sample-bytes', '4K')
    assert answer.returncode == 0, answer.stderr
    target.stdin.write('go\n')
    target.stdin.flush()
    assert target.stdout.readline() == 'done\n'
    answer = memspy.run('record', '-f', '--pid', target.pid, '--duration', 0.3, '-o', live.path_of('idle.json'))
    assert answer.returncode == 0, answer.stderr
    rows = memspy.report(live.path_of('idle.json'))['rows']
    assert max(r['own_bytes'] for r in rows) > 0.95 * 30 * 60000, rows[:2]
    assert memspy.run('detach', '--pid', target.pid).returncode == 0
    target.stdin.close()
    assert target.wait(20) == 0
    live.running.remove(target)
    return 'three of them, and the first one is recorded'


def ends(memspy, python):
    for _ in range(5):
        with Watched(memspy, python, 'ends', 0) as w:
            w.ask()
            assert w.target.process.wait(30) == 7, f'exit {w.target.process.returncode} {w.target.words_of_fault()}'
            answer = memspy.end(w.session)
            assert answer.returncode == 3, f'exit {answer.returncode}: {answer.stderr}'
            assert live.recording(w.file)
    return 'five times, with its own exit status and its recording whole'


KINDS = {
    'forks': (forks,), 'threads by the thousand': (threads,), 'libraries': (library,), 'depth 20': (deep, 20),
    'depth 2000': (deep, 2000), 'depth 100000': (deep, 100000), 'code reborn': (reborn, '16K'),
    'code reborn, every block counted': (reborn, 'exact'), 'sub-interpreters': (interpreters,), 'idle interpreters': (idle_interpreters,),
    'ends while watched': (ends,),
}


if __name__ == '__main__':
    live.by_kind(KINDS)
