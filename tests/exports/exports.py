"""What the tests of exports share: memspy's reports, recordings to make them of, and the readers that others wrote.

Readers that are not in Debian come from their registries, once, into the user's cache folder. Where one cannot be had, that is
a visible skip (exit 77), never a pass."""
import atexit
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import recordings  # noqa: E402

MEMSPY = sys.argv.pop(1)
HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get('XDG_CACHE_HOME') or pathlib.Path.home() / '.cache') / 'memspy-test'
VIEWS = ['live', 'allocated', 'peak', 'leaks', 'temporary', 'growth', 'churn', 'lifetimes']
WAYS = ['line', 'function', 'file', 'module', 'thread', 'stack']

folder = pathlib.Path(tempfile.mkdtemp(prefix='memspy-exports-'))
atexit.register(shutil.rmtree, folder, ignore_errors=True)


def recording(name):
    """The path of one of the recordings in recordings.py, made at first sight."""
    path = folder / f'{name}.json'
    if not path.exists():
        getattr(recordings, name)(path)
    return path


def report(path, form, *options):
    run = subprocess.run([MEMSPY, 'report', str(path), '--format', form, *options], capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


def report_json(path, *options):
    return json.loads(report(path, 'json', *options))


def write(name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)


def tool(name, *places):
    """A program, or a skip that says which is missing."""
    found = shutil.which(name) or next((p for p in places if os.access(p, os.X_OK)), None)
    return found or skip(f'{name} is not installed')


def fetch(name, is_there, command):
    """A package from its registry into CACHE/name. Two tests may want it at once: the one that is done first keeps its own."""
    place = CACHE / name
    if not (place / is_there).exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = pathlib.Path(tempfile.mkdtemp(prefix=f'{name}.', dir=CACHE))
        try:
            run = subprocess.run([*command, str(fresh)], capture_output=True, text=True, timeout=120)
            if not (fresh / is_there).exists():
                skip(f'{name} cannot be fetched: {(run.stderr.strip() or "no answer").splitlines()[-1][:200]}')
            fresh.rename(place)
        except (OSError, subprocess.TimeoutExpired) as fault:
            if not (place / is_there).exists():
                skip(f'{name} cannot be fetched: {fault}')
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return place


# ---- pprof's protobuf, just enough of it to add up: go tool pprof is the judge of the rest ----

def fields(data):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        assert key & 7 in (0, 2), f'wire type {key & 7}'
        value = number()
        if key & 7 == 2:
            at += value
            value = data[at - value:at]
        yield key >> 3, value


def packed(data):
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value - (1 << 64) if value >> 63 else value)
            value = shift = 0
    return numbers


class Pprof:
    """strings, types, default, values (a list for each sample)"""

    def __init__(self, data):
        self.strings, self.values, types, default = [], [], [], 0
        for field, value in fields(gzip.decompress(data)):
            if field == 6:
                self.strings.append(value.decode())  # not UTF-8: a fault
            elif field == 2:
                self.values.append(packed(dict(fields(value))[2]))
            elif field == 1:
                types.append(dict(fields(value))[1])
            elif field == 14:
                default = value
        self.types = [self.strings[t] for t in types]
        self.default = self.strings[default]

    def sum(self, kind=None):
        return sum(v[self.types.index(kind or self.default)] for v in self.values)
