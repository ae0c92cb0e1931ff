#!/usr/bin/env python3
"""Real recordings, drawn and compared: what the target held is in the picture and in the difference.

usage: test_compare.py MEMSPY PYTHON
"""
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import zlib

import memspy_live as live
from memspy_live import SKIP, Memspy, Results, Target, each_python, limit, may_trace, scratch

MIB = 1048576
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'memspy-test'
folder = pathlib.Path(scratch)
memspy = Memspy(sys.argv[1])


def good(*args, code=0):
    """What it prints."""
    run = memspy.run(*args)
    assert run.returncode == code, f'{args}: {run.returncode} {run.stderr}'
    return run.stdout


def refused(code, sentence, *args):
    run = memspy.run(*args)
    assert run.returncode == code, f'{args}: {run.returncode} {run.stderr}'
    assert sentence in run.stderr and run.stderr.count('\n') == 1, run.stderr


def is_svg(path):
    """xmllint's word for it."""
    if shutil.which('xmllint'):
        run = subprocess.run(['xmllint', '--noout', '--nonet', str(path)], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
    else:
        print('skip  xmllint is not installed: SVG is looked at as XML only')
    text = path.read_text()
    assert '<script' not in text and 'javascript:' not in text
    return text


def png(path):
    """Width, height and the share of pixels that are not of the colour of the first: each chunk and its sum are read."""
    data = path.read_bytes()
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, packed, size = 8, b'', None
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack('>I', data[at + 8 + length:at + 12 + length])[0]
        size = struct.unpack('>II', body[:8]) if kind == b'IHDR' else size
        packed += body if kind == b'IDAT' else b''
        at += 12 + length
    pixels = zlib.decompress(packed)
    assert len(pixels) >= size[0] * size[1] * 3
    return size, pixels


def record(target, path, steps, *more):
    """A recording in which the target does one step after the other, some ticks apart: its path, and a moment after each step."""
    running = memspy.start('record', '-f', '--pid', target.pid, '--interval', '0.25', '-o', path, *more)
    assert live.wait_until(lambda: live.has_ticks(path, target.pid)), 'nothing is recorded'
    moments = []
    for step in steps:
        assert target.ask(step) == 'done'
        moments.append(live.more_ticks(path, 4))
    running.send_signal(signal.SIGINT)
    run = memspy.end(running)
    assert run.returncode == 0, run.stderr
    return path, moments


def bytes_of(rows, function, key):
    return sum(r[key] for r in rows if r['function'] == function)


def is_about(got, want, share, what):
    assert abs(got - want) <= share * want, f'{what}: {got / MIB:.1f} MiB, not {want / MIB:.1f}'


def holds(row, mib):
    """The interval, made three times as wide: a 95 % interval misses one time in twenty, this one never here."""
    width = row['high'] - row['low']
    assert row['low'] - width <= mib * MIB <= row['high'] + width and width < 0.6 * abs(mib) * MIB, row


def draws_a_recording(python):
    with Target(python, 'basket.py') as target:
        path, _ = record(target, folder / 'one.json', ['keep 40', 'work 60', 'drop', 'keep 10'], '--sample-bytes', '64K')
    text = is_svg_of(path, '--top', '3', '--slope', '--function', 'work')
    assert 'basket.py' in text and '>work<' in text and 'MiB/min<' in text
    most = re.search(r'>work</text>\n<text[^>]*>([\d.]+) MiB at most<', text)
    is_about(float(most[1]) * MIB, 60 * MIB, 0.15, 'what work held at most')
    for theme, dark in (('light', False), ('dark', True)):
        out = folder / f'{theme}.png'
        run = memspy.run('plot', path, '-o', out, '--theme', theme)
        if run.returncode and 'built without cairo' in run.stderr:
            print('skip  no PNG: memspy was built without cairo')
            break
        assert run.returncode == 0, run.stderr
        size, pixels = png(out)
        assert size == (1920, 960) and (pixels[1] < 100) == dark, (size, pixels[:4])
        assert len(set(pixels[i:i + 3] for i in range(1, len(pixels) - 3, 3 * 97))) > 20  # more than a sheet of paper
    refused(1, 'exists; -f overwrites it', 'plot', path, '-o', folder / 'one.svg')
    chart = good('plot', path, '--width', 90, '--height', 20)
    assert len(chart.splitlines()) <= 20 and max(map(len, chart.splitlines())) <= 90, chart
    return f'{len(text)} bytes of SVG'


def is_svg_of(path, *options):
    out = folder / (pathlib.Path(path).stem + '.svg')
    good('plot', path, *options, '-o', out, '-f')
    return is_svg(out)


def finds_what_grew_in_two_moments(python):
    with Target(python, 'basket.py') as target:
        assert target.ask('keep 1') == 'done'
        path, (worked, *_) = record(target, folder / 'grows.json', ['work 30', 'keep 40', 'drop'], '--sample-bytes', '64K')
    all_ = json.loads(good('diff', f'{path}@0', path, '--format', 'json', '--by', 'function'))
    row = next(r for r in all_['rows'] if r['function'] == 'keep')
    holds(row, 40)
    assert row['state'] == 'new' and row['sure'], row
    assert bytes_of(all_['rows'], 'work', 'after_bytes') == 0
    half = json.loads(good('diff', f'{path}@{worked}', f'{path}@-0', '--format', 'json', '--by', 'function'))
    gone = next(r for r in half['rows'] if r['function'] == 'work')
    holds(gone, -30)
    assert gone['state'] == 'gone' and gone['sure'], gone
    for answer in (all_, half):
        assert sum(r['delta_bytes'] for r in answer['rows']) == answer['totals']['delta_bytes']
        assert [abs(r['delta_bytes']) for r in answer['rows']] == sorted((abs(r['delta_bytes']) for r in answer['rows']), reverse=True)
    refused(1, 'that is more than the limit of 10.0 MiB', 'diff', f'{path}@0', '@-0', '--fail-on-growth', '10M', '-o', folder / 'd.txt')
    good('diff', f'{path}@0', path, '--fail-on-growth', '100M')
    refused(1, 'memspy report --view allocated', 'diff', f'{path}@0', path, '--view', 'allocated')
    return f"keep {row['delta_bytes'] / MIB:.1f} of 40 MiB, {row['low'] / MIB:.1f} to {row['high'] / MIB:.1f}"


def compares_two_processes(python):
    paths = []
    for name, mib in (('before', 20), ('after', 60)):
        with Target(python, 'basket.py') as target:
            paths.append(record(target, folder / f'{name}.json', [f'keep {mib}'], '--sample-bytes', '64K')[0])
    answer = json.loads(good('diff', *paths, '--format', 'json', '--by', 'function'))
    row = next(r for r in answer['rows'] if r['function'] == 'keep')
    holds(row, 40)
    assert row['state'] == 'grew' and row['sure'], row
    refused(1, 'more than the limit of 5 %', 'diff', *paths, '--fail-on-growth', '5%', '-o', folder / 'e.txt')
    run = memspy.run('diff', *reversed(paths), '--fail-on-growth', '5%')
    assert run.returncode == 0 and 'is within the limit' in run.stderr, run.stderr
    text = good('diff', *paths)
    assert 'grew' in text and 'keep' in text and '\x1b' not in text
    both = is_svg_of_many(paths)
    assert 'before.json' in both and 'after.json' in both
    return f"{row['delta_bytes'] / MIB:.1f} of 40 MiB"


def is_svg_of_many(paths):
    for options in ([], ['--stack', '--wall'], ['--sum', '--slope']):
        out = folder / 'many.svg'
        good('plot', *paths, *options, '-o', out, '-f')
        text = is_svg(out)
    good('plot', *paths, '-o', out, '-f')
    return out.read_text() if text else ''


def refuses_what_it_cannot(python):
    path = folder / 'one.json'
    (folder / 'text').write_text('hello\n')
    damaged = folder / 'damaged.json'
    damaged.write_bytes(path.read_bytes().replace(b'"rss":', b'"rss":-', 3))
    refused(1, 'is not a recording of memspy', 'plot', folder / 'text')
    refused(1, 'is damaged: line 2', 'plot', damaged)
    refused(1, 'is damaged: line 2', 'diff', damaged, path)
    refused(1, 'cannot open', 'diff', path, folder / 'nowhere')
    refused(1, 'has a function nobody', 'plot', path, '--function', 'nobody')
    refused(2, 'ends in neither', 'plot', path, '-o', 'x.gif')
    refused(2, 'choose one', 'plot', path, '--sum', '--stack')
    refused(2, 'is neither a share (5%) nor a size (10M)', 'diff', path, path, '--fail-on-growth', 'much')
    refused(2, 'is no moment of a recording', 'diff', f'{path}@x', path)
    (folder / 'a@b.json').write_bytes(path.read_bytes())
    good('diff', f"{folder / 'a@b.json'}@50%", folder / 'a@b.json')  # a file may be called so


def memory_profiler():
    """The real one, from PyPI, once; None where it cannot be had."""
    place = CACHE / 'memory_profiler'
    if not (place / 'mprof.py').exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = tempfile.mkdtemp(prefix='memory_profiler.', dir=CACHE)
        subprocess.run([sys.executable, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--target', fresh,
                        'memory_profiler==0.61.0'], capture_output=True, timeout=180)
        if (pathlib.Path(fresh) / 'mprof.py').exists() and not place.exists():
            os.rename(fresh, place)
        shutil.rmtree(fresh, ignore_errors=True)
    return place if (place / 'mprof.py').exists() else None


# mprof looks by its own clock, and writes now and then: programs go on when it has written of them (its file is their argument).
LOOKED_AT = '''
import sys, time
def looks():
    with open(sys.argv[1]) as f:
        return sum(line.startswith(WHOSE) for line in f)
def looked_at(times):
    end, until = looks() + times, time.monotonic() + 40
    while looks() < end and time.monotonic() < until:
        time.sleep(0.01)
'''
PROFILED = LOOKED_AT.replace('WHOSE', "'MEM'") + '''
@profile
def load():
    held = [bytearray(1 << 20) for _ in range(40)]
    looked_at(1)
    return len(held)
looked_at(1); load(); looked_at(1)
'''
FORKED = LOOKED_AT.replace('WHOSE', "'CHLD'") + '''
import multiprocessing
def child():
    held = [bytearray(1 << 20) for _ in range(30)]
    looked_at(1)
if __name__ == '__main__':
    p = multiprocessing.Process(target=child)
    p.start(); p.join()
'''


def reads_what_mprof_wrote(place):
    for name, script, options in (('spans', PROFILED, []), ('forked', FORKED, ['-M'])):
        (folder / f'{name}.py').write_text(script)
        subprocess.run([sys.executable, place / 'mprof.py', 'run', '-T', '0.01', *options, '-o', folder / f'{name}.dat', folder / f'{name}.py',
                        folder / f'{name}.dat'],
                       env=dict(os.environ, PYTHONPATH=str(place)), check=True, capture_output=True, timeout=60)
    dat = (folder / 'spans.dat').read_text()
    most = max(float(line.split()[1]) for line in dat.splitlines() if line.startswith('MEM'))
    text = is_svg_of(folder / 'spans.dat')
    assert 'load<' in text and 'recorded by mprof' in text
    said = re.search(r'>([\d.]+) MiB at most<', text)
    assert said and abs(float(said[1]) - most) < 0.11, (said and said[1], most)
    is_svg_of(folder / 'forked.dat', '--stack')
    children = set(re.findall(r'^CHLD (\d+)', (folder / 'forked.dat').read_text(), re.M))
    chart = good('plot', folder / 'forked.dat', '--stack')
    assert len(children) >= 1 and f'{len(children) + 1} processes' in chart, chart
    refused(1, 'does not know lines', 'plot', folder / 'spans.dat', '--top', '3')
    return f'{dat.count("MEM")} moments, {len(children)} children'


if not may_trace():
    sys.exit(SKIP)
limit(280)
results = Results()
for name, python in each_python(sys.argv[2]):
    for case in (draws_a_recording, finds_what_grew_in_two_moments, compares_two_processes, refuses_what_it_cannot):
        results.run(f'{name}: {case.__name__.replace("_", " ")}', case, python)
profiler = memory_profiler()
if profiler:
    results.run('reads what mprof wrote', reads_what_mprof_wrote, profiler)
else:
    print('skip  memory_profiler cannot be had from PyPI: what mprof writes is not read here', flush=True)
results.end()
