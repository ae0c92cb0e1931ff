"""scripts/bench memory: what memspy takes for itself: in the target, in its own process, and on the disk."""
import json
import os
import subprocess
import time

from .pairs import guarded, progress, say
from .processes import HERE, Fault, end, running, scratch, one_python, start

TICK = os.sysconf('SC_CLK_TCK')
MIB = 1 << 20
CASES = [  # what, places, renewed a second, sampling
    ('steady service, 512K', 500, 500, '512K'),
    ('2,600 places, 8K', 2600, 1000, '8K'),  # about 5,000 sites
    ('5,000 places, 8K', 5000, 1000, '8K'),
]
HEAD = ['target, sampling', 'sites', 'target +', 'of it table', 'memspy most', 'memspy CPU', 'file', 'file per hour']
NOTE = """target +: RSS of the target beside the same program alone, after as long. memspy most: the largest RSS of memspy
record. file per hour: growth once every place has been seen, without thinning."""


def status(pid):
    """Bytes by name, of /proc/PID/status."""
    with open(f'/proc/{pid}/status') as f:
        lines = [line.split() for line in f]
    return {words[0][:-1]: int(words[1]) * 1024 for words in lines if words[2:] == ['kB']}


def mib(n):
    return f'{n / MIB:.1f} MiB'


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def sites_of(recording):
    """How many sites, and samples, the last tick knows of."""
    sites, samples, lost = set(), 0, {}
    with open(recording) as f:
        for line in f:
            line = line.strip().strip(',')
            if line.startswith('{"t"'):
                tick = json.loads(line)
                sites.update(s[0] for s in tick.get('sites', []))
                samples, lost = tick.get('samples', 0), tick.get('lost', {})
    return len(sites), samples, lost


def without(python, places, rate, seconds):
    """The same target alone, as long: its memory at the end."""
    target = start([python, HERE / 'sites_inside.py', places, rate], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        target.stdin.write(b'\n')
        target.stdin.flush()
        target.stdout.readline()
        time.sleep(seconds)
        return status(target.pid)
    finally:
        end(target)


def with_it(memspy, python, places, rate, sample_bytes, seconds):
    target = start([python, HERE / 'sites_inside.py', places, rate], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out = scratch / 'memory.json'
    out.unlink(missing_ok=True)
    try:
        time.sleep(0.5)
        command = [memspy.path, 'record', '--pid', str(target.pid), '-o', out, '--sample-bytes', sample_bytes]
        recorder = subprocess.Popen(command, env=memspy.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                    text=True, start_new_session=True)
        running.append(recorder)
        time.sleep(0.7)
        target.stdin.write(b'\n')
        target.stdin.flush()
        target.stdout.readline()
        time.sleep(seconds * 0.4)  # until every place was seen
        if recorder.poll() is not None:
            raise Fault(f'memspy record ended: {recorder.stderr.read()}')
        bytes_before, cpu_before, begin = os.stat(out).st_size, cpu_seconds(recorder.pid), time.monotonic()
        while time.monotonic() - begin < seconds * 0.6:
            time.sleep(0.5)
            progress(f'memory: {time.monotonic() - begin:.0f} of {seconds * 0.6:.0f} s')
        took = time.monotonic() - begin
        found = {'target': status(target.pid), 'memspy': status(recorder.pid), 'file_bytes': os.stat(out).st_size,
                 'cpu_share': (cpu_seconds(recorder.pid) - cpu_before) / took,
                 'bytes_per_hour': (os.stat(out).st_size - bytes_before) / took * 3600}
        recorder.send_signal(2)
        said = recorder.communicate(timeout=60)[1]
        if recorder.returncode:
            raise Fault(f'memspy record: {said}')
        found['sites'], found['samples'], found['lost'] = sites_of(out)
        return found
    finally:
        end(target)


def run(o, results, memspy):
    seconds = 2 if o.quick else o.seconds or 25
    table = results.table('Memory, one tick a second', HEAD, NOTE)
    found = results.figures['memory'] = []
    for version, python in one_python(o.python):
        for what, places, rate, sample_bytes in CASES:
            say(f'memory: CPython {version}, {what}, {2 * seconds:.0f} s')
            alone = guarded(results, f'memory of {what} on {version}', without, python, places, rate, seconds)
            got = guarded(results, f'memory of {what} on {version}', with_it, memspy, python, places, rate,
                          sample_bytes, seconds)
            if not alone or not got:
                continue
            more = got['target']['VmRSS'] - alone['VmRSS']
            table.add(f'{version}, {what}', got['sites'], mib(more), mib(got['target']['RssShmem']),
                      mib(got['memspy']['VmHWM']), f"{100 * got['cpu_share']:.1f} %", mib(got['file_bytes']),
                      mib(got['bytes_per_hour']))
            found.append(dict(got, python=version, what=what, alone=alone, target_more_bytes=more))
