"""A wsgi service under load: what its clients wait, with and without memspy, in turns."""
import http.client
import subprocess
import threading
import time

from .figures import median, median_interval, percentile
from .pairs import guarded, progress, say
from .processes import HERE, Fault, each_python, end, start

CLIENTS, RATE = 2, 150  # requests a second, so that the service is busy and not drowned

NOTE = f"""wsgiref, json, a thread per request, {RATE} requests a second sent at set times. p99 of pieces: the 95 % interval of the
median p99 over pieces of the load. Every request was answered."""


def client(port, share, begin, seconds, took, faults):
    """Sends at set times, whatever came back so far: a slow answer makes the next ones late, and that is counted."""
    number = 0
    while True:
        due = begin + (number + share / CLIENTS) * CLIENTS / RATE
        if due > begin + seconds:
            return
        time.sleep(max(0, due - time.perf_counter()))
        try:
            c = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
            c.request('GET', f'/?{number}')
            answer = c.getresponse()
            body = answer.read()
            c.close()
            if answer.status != 200 or not body:
                faults.append(answer.status)
        except OSError as fault:
            faults.append(str(fault))
        took.append(time.perf_counter() - due)
        number += 1


def load(port, seconds):
    took, faults = [], []
    begin = time.perf_counter() + 0.01
    threads = [threading.Thread(target=client, args=(port, i, begin, seconds, took, faults)) for i in range(CLIENTS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if faults:
        raise Fault(f'{len(faults)} requests of {len(took)} were not answered: {faults[:3]}')
    return took


def one(memspy, version, python, setting, budget, piece):
    server = start([python, HERE / 'service_inside.py'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        port = int(server.stdout.readline() or 0)
        if not port:
            raise Fault('the service did not start')
        load(port, 0.5)
        without, with_it = [], []
        begin, turn = time.monotonic(), 0
        while turn < 4 or time.monotonic() - begin < budget:
            attached = turn % 4 in (1, 2)  # off on on off: what drifts, drifts for both
            memspy.become(server.pid, setting if attached else None)
            (with_it if attached else without).append(load(port, piece))
            turn += 1
            progress(f'service on {version}: {turn * piece:.0f} of {budget:.0f} s')
        memspy.become(server.pid, None)
        return without, with_it
    finally:
        end(server)


def run(o, results, memspy):
    table = results.table('A wsgi service under load: latency in ms, not attached / attached',
                          ['CPython, setting', 'requests', 'p50', 'p90', 'p99', 'p99 of pieces', 'most'],
                          NOTE)
    found = results.figures['service'] = []
    for version, python in each_python(o.python):
        if version.split('.')[0] == '2' or int(version.split('.')[1]) < 7:
            results.lacks(f'service on {version}', 'the service is written for 3.7 and later')
            continue
        for setting in [s for way in o.ways() for s in o.settings(way)]:
            say(f'workloads: service on CPython {version}')
            budget, piece = (2, 0.5) if o.quick else (20, 1.25)
            got = guarded(results, f'service on {version}', one, memspy, version, python, setting, budget, piece)
            if not got:
                continue
            off, on = [[1000 * t for piece in pieces for t in piece] for pieces in got]
            ends = [median_interval([1000 * percentile(piece, 99) for piece in pieces]) for pieces in got]
            table.add(f'{version}, {setting}', len(off) + len(on), f'{median(off):.2f} / {median(on):.2f}',
                      *[f'{percentile(off, p):.2f} / {percentile(on, p):.2f}' for p in (90, 99)],
                      ' / '.join(f'{low:.2f} to {high:.2f}' for low, high in ends), f'{max(off):.1f} / {max(on):.1f}')
            found.append({'python': version, 'setting': str(setting), 'without_ms': off, 'with_ms': on})
