#!/usr/bin/env python3
"""What memspy top costs while somebody looks: processor time of top and of the daemon behind it, on a terminal of 80 x 24.

usage: top.py MEMSPY PYTHON [SECONDS]
"""
import fcntl
import os
import pathlib
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

TARGETS = pathlib.Path(__file__).resolve().parents[2] / 'tests/targets'
CASES = [  # what, target, options
    ('a service with a leak, one in 512K', 'leak.py', []),
    ('the same, four times a second', 'leak.py', ['--interval', '0.25']),
    ('10,000 places, each changes every second', 'many.py', ['--exact']),
]
TICK = os.sysconf('SC_CLK_TCK')


def cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    """What is its own, MiB."""
    said = dict(line.split(':', 1) for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines())
    return int(said['RssAnon'].split()[0]) / 1024


def daemon_of(folder):
    mark = f'MEMSPY_RUNTIME_DIR={folder}'.encode()
    for entry in pathlib.Path('/proc').glob('[0-9]*'):
        try:
            if (entry / 'cmdline').read_bytes().split(b'\0')[1:2] == [b'daemon'] and mark in (entry / 'environ').read_bytes().split(b'\0'):
                return int(entry.name)
        except OSError:
            continue
    sys.exit('no memspy daemon is running')


def looks(memspy, pid, options, folder):
    """top on a terminal whose other end is read."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    env = dict(os.environ, TERM='xterm-256color', LC_ALL='C.UTF-8', MEMSPY_RUNTIME_DIR=folder)
    top = subprocess.Popen([memspy, 'top', '--pid', str(pid), *options], stdin=far, stdout=far, env=env, start_new_session=True)
    os.close(far)
    seen = bytearray()

    def read():
        try:
            while True:
                seen.extend(os.read(near, 65536))
        except OSError:
            return
    threading.Thread(target=read, daemon=True).start()
    until = time.monotonic() + 60
    while b'LIVE BYTES' not in seen:
        if top.poll() is not None or time.monotonic() > until:
            sys.exit(f'memspy top shows nothing of {pid}')
        time.sleep(0.1)
    return top


def measure(memspy, python, target, options, seconds):
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([python, TARGETS / target], stdout=subprocess.PIPE)
        try:
            process.stdout.readline()
            top = looks(memspy, process.pid, options, folder)
            pids = [top.pid, daemon_of(folder)]
            time.sleep(5)  # what the first pictures cost is over
            then, began = [cpu_seconds(p) for p in pids], time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - began
            shares = [100 * (cpu_seconds(p) - t) / took for p, t in zip(pids, then)]
            own = [memory(p) for p in pids]
            top.send_signal(signal.SIGTERM)
            top.wait(30)
            return shares, own
        finally:
            process.kill()
            process.wait()


def main():
    memspy, python, seconds = sys.argv[1], sys.argv[2], float((sys.argv + ['60'])[3])
    print(f'{"":<42}{"top":>8}{"daemon":>9}   of a core{"top":>10}{"daemon":>9}   own memory, MiB')
    for what, target, options in CASES:
        shares, own = measure(memspy, python, target, options, seconds)
        print(f'{what:<42}{shares[0]:>6.2f} %{shares[1]:>7.2f} %            {own[0]:>10.1f}{own[1]:>9.1f}', flush=True)
    print(f'load {os.getloadavg()[0]:.2f}')


if __name__ == '__main__':
    main()
