"""scripts/bench peers: the same loops under memspy and under the tools that people use today."""
import re
import subprocess
import time

from .attach import NOTES, gaps_of
from .figures import geometric_mean, median
from .packages import PEERS as PEERS_WANTED
from .packages import HOME, environment, has, version_of
from .pairs import guarded, progress, say
from .processes import Fault, Setting, Target, end, one_python, running, scratch

NOTE = """Least times of fresh processes, all tools in turns. RSS +: of the process at the end, beside the same without a tool.
memray writes its file beside that."""
NOTE_ATTACH = """gap: the longest time that the target itself did not run while it was attached to (idle: how late it woke)."""
NAMES = ['L1', 'L2', 'L3', 'L4', 'L5']


class Peer:
    """Another tool: its name, the module it needs, how it starts a script, what it wants before the arguments."""

    def __init__(self, name, module, options=(), between=(), inside='inside.py', attach=False):
        self.name, self.module, self.options, self.between = name, module, list(options), list(between)
        self.inside, self.attach = inside, attach

    def start(self, python):
        return Target(python, *self.between, 'loops_inside', options=self.options, inside=self.inside)


OUT = str(scratch / 'peer.out')
MEMRAY = ['-m', 'memray', 'run', '-q', '-f', '-o', OUT]
BUILT_IN = ('sys', 'tracemalloc')
PEERS = [
    Peer('nothing, once more', 'sys'),  # what two processes differ by
    Peer('memray', 'memray', MEMRAY),
    Peer('memray --trace-python-allocators', 'memray', [*MEMRAY, '--trace-python-allocators']),
    Peer('memray --trace-python-allocators --native', 'memray', [*MEMRAY, '--trace-python-allocators', '--native']),
    Peer('memray attach', 'memray', attach=True),
    Peer('ddtrace memalloc', 'ddtrace', inside='inside_ddtrace.py'),
    Peer('Scalene', 'scalene', ['-m', 'scalene', 'run', '-o', OUT], ['---']),
    Peer('Fil', 'filprofiler', ['-m', 'filprofiler', '--no-browser', '-o', OUT + '.fil', 'run']),
    Peer('tracemalloc, 1 frame', 'tracemalloc', ['-X', 'tracemalloc=1']),
    Peer('mprof', 'memory_profiler', ['-m', 'mprof', 'run', '-o', OUT, '--python']),
]


def why(output):
    """The lines in which a debugger says what went wrong, or the last one."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    faults = [line for line in lines if re.search(r"couldn't|cannot|error in", line, re.I)] or lines[-1:]
    return ' '.join(re.sub(r'\S*/', '', line) for line in faults)[-300:]


def memray_attach(python, pid, turn, patience):
    """Attached by memray; turn() keeps the target busy, for memray never gets into an idle one. Seconds it took."""
    begin = time.monotonic()
    command = [python, '-m', 'memray', 'attach', '--verbose', '-f', '-o', OUT, str(pid)]
    attacher = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    running.append(attacher)
    try:
        while attacher.poll() is None:
            if time.monotonic() - begin > patience:
                raise Fault(f'memray was not attached after {patience} s')
            turn()
        if attacher.returncode:
            raise Fault('memray attach: ' + why(attacher.stdout.read() + attacher.stderr.read()))
        return time.monotonic() - begin
    finally:
        end(attacher)


def one(memspy, python, how, counts, pieces, clock):
    """{name: least seconds} in a fresh process under how: None, a Setting or a Peer; and its memory."""
    target = how.start(python) if isinstance(how, Peer) else Target(python, 'loops_inside')
    with target:
        if isinstance(how, Setting):
            memspy.attach(target.pid, how)
        elif how and how.attach:
            memray_attach(python, target.pid, lambda: target.run('L3', 1), 30)
        best = {name: min(target.run(name, counts[name])[clock] for _ in range(pieces)) for name in counts}
        memory = int(target.ask('memory'))
        if isinstance(how, Setting):
            memspy.detach(target.pid)
        return best, memory


def contestants(o, python, results, version):
    """Who can run here; the others are named."""
    for name in o.peer or ():
        if name not in [p.name for p in PEERS]:
            raise Fault(f'--peer {name} is none of: ' + ', '.join(p.name for p in PEERS))
    found = [None, *o.settings(o.ways()[0])]
    for peer in PEERS:
        if o.peer and peer.name not in o.peer:
            continue
        if peer.module in BUILT_IN or python and has(python, peer.module):
            found.append(peer)
        else:
            results.lacks(f'{peer.name} on {version}', f'not installed; scripts/bench peers --install puts it into {HOME}')
    return found


def loops(o, results, memspy, version, python, who):
    with Target(python, 'loops_inside') as target:
        counts = {name: target.size(name, 0.005 if o.quick else 0.003 if o.cpu else 0.02) for name in NAMES}
    best, memory, broken = {}, {}, set()
    rounds, pieces = (1, 2) if o.quick else (3, 25) if o.cpu else (3, 4)
    for turn in range(rounds):
        for how in who:
            name = named(how)
            if name in broken:
                continue
            progress(f'peers: {version}, round {turn + 1} of {rounds}, {name}')
            got = guarded(results, f'{name} on {version}', one, memspy, python, how, counts, pieces, int(o.cpu))
            if not got:
                broken.add(name)
                continue
            times = best.setdefault(name, got[0])
            best[name] = {k: min(v, times[k]) for k, v in got[0].items()}
            memory[name] = min(memory.get(name, got[1]), got[1])
    return best, memory


def named(how):
    return 'nothing' if how is None else f'memspy {how}' if isinstance(how, Setting) else how.name


def show(o, results, version, python, best, memory):
    table = results.table(f'Peers on CPython {version}: times with / times without', ['tool', *NAMES, 'mean', 'RSS +'],
                          NOTE.replace('Least times', 'Least CPU times of short pieces') if o.cpu else NOTE)
    found = {'python': version, 'versions': {}, 'of': {}}
    for name, times in best.items():
        if name == 'nothing' or 'nothing' not in best:
            continue
        r = {k: times[k] / best['nothing'][k] for k in NAMES}
        mean = geometric_mean(r.values())
        more = memory[name] - memory['nothing']
        table.add(name, *[f'{r[k]:.2f}' for k in NAMES], f'{mean:.2f}', f'{more / (1 << 20):.1f} MiB')
        found['of'][name] = dict(r, geometric_mean=mean, memory_bytes=more)
    for module in sorted({p.module for p in PEERS} - set(BUILT_IN)):
        found['versions'][module] = version_of(python, module)
    table.note += ' ' + ', '.join(f'{m} {v}' for m, v in found['versions'].items() if v) + '.'
    results.figures.setdefault('peers', []).append(found)


def one_attach(memspy, python, kind, tool):
    """(seconds until attached, largest gap in ns that the target saw)"""
    path = scratch / 'gaps'
    path.write_bytes(bytes(NOTES))
    with Target(python, kind, path, inside='attach_inside.py') as target:
        time.sleep(0.1)
        begin = time.perf_counter()
        if tool == 'memspy':
            memspy.attach(target.pid)
        else:
            memray_attach(python, target.pid, lambda: time.sleep(0.01), 10)
        end_ = time.perf_counter()
        time.sleep(0.05)
        gap = gaps_of(path, begin, end_ + 0.03)
        if tool == 'memspy':
            memspy.detach(target.pid)
        return end_ - begin, gap


def attaches(o, results, memspy, version, python):
    table = results.table(f'Attach beside memray, CPython {version}',
                          ['tool, target', 'n', 'took ms', 'gap median ms', 'gap most ms'], NOTE_ATTACH)
    found = results.figures.setdefault('peers_attach', [])
    for tool in ['memspy'] + (['memray'] if has(python, 'memray') else []):
        for kind in ('busy', 'idle', 'threads'):
            progress(f'peers: {tool} attaches to one that is {kind}')
            got = []
            for _ in range(1 if o.quick else 5):
                r = guarded(results, f'{tool} attach to one that is {kind} on {version}', one_attach, memspy, python,
                            kind, tool)
                if not r:
                    break
                got.append(r)
            if not got:  # named with its reason below
                table.add(f'{tool}, {kind}', 0, 'failed', '', '')
                continue
            took, gaps = zip(*got)
            table.add(f'{tool}, {kind}', len(got), f'{1000 * median(took):.0f}', f'{median(gaps) / 1e6:.1f}',
                      f'{max(gaps) / 1e6:.1f}')
            found.append({'python': version, 'tool': tool, 'target': kind, 'took_s': took, 'gap_ns': gaps})


def run(o, results, memspy):
    for version, outer in one_python(o.python):
        say(f'peers: CPython {version}')
        inner = guarded(results, 'installing', environment, version, outer, PEERS_WANTED if o.install else ())
        python = inner or outer
        best, memory = loops(o, results, memspy, version, python, contestants(o, inner, results, version))
        show(o, results, version, python, best, memory)
        if not o.peer:
            attaches(o, results, memspy, version, python)
        progress('')
